"""Sending: what a receiver is told, how it proves that it is ours, and what its answers mean."""

import base64
import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from devices import failpoints, receivers, tasks, webhooks
from devices.models import AuditEvent, WebhookDelivery, WebhookEndpoint
from devices.places import Places
from devices.webhooks import Event, live
from safe_http import Policy
from tests.devices.conftest import Tenant
from tests.devices.webhooks.conftest import announce, news, send_due, subscribed
from tests.receivers import Receiver, Reply

# What is sent and what an answer means; who may send and when is decided by rows that were committed.
pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)

WAITS = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
HOUR = dt.timedelta(hours=1)


def only() -> WebhookDelivery:
    return WebhookDelivery.objects.select_related("endpoint").get()


class TestAnEvent:
    @committed
    def test_arrives_as_it_was_written(self, alice: Tenant, receiver: Receiver) -> None:
        subscribed(alice, receiver.url())
        (delivery,) = announce(alice, caption="héllo \U0001f600")
        assert send_due() == 1
        (one,) = receiver.received
        assert one.headers["content-type"] == "application/json"
        assert one.event == {
            "event": "message",
            "app_id": str(alice.app.pk),
            "device_id": None,
            "timestamp": delivery.created_at.isoformat().replace("+00:00", "Z"),
            "request_id": None,
            "payload": {"caption": "héllo \U0001f600"},
        }
        assert only().state == "delivered"
        assert only().delivered_at is not None

    def test_is_verified_by_the_receivers_library(self, alice: Tenant, receiver: Receiver) -> None:
        _, secret = subscribed(alice, receiver.url())
        (delivery,) = announce(alice)
        send_due()
        (one,) = receiver.received
        assert one.verified(secret) == one.event
        assert one.webhook_id == str(delivery.pk)

    @pytest.mark.once
    def test_with_any_bit_changed_is_refused(self, alice: Tenant, receiver: Receiver) -> None:
        _, secret = subscribed(alice, receiver.url())
        announce(alice)
        send_due()
        (one,) = receiver.received
        verifier = Webhook(secret)
        for bit in range(len(one.body) * 8):
            changed = bytearray(one.body)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
                verifier.verify(bytes(changed), one.headers)
        for header in ("webhook-id", "webhook-timestamp"):
            with pytest.raises(WebhookVerificationError):
                verifier.verify(one.body, {**one.headers, header: one.headers[header][:-1] + "x"})
        for bit in range(32 * 8):
            signature = bytearray(base64.b64decode(one.headers["webhook-signature"].removeprefix("v1,")))
            signature[bit // 8] ^= 1 << bit % 8
            forged = "v1," + base64.b64encode(signature).decode()
            with pytest.raises(WebhookVerificationError):
                verifier.verify(one.body, {**one.headers, "webhook-signature": forged})

    def test_is_verified_by_both_secrets_during_a_rotation_and_then_by_the_new_one(
        self, alice: Tenant, receiver: Receiver
    ) -> None:
        endpoint, old = subscribed(alice, receiver.url())
        rotated = alice.client.post(f"/v1/webhooks/{endpoint.pk}/rotate", {"overlap_seconds": 60}).json()
        announce(alice)
        send_due()
        assert receiver.received[0].verified(old) == receiver.received[0].verified(rotated["secret"])
        with time_machine.travel(timezone.now() + dt.timedelta(seconds=61), tick=True):
            announce(alice)
            send_due()
            receiver.received[1].verified(rotated["secret"])
            with pytest.raises(WebhookVerificationError):
                receiver.received[1].verified(old)

    def test_carries_what_is_true_when_it_is_sent(
        self, alice: Tenant, receiver: Receiver, facts: dict[uuid.UUID, dict[str, object]]
    ) -> None:
        subject = uuid.uuid4()
        subscribed(alice, receiver.url("/hook", Reply(status=500), Reply()))
        one = webhooks.News(
            event=Event.MESSAGE, app_id=alice.app.pk, device_id=None, payload={"size": 1}, subject_id=subject
        )
        facts[subject] = {"status": "ready"}
        announce_this(one)
        send_due()
        facts[subject] = {"status": "purged"}
        send_due(after=HOUR)
        told = [each.event["payload"] for each in receiver.received]
        assert told == [{"size": 1, "media": {"status": "ready"}}, {"size": 1, "media": {"status": "purged"}}]
        assert len({each.webhook_id for each in receiver.received}) == 1


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> dict[uuid.UUID, dict[str, object]]:
    """What the room above knows."""
    known: dict[uuid.UUID, dict[str, object]] = {}

    def provider(subjects: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Mapping[str, object]]:
        return {subject: known[subject] for subject in subjects}

    monkeypatch.setattr(live, "_providers", [])
    live.register(provider)
    return known


def announce_this(one: webhooks.News) -> None:
    with transaction.atomic():
        webhooks.announce(one, now=timezone.now())


class TestAFailure:
    @committed
    def test_is_tried_again_by_the_schedule_and_then_given_up(self, alice: Tenant, receiver: Receiver) -> None:
        subscribed(alice, receiver.url("/hook", Reply(status=500, content=b"oh no")))
        announce(alice)
        with time_machine.travel(timezone.now(), tick=False) as clock:
            for wait in WAITS:
                assert send_due() == 1
                due = only().next_attempt_at
                assert due is not None
                assert 0.8 * wait <= (due - timezone.now()).total_seconds() <= 1.2 * wait
                clock.move_to(due - dt.timedelta(seconds=1))
                assert send_due() == 0
                clock.move_to(due)
            assert send_due() == 1
        delivery = only()
        assert (delivery.state, delivery.attempts, delivery.next_attempt_at) == ("dead", 9, None)
        assert [entry["status"] for entry in delivery.log] == [500] * 9
        assert {(entry["code"], entry["answer"]) for entry in delivery.log} == {("bad_status", "oh no")}
        assert len({one.webhook_id for one in receiver.received}) == 1
        stamps = [one.headers["webhook-timestamp"] for one in receiver.received]
        assert len(set(stamps)) == 9

    @committed
    def test_then_success_is_success(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/hook", Reply(status=503), Reply(status=204, content=b"")))
        announce(alice)
        send_due()
        failing = WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since__isnull=False)
        assert failing.exists()
        send_due(after=HOUR)
        assert not failing.exists()
        assert only().state == "delivered"

    @pytest.mark.once
    @pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
    def test_is_none_with_any_2xx(self, alice: Tenant, receiver: Receiver, status: int) -> None:
        content = b"" if status == 204 else b"ok"
        subscribed(alice, receiver.url("/hook", Reply(status=status, content=content)))
        announce(alice)
        send_due()
        assert only().state == "delivered"

    @pytest.mark.once
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_is_a_redirect_which_is_not_followed(self, alice: Tenant, receiver: Receiver, status: int) -> None:
        elsewhere = receiver.url("/elsewhere")
        subscribed(alice, receiver.url("/hook", Reply(status=status, headers={"Location": elsewhere})))
        announce(alice)
        send_due()
        assert [one.path for one in receiver.received] == ["/hook"]
        assert (only().state, only().log[0]["status"]) == ("pending", status)

    @committed
    def test_gives_the_rest_of_the_batch_back(self, alice: Tenant, receiver: Receiver) -> None:
        subscribed(alice, receiver.url("/hook", Reply(status=500)))
        announce(alice, 5)
        batch = webhooks.claim(now=timezone.now())
        assert batch is not None
        assert len(batch.delivery_ids) == 5
        assert webhooks.send(batch) == 1
        assert WebhookDelivery.objects.due(now=timezone.now()).filter(claim=None).count() == 4

    def test_keeps_the_first_kilobyte_of_whatever_came(self, alice: Tenant, receiver: Receiver) -> None:
        subscribed(alice, receiver.url("/hook", Reply(status=500, content=b"\0\xff\xfe" + b"x" * 100_000)))
        announce(alice)
        send_due()
        answer = only().log[0]["answer"]
        assert answer == "\ufffd\ufffd\ufffd" + "x" * 1_021

    def test_is_dead_after_five_days_of_nothing_else(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/hook", Reply(status=500)))
        announce(alice, 3)
        send_due()
        with time_machine.travel(timezone.now() + dt.timedelta(days=5, minutes=1), tick=True):
            send_due()
        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.disabled_reason) == (False, "failing")
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"dead"}
        told = AuditEvent.objects.get(action="webhook_disabled")
        assert (told.by, told.app_id, told.subject) == ("beat", alice.app.pk, receiver.origin)
        assert told.details == {"webhook_id": str(endpoint.pk), "reason": "failing"}

    def test_of_last_week_takes_no_attempt_from_the_event_of_today(self, alice: Tenant, receiver: Receiver) -> None:
        """Where little happens, nobody has asked the endpoint in between."""
        endpoint, _ = subscribed(alice, receiver.url("/hook", Reply(status=500)))
        announce(alice)
        send_due()
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        with time_machine.travel(timezone.now() + dt.timedelta(days=7), tick=True):
            announce(alice)
            assert send_due() == 1
            endpoint.refresh_from_db()
            assert endpoint.enabled
            assert WebhookDelivery.objects.get(state="pending").attempts == 1
        with time_machine.travel(timezone.now() + dt.timedelta(days=8, minutes=1), tick=True):
            assert send_due() == 1
        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.disabled_reason) == (False, "failing")

    def test_before_five_days_disables_nothing(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/hook", Reply(status=500)))
        announce(alice)
        send_due()
        with time_machine.travel(timezone.now() + dt.timedelta(days=4, hours=23), tick=True):
            send_due()
        endpoint.refresh_from_db()
        assert endpoint.enabled


@committed
class TestGone:
    def test_disables_the_endpoint_and_buries_what_waits(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/hook", Reply(status=410)))
        announce(alice, 4)
        assert send_due() == 1
        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.disabled_reason) == (False, "gone")
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"dead"}
        assert AuditEvent.objects.get(action="webhook_disabled").details["reason"] == "gone"
        assert send_due(after=HOUR) == 0


@committed
class TestALateAnswer:
    """Of the URL before: the client has named another one while it was being asked."""

    def test_that_it_is_gone_is_no_word_on_the_new_one(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/old", Reply(status=410)))
        announce(alice, 2)
        assert self._sends_while(lambda: self._move(endpoint, receiver)) == 1
        endpoint.refresh_from_db()
        assert endpoint.enabled
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"pending"}
        assert send_due(after=HOUR) == 2
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}

    def test_that_asks_for_a_day_is_not_waited_for(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/old", Reply(status=503, headers={"Retry-After": "86400"})))
        announce(alice)
        assert self._sends_while(lambda: self._move(endpoint, receiver)) == 1
        endpoint.refresh_from_db()
        assert (endpoint.not_before, endpoint.failing_since) == (None, None)
        assert send_due(after=HOUR) == 1

    @staticmethod
    def _move(endpoint: WebhookEndpoint, receiver: Receiver) -> None:
        webhooks.change(endpoint, url=receiver.url("/new", Reply()), now=timezone.now())

    @staticmethod
    def _sends_while(change: Callable[[], None]) -> int:
        batch = webhooks.claim(now=timezone.now())
        assert batch is not None
        with failpoints.at("webhooks.answered", change):
            return webhooks.send(batch)


@committed
class TestWhatWaits:
    """For a day, as its endpoint asked; the next one has asked for nothing."""

    @pytest.fixture
    def endpoint(self, alice: Tenant, receiver: Receiver) -> WebhookEndpoint:
        asks = Reply(status=503, headers={"Retry-After": "86400"})
        endpoint, _ = subscribed(alice, receiver.url("/old", asks))
        announce(alice, 2)
        assert send_due() == 1
        assert send_due(after=HOUR) == 0
        shown = alice.client.get(f"/v1/webhooks/{endpoint.pk}").json()["not_before"]
        assert dt.datetime.fromisoformat(shown) > timezone.now() + 23 * HOUR
        return endpoint

    def test_goes_to_another_url_at_once(self, alice: Tenant, receiver: Receiver, endpoint: WebhookEndpoint) -> None:
        new = receiver.url("/new", Reply())
        changed = alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"url": new}).json()
        assert (changed["not_before"], send_due()) == (None, 2)
        assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}

    def test_goes_to_one_that_is_enabled_again_at_once(
        self, alice: Tenant, receiver: Receiver, endpoint: WebhookEndpoint
    ) -> None:
        """It has been mended meanwhile."""
        receiver.url("/old", Reply())
        for enabled in (False, True):
            alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"enabled": enabled})
        assert send_due() == 2


@pytest.mark.once
class TestRetryAfter:
    @pytest.mark.parametrize("status", [429, 503, 500])
    def test_in_seconds_is_waited_for(self, alice: Tenant, receiver: Receiver, status: int) -> None:
        subscribed(alice, receiver.url("/hook", Reply(status=status, headers={"Retry-After": "900"}), Reply()))
        announce(alice, 2)
        assert send_due() == 1
        assert send_due(after=dt.timedelta(seconds=890)) == 0
        with time_machine.travel(timezone.now() + dt.timedelta(seconds=910), tick=True):
            assert send_due() == 2

    def test_as_a_date_is_waited_for(self, alice: Tenant, receiver: Receiver) -> None:
        moment = timezone.now() + dt.timedelta(minutes=20)
        stamp = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
        subscribed(alice, receiver.url("/hook", Reply(status=429, headers={"Retry-After": stamp})))
        announce(alice)
        send_due()
        due = only().next_attempt_at
        assert due is not None
        assert abs((due - moment).total_seconds()) < 2

    @pytest.mark.parametrize("asked", ["99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_is_a_day_at_most(self, alice: Tenant, receiver: Receiver, asked: str) -> None:
        subscribed(alice, receiver.url("/hook", Reply(status=503, headers={"Retry-After": asked})))
        announce(alice)
        send_due()
        due = only().next_attempt_at
        assert due is not None
        assert 86_000 < (due - timezone.now()).total_seconds() <= 86_400

    @pytest.mark.parametrize("asked", ["-5", "soon", "0", "Mon, 01 Jan 1990 00:00:00 GMT", "1e9", "\u0663"])
    def test_that_is_none_changes_nothing(self, alice: Tenant, receiver: Receiver, asked: str) -> None:
        headers = {"Retry-After": asked} if asked.isascii() else {}
        subscribed(alice, receiver.url("/hook", Reply(status=503, headers=headers)))
        announce(alice)
        send_due()
        due = only().next_attempt_at
        assert due is not None
        assert (due - timezone.now()).total_seconds() < 7


class TestWhatIsNotPublic:
    def test_is_sent_nothing_once_it_is_no_longer_allowed(
        self, alice: Tenant, receiver: Receiver, settings: Settings
    ) -> None:
        subscribed(alice, receiver.url())
        announce(alice)
        settings.WEBHOOK_POLICY = Policy()
        send_due()
        assert receiver.received == []
        assert only().log[0]["code"] == "source_forbidden"
        assert only().state == "pending"


@committed
class TestWhatIsWithdrawnMeanwhile:
    @pytest.mark.parametrize("deed", ["disabled", "deleted", "destroyed"])
    def test_is_sent_nothing_of_a_batch_that_was_claimed(self, alice: Tenant, receiver: Receiver, deed: str) -> None:
        endpoint, _ = subscribed(alice, receiver.url())
        announce(alice, 2)
        batch = webhooks.claim(now=timezone.now())
        assert batch is not None
        if deed == "disabled":
            alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"enabled": False})
        elif deed == "deleted":
            alice.client.delete(f"/v1/webhooks/{endpoint.pk}")
        else:
            alice.app.delete()
        assert webhooks.send(batch) == 0
        assert receiver.received == []
        assert WebhookDelivery.objects.pending().filter(claim=None).count() == 2

    def test_waits_while_it_is_disabled_and_is_sent_once_it_is_enabled(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url())
        announce(alice)
        alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"enabled": False})
        assert send_due(after=HOUR) == 0
        alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"enabled": True})
        assert send_due() == 1


@committed
class TestAClaim:
    def test_that_ran_out_is_anothers_and_its_answer_is_not_noted(self, alice: Tenant, receiver: Receiver) -> None:
        subscribed(alice, receiver.url())
        announce(alice)
        first = webhooks.claim(now=timezone.now())
        assert first is not None
        second = webhooks.claim(now=timezone.now() + dt.timedelta(minutes=5))
        assert second is not None
        assert webhooks.send(first) == 0
        assert webhooks.give_back(first, now=timezone.now()) == 0
        assert WebhookDelivery.objects.filter(claim=second.claim).count() == 1

    def test_is_one_of_four_of_an_endpoint_at_most(self, alice: Tenant, receiver: Receiver, settings: Settings) -> None:
        settings.WEBHOOKS_PER_APP = 10
        subscribed(alice, receiver.url())
        announce(alice, 500)
        claims = [webhooks.claim(now=timezone.now()) for _ in range(6)]
        assert [claim is not None for claim in claims] == [True] * 4 + [False] * 2

    def test_of_a_failing_endpoint_is_the_only_one(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url())
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=timezone.now())
        announce(alice, 500)
        assert webhooks.claim(now=timezone.now(), healthy_only=True) is None
        first = webhooks.claim(now=timezone.now())
        assert first is not None
        assert first.is_risky
        assert webhooks.claim(now=timezone.now()) is None

    def test_is_one_of_so_many_of_an_app_at_most(
        self, alice: Tenant, bob: Tenant, receiver: Receiver, settings: Settings
    ) -> None:
        settings.WEBHOOKS_PER_APP = 3
        for number in range(3):
            subscribed(alice, receiver.url(f"/{number}"))
        subscribed(bob, receiver.url("/bob"))
        announce(alice, 200)
        announce(bob, 200)
        claimed = [webhooks.claim(now=timezone.now()) for _ in range(12)]
        owners = [WebhookDelivery.objects.get(pk=batch.delivery_ids[0]).app_id for batch in claimed if batch]
        assert owners.count(alice.app.pk) == owners.count(bob.app.pk) == 3

    def test_goes_round_the_endpoints_whatever_waits_at_one(
        self, alice: Tenant, bob: Tenant, receiver: Receiver
    ) -> None:
        subscribed(alice, receiver.url("/alice"))
        announce(alice, 200)
        first = webhooks.claim(now=timezone.now())
        subscribed(bob, receiver.url("/bob"))
        (bobs,) = announce(bob)
        second = webhooks.claim(now=timezone.now())
        assert first is not None
        assert second is not None
        assert second.delivery_ids == (bobs.pk,)


@committed
class TestATask:
    @pytest.mark.parametrize("places", ["_places", "_risky_places"])
    def test_that_finds_no_place_is_asked_for_again(
        self, alice: Tenant, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, places: str
    ) -> None:
        """It comes while everybody inside has looked at the rows already, and nobody has left yet."""
        endpoint, _ = subscribed(alice, receiver.url())
        if places == "_risky_places":
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=timezone.now())
        asked: list[object] = []
        monkeypatch.setattr(tasks, places, Places(1))
        monkeypatch.setattr(tasks, "hint", asked.append)
        # No worker is to hear of it.
        monkeypatch.setattr(receivers, "hint", lambda _task: None)
        claim = webhooks.claim

        def look_too_early(**arguments: Any) -> webhooks.Batch | None:
            monkeypatch.setattr(webhooks, "claim", claim)
            batch = claim(**arguments)
            announce(alice)
            assert tasks.send_webhooks() == 0
            return batch

        monkeypatch.setattr(webhooks, "claim", look_too_early)
        assert tasks.send_webhooks() == 0
        assert asked == [tasks.send_webhooks]
        assert tasks.send_webhooks() == 1


def test_news_of_a_test_cannot_be_chosen(alice: Tenant, receiver: Receiver) -> None:
    answer = alice.client.post("/v1/webhooks", {"url": receiver.url(), "events": ["test"]})
    assert answer.status_code == 400
    assert news(alice).event == "message"
