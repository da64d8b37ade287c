"""Whole stories with a gateway between an app and its network: in, out, and the end."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from devices.models import WebhookDelivery
from media_store import failpoints, ingest, news, retention, tasks
from media_store.models import Media
from safe_http import Policy, parse_origin
from tests.listening import events, heard, listen
from tests.media_files import jpeg, png
from tests.people import NOTHING, Api, Person, bytes_of, device_url, refusal
from tests.sources import source_running

STRANGER = Client()


@pytest.fixture(autouse=True)
def _no_grace(settings: Settings) -> None:
    settings.RELEASE_GRACE_SECONDS = 0


@pytest.fixture
def gateway(alice: Person) -> Api:
    """With the one scope that it needs."""
    return alice.with_scopes("gateway")


def followed(url: str) -> Any:
    parts = urlsplit(url)
    return STRANGER.get(parts.path)


class TestAMessageThatComesIn:
    def test_is_told_of_and_downloaded_by_what_was_told(self, alice: Person, gateway: Api) -> None:
        listen(alice.app, "message")
        answer = gateway.hand_in(alice.device, jpeg(), from_="62811@s.whatsapp.net", caption="Slip")
        assert answer.status_code == 201
        ((event, facts),) = heard(alice.app)
        client = alice.with_scopes("media:read")
        assert event == "message"
        assert client.download(facts["media_path"]).body == jpeg()
        live = news.live([WebhookDelivery.objects.get().subject_id or Media().pk])
        assert [state["status"] for state in live.values()] == ["ready"]

    @pytest.mark.django_db(transaction=True)
    def test_and_its_event_are_true_together_or_not_at_all(self, alice: Person, gateway: Api) -> None:
        """The event is written, and then the transaction fails."""
        listen(alice.app)

        def fail() -> None:
            assert transaction.get_connection().in_atomic_block
            assert WebhookDelivery.objects.filter(app_id=alice.app.pk).exists()
            message = "a fault"
            raise RuntimeError(message)

        with failpoints.at("news.announced", fail):
            assert gateway.hand_in(alice.device, jpeg()).status_code == 500
            assert gateway.omit(alice.device).status_code == 500
        assert (events(alice.app), Media.objects.count()) == ([], 0)
        assert gateway.hand_in(alice.device, jpeg()).status_code == 201
        assert (events(alice.app), Media.objects.count()) == (["message"], 1)


class TestAMessageThatGoesOut:
    def test_goes_by_outbox_claim_and_content_url_and_ends_as_its_rule_says(
        self, alice: Person, gateway: Api, settings: Settings
    ) -> None:
        listen(alice.app)
        by_base64 = alice.sent(jpeg(), message_id="base64", to="62811", caption="Slip")
        with source_running() as source:
            settings.FETCH_POLICY = Policy(allow=frozenset([parse_origin(source.origin)]))
            url = source.has("/slip.png", png())
            by_url = alice.api.send(alice.device, url=url, message_id="url", to="62812").json()["media"]
            assert [message["message_id"] for message in gateway.claim(max=1)] == ["base64"]
            self._fetch()
        claimed = gateway.claim()
        assert [(message["message_id"], message["to"]) for message in claimed] == [("url", "62812")]
        Media.objects.update(claimed_until=None)
        claimed = gateway.claim()
        assert [bytes_of(followed(message["content_url"])) for message in claimed] == [jpeg(), png()]

        at = timezone.now() - timedelta(minutes=1)
        Media.objects.update(created_at=timezone.now() - timedelta(days=2))
        sent = [
            {"message_id": message["message_id"], "state": "sent", "network_message_id": f"3EB0-{number}"}
            for number, message in enumerate(claimed)
        ]
        assert gateway.report(alice.device, *sent) == ["noted", "noted"]
        arrived = [
            {"network_message_id": f"3EB0-{number}", "state": "delivered", "at": at.isoformat()} for number in (1, 0)
        ]
        assert gateway.report(alice.device, *arrived) == ["noted", "noted"]
        assert gateway.claim() == []
        for media in (by_base64, by_url):
            told = alice.api.get(f"/v1/media/{media['id']}").json()
            assert told["delivery"] == "delivered"
            assert datetime.fromisoformat(told["expires_at"]) == at + timedelta(days=30)
        assert set(Media.objects.values_list("to", flat=True)) == {""}

        Media.objects.update(expires_at=timezone.now())
        tasks.purge_expired()
        tasks.collect()
        assert alice.left_behind() == NOTHING
        for media, message in zip((by_base64, by_url), claimed, strict=True):
            assert refusal(alice.api.download(media["media_path"])) == (410, "media_gone")
            assert refusal(followed(message["content_url"])) == (410, "media_gone")
        assert events(alice.app) == ["media.ready", *["receipt"] * 4, *["media.purged"] * 2]
        assert {facts["reason"] for event, facts in heard(alice.app) if event == "media.purged"} == {"retention"}

    def test_that_cannot_be_fetched_is_told_of_and_never_offered(self, alice: Person, gateway: Api) -> None:
        listen(alice.app, "media.failed")
        media = alice.api.send(alice.device, url="https://127.0.0.1.nip.example/", message_id="m").json()["media"]
        Media.objects.update(fetch_attempts=9)
        self._fetch()
        ((event, facts),) = heard(alice.app)
        assert (event, facts["message_id"], facts["media_path"]) == ("media.failed", "m", media["media_path"])
        assert facts["reason"] == alice.api.get(f"/v1/media/{media['id']}").json()["reason"] == "internal_error"
        assert gateway.claim() == []

    def test_is_not_told_of_as_ready_where_it_had_its_bytes_at_once(self, alice: Person) -> None:
        listen(alice.app)
        alice.sent(jpeg())
        assert events(alice.app) == []

    @staticmethod
    def _fetch() -> None:
        media = ingest.claim(now=timezone.now())
        assert media is not None
        ingest.fetch(media, now=timezone.now())


class TestADeviceThatIsDestroyed:
    def test_sends_and_hears_nothing_more(self, alice: Person, gateway: Api) -> None:
        listen(alice.app)
        alice.sent(jpeg(), message_id="m")
        (message,) = gateway.claim()
        assert alice.api.delete(device_url(alice.device)).status_code == 204
        assert events(alice.app) == ["device_destroyed"]
        assert gateway.claim() == []
        assert refusal(followed(message["content_url"])) == (404, "not_found")
        late = {"message_id": "m", "state": "read", "at": timezone.now().isoformat()}
        assert refusal(gateway.post_json(f"{device_url(alice.device)}/receipts", [late])) == (404, "not_found")
        assert refusal(gateway.hand_in(alice.device, jpeg())) == (404, "not_found")
        tasks.finish_destroyed()
        assert not Media.objects.exists()
        # What goes with its device is told of by the device, and not a million times.
        assert events(alice.app) == ["device_destroyed"]


class TestMediaWhoseBytesWereLost:
    def test_is_told_of_as_failed(self, alice: Person) -> None:
        listen(alice.app)
        media = Media.objects.get(pk=alice.sent(jpeg())["id"])
        now = timezone.now()
        retention.entomb([media.pk], app_id=alice.app.pk, reason="bytes_missing", status=Media.Status.FAILED, now=now)
        ((event, facts),) = heard(alice.app)
        assert (event, facts["reason"]) == ("media.failed", "bytes_missing")
