"""What waits for delivery: listed, claimed for a while, reported on, and forgotten in time."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from media_store import outbox, retention
from media_store.api import waiting
from media_store.models import Media
from tests.listening import events, heard, listen
from tests.media_files import jpeg
from tests.people import PENDING, Person, device_url, refusal

pytestmark = pytest.mark.django_db

NONSENSE: tuple[dict[str, Any], ...] = (
    {"max": 0},
    {"max": 101},
    {"max": "10"},
    {"max": True},
    {"wait": -1},
    {"wait": 31},
    {"wait": 0.5},
    {"device_ids": []},
    {"device_ids": "all"},
    {"device_ids": [1]},
    {"device_ids": ["x"] * 501},
    {"colour": "red"},
)


def outbox_of(person: Person) -> list[dict[str, Any]]:
    answer = person.api.get(f"{device_url(person.device)}/outbox")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def later(seconds: int) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


class TestTheOutbox:
    def test_lists_what_waits_oldest_first(self, alice: Person) -> None:
        for number in range(3):
            alice.sent(jpeg(), message_id=f"m-{number}")
        assert [message["message_id"] for message in outbox_of(alice)] == ["m-0", "m-1", "m-2"]

    def test_says_what_delivery_needs(self, alice: Person) -> None:
        media = alice.sent(jpeg(), message_id="m", caption="Slip", file_name="slip.jpg", to="62811")
        (message,) = outbox_of(alice)
        assert message.pop("media") == media
        assert message == {
            "message_id": "m",
            "device_id": str(alice.device.pk),
            "to": "62811",
            "type": "image",
            "caption": "Slip",
            "file_name": "slip.jpg",
            "ptt": False,
            "mime_type": "image/jpeg",
            "size": len(jpeg()),
            "sha256": media["sha256"],
            "claimed_until": None,
            "claim_count": 0,
        }

    def test_comes_in_pages(self, alice: Person) -> None:
        for number in range(3):
            alice.sent(jpeg(), message_id=f"m-{number}")
        first = alice.api.get(f"{device_url(alice.device)}/outbox", {"limit": 2}).json()
        second = alice.api.get(first["next"]).json()
        assert [message["message_id"] for message in second["results"]] == ["m-2"]
        assert second["next"] is None

    def test_holds_nothing_that_cannot_be_sent(self, alice: Person) -> None:
        columns: tuple[dict[str, Any], ...] = (
            {"expires_at": timezone.now()},
            {"delivery": "sent"},
            {"delivery": "failed"},
            PENDING,
        )
        for number, changes in enumerate(columns):
            media = alice.sent(jpeg(), message_id=f"m-{number}")
            Media.objects.filter(pk=media["id"]).update(**changes)
        removed = alice.sent(jpeg(), message_id="removed")
        alice.api.delete(f"/v1/media/{removed['id']}")
        alice.uploaded(jpeg())
        alice.api.hand_in(alice.device, jpeg())
        assert outbox_of(alice) == []
        assert alice.api.claim() == []

    def test_is_not_changed_by_looking(self, alice: Person) -> None:
        alice.sent(jpeg())
        assert outbox_of(alice) == outbox_of(alice)
        assert len(alice.api.claim()) == 1

    def test_of_a_destroyed_device_is_not_found_and_empty(self, alice: Person) -> None:
        alice.sent(jpeg())
        alice.api.delete(device_url(alice.device))
        assert refusal(alice.api.get(f"{device_url(alice.device)}/outbox")) == (404, "not_found")
        assert alice.api.claim() == []


class TestAClaim:
    def test_gives_each_message_once_oldest_first(self, alice: Person) -> None:
        for number in range(5):
            alice.sent(jpeg(), message_id=f"m-{number}")
        given = [[message["message_id"] for message in alice.api.claim(max=2)] for _ in range(4)]
        assert given == [["m-0", "m-1"], ["m-2", "m-3"], ["m-4"], []]

    def test_gives_the_bytes_by_a_url_without_a_key(self, alice: Person, client: Any) -> None:
        alice.sent(jpeg(), message_id="m")
        (message,) = alice.api.claim()
        answer = client.get(message["content_url"])
        assert answer.status_code == 200
        assert b"".join(answer) == jpeg()
        lives = datetime.fromisoformat(message["content_url_expires_at"]) - timezone.now()
        assert timedelta(seconds=590) < lives <= timedelta(seconds=600)

    def test_gives_urls_where_gateways_reach_the_service(self, alice: Person, settings: Settings) -> None:
        settings.GATEWAY_URL = "http://mediahub:8000"
        alice.sent(jpeg())
        (message,) = alice.api.claim()
        assert message["content_url"].startswith("http://mediahub:8000/v1/links/")

    def test_is_a_lease_that_runs_out(self, alice: Person, settings: Settings) -> None:
        alice.sent(jpeg(), message_id="m")
        (message,) = alice.api.claim()
        assert message["claim_count"] == 1
        until = datetime.fromisoformat(message["claimed_until"])
        assert timedelta(seconds=110) < until - timezone.now() <= timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
        assert outbox_of(alice)[0]["claimed_until"] == message["claimed_until"]
        assert outbox.claim(alice.app, most=10, now=until - timedelta(seconds=1)) == []
        assert [media.claim_count for media in outbox.claim(alice.app, most=10, now=until)] == [2]

    def test_is_over_with_a_receipt(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="m")
        alice.api.claim()
        alice.api.report(alice.device, {"message_id": "m", "state": "sent"})
        assert outbox.claim(alice.app, most=10, now=later(3_600)) == []

    def test_may_be_of_some_devices_only(self, alice: Person) -> None:
        other = alice.another_device()
        alice.sent(jpeg(), message_id="first")
        alice.api.send(other, jpeg(), message_id="other")
        assert [each["message_id"] for each in alice.api.claim(device_ids=[str(other.pk)])] == ["other"]

    def test_sees_the_app_s_own_only(self, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        assert bob.api.claim() == []
        for device_ids in ([str(alice.device.pk)], ["nonsense"], [" "], [str(bob.device.pk), str(alice.device.pk)]):
            answer = bob.api.post_json("/v1/outbox/claim", {"device_ids": device_ids})
            assert refusal(answer) == (404, "not_found")

    @pytest.mark.parametrize("document", NONSENSE)
    def test_that_is_nonsense_is_refused(self, alice: Person, document: dict[str, Any]) -> None:
        alice.sent(jpeg())
        assert alice.api.post_json("/v1/outbox/claim", document).status_code == 400
        assert Media.objects.get().claim_count == 0

    def test_needs_the_gateway_s_scope(self, alice: Person) -> None:
        client = alice.with_scopes("media:read", "media:write", "devices")
        assert refusal(client.post_json("/v1/outbox/claim", {})) == (403, "scope_missing")
        assert refusal(client.get(f"{device_url(alice.device)}/outbox")) == (403, "scope_missing")
        assert refusal(client.post_json(f"{device_url(alice.device)}/receipts", [])) == (403, "scope_missing")


@pytest.mark.once
class TestAClaimThatWaits:
    def test_is_answered_as_soon_as_there_is_something(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        """Which comes while it sleeps for the second time."""
        naps: list[float] = []

        def nap(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 2:
                alice.sent(jpeg(), message_id="m")

        monkeypatch.setattr("media_store.api.waiting.time.sleep", nap)
        assert [message["message_id"] for message in alice.api.claim(wait=30)] == ["m"]
        assert len(naps) == 2

    def test_ends_empty_when_its_time_is_over(self, alice: Person) -> None:
        answer = alice.api.post_json("/v1/outbox/claim", {"wait": 1})
        assert answer.json() == {"messages": []}
        assert "Retry-After" not in answer

    def test_is_told_to_come_again_where_too_many_wait(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(waiting, "_places", threading.BoundedSemaphore(1))
        with waiting._places:
            answer = alice.api.post_json("/v1/outbox/claim", {"wait": 30})
        assert (answer.json(), answer["Retry-After"]) == ({"messages": []}, "5")

    def test_is_not_told_so_where_there_is_something(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(waiting, "_places", threading.BoundedSemaphore(1))
        alice.sent(jpeg())
        with waiting._places:
            assert len(alice.api.claim(wait=30)) == 1

    def test_gives_nothing_to_a_key_that_was_revoked_meanwhile(
        self, alice: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def nap(seconds: float) -> None:
            alice.app.keys.update(revoked_at=timezone.now())
            alice_sends()

        def alice_sends() -> None:
            Media.objects.filter(pk=media["id"]).update(delivery="queued")

        media = alice.sent(jpeg())
        Media.objects.update(delivery="sent")
        monkeypatch.setattr("media_store.api.waiting.time.sleep", nap)
        assert refusal(alice.api.post_json("/v1/outbox/claim", {"wait": 30})) == (401, "unauthenticated")
        assert Media.objects.get().claim_count == 0


class TestReceipts:
    def test_are_noted_in_their_order(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="m")
        outcomes = alice.api.report(
            alice.device,
            {"message_id": "m", "state": "sent"},
            {"message_id": "m", "state": "sent"},
            {"message_id": "m", "state": "read"},
            {"message_id": "m", "state": "delivered"},
            {"message_id": "never", "state": "sent"},
            {"network_message_id": "never", "state": "sent"},
        )
        assert outcomes == ["noted", "unchanged", "noted", "unchanged", "unknown", "unknown"]
        assert Media.objects.get().delivery == "read"

    def test_move_the_moment_from_which_media_is_kept(self, alice: Person) -> None:
        media = alice.sent(jpeg(), message_id="m")
        Media.objects.update(created_at=timezone.now() - timedelta(days=3))
        at = timezone.now() - timedelta(days=1)
        alice.api.report(alice.device, {"message_id": "m", "state": "delivered", "at": at.isoformat()})
        told = alice.api.get(f"/v1/media/{media['id']}").json()
        assert datetime.fromisoformat(told["expires_at"]) == at + timedelta(days=30)

    @pytest.mark.parametrize("state", ["delivered", "read", "failed"])
    def test_that_end_it_wipe_to_whom_it_went(self, alice: Person, state: str) -> None:
        alice.sent(jpeg(), message_id="m", to="62811")
        alice.api.report(alice.device, {"message_id": "m", "state": "sent"})
        assert Media.objects.get().to == "62811"
        alice.api.report(alice.device, {"message_id": "m", "state": state})
        assert Media.objects.get().to == ""

    def test_may_name_a_message_as_the_network_does(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="m")
        alice.api.report(alice.device, {"message_id": "m", "state": "sent", "network_message_id": "3EB0"})
        assert alice.api.report(alice.device, {"network_message_id": "3EB0", "state": "read"}) == ["noted"]
        assert Media.objects.get().delivery == "read"

    def test_may_name_it_so_before_the_one_that_tells(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="m")
        outcomes = alice.api.report(
            alice.device,
            {"network_message_id": "3EB0", "state": "delivered"},
            {"message_id": "m", "state": "sent", "network_message_id": "3EB0"},
        )
        assert outcomes == ["noted", "noted"]
        assert (Media.objects.get().delivery, Media.objects.get().network_message_id) == ("delivered", "3EB0")

    def test_keep_the_first_name_of_the_network(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="m")
        alice.api.report(alice.device, {"message_id": "m", "state": "sent", "network_message_id": "first"})
        again = {"message_id": "m", "state": "sent", "network_message_id": "second"}
        assert alice.api.report(alice.device, again) == ["unchanged"]
        assert Media.objects.get().network_message_id == "first"

    def test_are_of_the_device_s_own_messages(self, alice: Person, bob: Person) -> None:
        other = alice.another_device()
        alice.sent(jpeg(), message_id="m")
        alice.api.report(alice.device, {"message_id": "m", "state": "sent", "network_message_id": "3EB0"})
        assert alice.api.report(other, {"message_id": "m", "state": "read"}) == ["unknown"]
        assert alice.api.report(other, {"network_message_id": "3EB0", "state": "read"}) == ["unknown"]
        answer = bob.api.post_json(f"{device_url(alice.device)}/receipts", [])
        assert refusal(answer) == (404, "not_found")

    def test_of_what_came_in_are_of_no_message(self, alice: Person) -> None:
        alice.api.hand_in(alice.device, jpeg(), message_id="in")
        assert alice.api.report(alice.device, {"message_id": "in", "state": "read"}) == ["unknown"]

    def test_of_a_destroyed_device_are_not_found(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="m")
        alice.api.delete(device_url(alice.device))
        late = [{"message_id": "m", "state": "read", "at": timezone.now().isoformat()}]
        assert refusal(alice.api.post_json(f"{device_url(alice.device)}/receipts", late)) == (404, "not_found")

    def test_do_not_bring_back_what_has_gone(self, alice: Person) -> None:
        media = alice.sent(jpeg(), message_id="m")
        alice.api.delete(f"/v1/media/{media['id']}")
        assert alice.api.report(alice.device, {"message_id": "m", "state": "read"}) == ["noted"]
        assert refusal(alice.api.download(media["media_path"])) == (410, "media_gone")

    def test_are_told_of_where_they_change_something(self, alice: Person) -> None:
        listen(alice.app)
        media = alice.sent(jpeg(), message_id="m")
        at = "2026-01-02T03:04:05Z"
        receipt = {"message_id": "m", "state": "sent", "at": at, "network_message_id": "3EB0"}
        alice.api.report(alice.device, receipt, receipt)
        assert heard(alice.app) == [
            (
                "receipt",
                {
                    "message_id": "m",
                    "network_message_id": "3EB0",
                    "state": "sent",
                    "at": at,
                    "delivered_at": None,
                    "media_path": media["media_path"],
                },
            )
        ]

    def test_come_in_hundreds(self, alice: Person) -> None:
        listen(alice.app)
        alice.sent(jpeg(), message_id="m")
        many = [{"message_id": "m" if number % 2 else f"m-{number}", "state": "read"} for number in range(500)]
        outcomes = alice.api.report(alice.device, *many)
        assert (outcomes.count("noted"), outcomes.count("unchanged"), outcomes.count("unknown")) == (1, 249, 250)
        assert events(alice.app) == ["receipt"]

    def test_that_are_nonsense_change_nothing(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="m")
        at = timezone.now().isoformat()
        documents: list[Any] = [
            [],
            {},
            "sent",
            [[]],
            [{}],
            [{"state": "sent"}],
            [{"message_id": "m", "state": "queued"}],
            [{"message_id": "m", "state": "lost"}],
            [{"message_id": "m", "state": "sent", "at": "yesterday"}],
            [{"message_id": "m", "state": "sent", "at": None}],
            [{"message_id": "", "state": "sent"}],
            [{"message_id": "m" * 256, "state": "sent"}],
            [{"message_id": "m\u0000", "state": "sent"}],
            [{"network_message_id": "\ud800", "state": "sent"}],
            [{"message_id": 5, "state": "sent"}],
            [{"message_id": "m", "state": "sent", "colour": "red"}],
            [{"message_id": "m", "state": "sent"}] * 501,
        ]
        for document in documents:
            said = document
            if isinstance(document, list):
                said = [{"at": at, **each} if isinstance(each, dict) else each for each in document]
            answer = alice.api.post_json(f"{device_url(alice.device)}/receipts", said)
            assert answer.status_code == 400, (document, answer.content)
            assert Media.objects.get().delivery == "queued", document

    def test_name_the_one_that_is_wrong(self, alice: Person) -> None:
        at = timezone.now().isoformat()
        documents = [{"message_id": "m", "state": "sent", "at": at}, {"message_id": "m", "state": "lost", "at": at}]
        answer = alice.api.post_json(f"{device_url(alice.device)}/receipts", documents)
        assert answer.json()["detail"].startswith("1.state:")


class TestMediaThatExpiresSoon:
    def test_is_told_of_once(self, alice: Person, bob: Person) -> None:
        listen(alice.app)
        for person in (alice, bob):
            person.sent(jpeg(), message_id="soon")
            person.sent(jpeg(), message_id="later")
        Media.objects.filter(message_id="soon").update(expires_at=later(23 * 3_600))
        now = timezone.now()
        assert [retention.announce_expiring(now=now), retention.announce_expiring(now=now)] == [1, 0]
        ((event, facts),) = heard(alice.app)
        assert (event, facts["message_id"]) == ("media.expiring", "soon")
        assert events(bob.app) == []

    def test_is_told_of_again_where_it_was_kept_longer_since(self, alice: Person) -> None:
        listen(alice.app)
        alice.sent(jpeg())
        now = timezone.now()
        Media.objects.update(expires_at=now + timedelta(hours=2))
        assert retention.announce_expiring(now=now) == 1
        Media.objects.update(expires_at=now + timedelta(days=9))
        assert retention.announce_expiring(now=now) == 0
        assert retention.announce_expiring(now=now + timedelta(days=8, hours=1)) == 1

    def test_is_told_of_in_batches(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        for vendor in ("postgresql", "sqlite"):
            monkeypatch.setitem(retention.expiring.BATCH_ROWS, vendor, 2)
        listen(alice.app, "media.expiring")
        for number in range(7):
            alice.sent(jpeg(), message_id=f"m-{number}")
        now = timezone.now()
        Media.objects.update(expires_at=now + timedelta(hours=2))
        assert retention.announce_expiring(now=now) == 7
        assert len(events(alice.app)) == 7

    def test_is_no_longer_of_use_where_it_has_gone(self, alice: Person) -> None:
        listen(alice.app, "media.expiring")
        now = timezone.now()
        gone, removed = alice.sent(jpeg(), message_id="expired"), alice.sent(jpeg(), message_id="removed")
        Media.objects.filter(pk=gone["id"]).update(expires_at=now)
        alice.api.delete(f"/v1/media/{removed['id']}")
        assert retention.announce_expiring(now=now) == 0


class TestMediaThatWent:
    @pytest.mark.parametrize("reason", ["client", "staff", "retention"])
    def test_is_told_of_with_the_reason_and_without_words(self, alice: Person, reason: str) -> None:
        listen(alice.app, "media.purged")
        alice.api.hand_in(alice.device, jpeg(), caption="words", from_="62811", chat_id="1@g.us")
        now = timezone.now()
        if reason == "retention":
            Media.objects.update(expires_at=now)
            retention.purge(Media.objects.expired(now=now), now=now)
        else:
            retention.remove(Media.objects.get(), reason=reason, now=now, by="test")
        ((event, facts),) = heard(alice.app)
        assert (event, facts["reason"], facts["message_id"]) == ("media.purged", reason, "in-1")
        assert (facts["caption"], facts["from"], facts["chat_id"]) == (None, None, None)

    def test_costs_nothing_where_nobody_listens(self, alice: Person, django_assert_max_num_queries: Any) -> None:
        listen(alice.app, "message")
        for number in range(20):
            alice.sent(jpeg(), message_id=f"m-{number}")
        now = timezone.now()
        Media.objects.update(expires_at=now)
        with django_assert_max_num_queries(21) as queries:
            retention.purge(Media.objects.expired(now=now), now=now)
        # For the app, how many go at once; and for the batch.
        assert sum("webhookendpoint" in query["sql"] for query in queries.captured_queries) == 2
        assert not any("webhookdelivery" in query["sql"] for query in queries.captured_queries)
