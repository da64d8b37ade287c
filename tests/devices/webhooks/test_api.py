"""`/v1/webhooks`, as an app uses it."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices.models import AuditEvent, WebhookDelivery, WebhookEndpoint
from devices.webhooks import CHOOSABLE
from safe_http import Policy
from tests.devices.conftest import Tenant
from tests.devices.webhooks.conftest import announce, send_due, subscribed
from tests.interleaving import just_before
from tests.receivers import Receiver, Reply

URL = "https://hooks.example.com/media?token=x"
FACTS = {
    "id",
    "url",
    "events",
    "enabled",
    "disabled_reason",
    "disabled_at",
    "failing_since",
    "not_before",
    "previous_secret_until",
    "created_at",
}


def problem(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]


class TestCreate:
    def test_answers_the_secret_this_once(self, alice: Tenant) -> None:
        answer = alice.client.post("/v1/webhooks", {"url": URL, "events": ["receipt", "message", "receipt"]})
        created = answer.json()
        assert answer.status_code == 201
        assert answer["Cache-Control"] == "no-store"
        assert set(created) == FACTS | {"secret"}
        assert created["secret"].startswith("whsec_")
        assert (created["url"], created["events"], created["enabled"]) == (URL, ["message", "receipt"], True)
        read = alice.client.get(f"/v1/webhooks/{created['id']}").json()
        assert set(read) == FACTS
        assert created["secret"] not in str(alice.client.get("/v1/webhooks").json())

    @pytest.mark.parametrize(
        "url",
        [
            "http://hooks.example.com/a",
            "https://hooks.example.com:8443/a",
            "https://127.0.0.1/a",
            "https://10.0.0.7/",
            "https://[::1]/",
            "https://localhost/",
            "https://n8n/",
            "https://user:password@hooks.example.com/",
            "https://169.254.169.254/latest",
            "ftp://hooks.example.com/",
            "hooks.example.com",
            "https://hooks.example.com/\u2028",
            "",
        ],
    )
    def test_refuses_a_url_that_nothing_may_be_sent_to(self, alice: Tenant, url: str) -> None:
        answer = alice.client.post("/v1/webhooks", {"url": url, "events": ["message"]})
        assert problem(answer) in {(422, "webhook_forbidden"), (400, "malformed")}
        assert not WebhookEndpoint.objects.exists()

    def test_takes_an_origin_that_is_allowed(self, alice: Tenant, receiver: Receiver) -> None:
        subscribed(alice, receiver.url())

    @pytest.mark.parametrize("events", [[], ["everything"], ["test"], "message", [1], None])
    def test_refuses_events_that_there_are_not(self, alice: Tenant, events: Any) -> None:
        answer = alice.client.post("/v1/webhooks", {"url": URL, "events": events})
        assert problem(answer) == (400, "malformed")

    def test_takes_every_event(self, alice: Tenant) -> None:
        events = [event.value for event in CHOOSABLE]
        endpoint, _ = subscribed(alice, URL, *events)
        assert endpoint.events == events

    def test_refuses_the_twenty_first(self, alice: Tenant, bob: Tenant) -> None:
        first, _ = subscribed(alice, URL)
        for _ in range(19):
            subscribed(alice, URL)
        refused = alice.client.post("/v1/webhooks", {"url": URL, "events": ["message"]})
        assert problem(refused) == (409, "too_many_webhooks")
        assert refused.json()["limit"] == 20
        subscribed(bob, URL)
        alice.client.delete(f"/v1/webhooks/{first.pk}")
        subscribed(alice, URL)

    def test_refuses_what_it_does_not_know(self, alice: Tenant) -> None:
        answer = alice.client.post("/v1/webhooks", {"url": URL, "events": ["message"], "secret": "mine"})
        assert problem(answer) == (400, "unknown_field")

    def test_needs_the_scope(self, alice: Tenant) -> None:
        assert problem(alice.with_scopes("devices", "gateway").get("/v1/webhooks")) == (403, "scope_missing")


class TestChange:
    def test_gives_another_url_and_other_events(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        WebhookEndpoint.objects.update(failing_since=timezone.now())
        other = "https://other.example.com/"
        changed = alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"url": other, "events": ["receipt"]}).json()
        assert (changed["url"], changed["events"], changed["failing_since"]) == (other, ["receipt"], None)
        assert alice.client.get(f"/v1/webhooks/{endpoint.pk}").json() == changed

    def test_refuses_what_create_refuses(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        path = f"/v1/webhooks/{endpoint.pk}"
        assert problem(alice.client.patch(path, {"url": "https://10.0.0.7/"})) == (422, "webhook_forbidden")
        malformed: list[dict[str, Any]] = [{"events": []}, *({"enabled": word} for word in ("yes", 1, None))]
        for body in (*malformed, {"url": None}):
            assert problem(alice.client.patch(path, body)) == (400, "malformed")

    def test_disables_and_enables_with_a_line_in_the_trail(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        path = f"/v1/webhooks/{endpoint.pk}"
        disabled = alice.client.patch(path, {"enabled": False}).json()
        assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "client")
        assert disabled["disabled_at"] is not None
        alice.client.patch(path, {"enabled": False})
        enabled = alice.client.patch(path, {"enabled": True}).json()
        assert (enabled["enabled"], enabled["disabled_reason"], enabled["disabled_at"]) == (True, None, None)
        trail = AuditEvent.objects.order_by("pk").values_list("action", "by", "subject")
        by, origin = f"key {alice.key.prefix}", "https://hooks.example.com"
        assert list(trail) == [("webhook_disabled", by, origin), ("webhook_enabled", by, origin)]

    def test_enables_what_was_gone_from_a_clean_slate(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/hook", Reply(status=410), Reply()))
        announce(alice)
        send_due()
        path = f"/v1/webhooks/{endpoint.pk}"
        assert alice.client.get(path).json()["disabled_reason"] == "gone"
        alice.client.patch(path, {"enabled": True})
        answer = alice.client.post(f"{path}/replay", {"since": "2020-01-01T00:00:00Z"})
        assert (answer.status_code, answer.json()) == (202, {"replayed": 1})
        assert send_due() == 1
        assert alice.client.get(path).json()["failing_since"] is None


class TestRotate:
    def test_answers_a_new_secret_and_how_long_the_old_one_signs(self, alice: Tenant) -> None:
        endpoint, old = subscribed(alice, URL)
        answer = alice.client.post(f"/v1/webhooks/{endpoint.pk}/rotate", {})
        rotated = answer.json()
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        assert rotated["secret"] != old
        until = dt.datetime.fromisoformat(rotated["previous_secret_until"])
        assert abs((until - timezone.now()).total_seconds() - 86_400) < 60

    @pytest.mark.parametrize("overlap", [-1, 604_801, "60", 1.5, None, True])
    def test_refuses_an_overlap_that_is_none(self, alice: Tenant, overlap: Any) -> None:
        endpoint, _ = subscribed(alice, URL)
        answer = alice.client.post(f"/v1/webhooks/{endpoint.pk}/rotate", {"overlap_seconds": overlap})
        assert problem(answer) == (400, "malformed")

    def test_without_overlap_ends_the_old_one_at_once(self, alice: Tenant) -> None:
        endpoint, old = subscribed(alice, URL)
        alice.client.post(f"/v1/webhooks/{endpoint.pk}/rotate", {"overlap_seconds": 0})
        endpoint.refresh_from_db()
        assert old not in endpoint.secrets(now=timezone.now())


class TestDelete:
    def test_leaves_nothing_to_be_found(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        (delivery,) = announce(alice)
        path = f"/v1/webhooks/{endpoint.pk}"
        assert alice.client.delete(path).status_code == 204
        assert alice.client.get("/v1/webhooks").json()["results"] == []
        for gone in (path, f"{path}/deliveries", f"{path}/deliveries/{delivery.pk}"):
            assert problem(alice.client.get(gone)) == (404, "not_found")
        assert problem(alice.client.delete(path)) == (404, "not_found")


class TestTest:
    def test_is_sent_to_this_webhook_alone(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/tested"))
        subscribed(alice, receiver.url("/other"))
        answer = alice.client.post(f"/v1/webhooks/{endpoint.pk}/test")
        assert answer.status_code == 202
        send_due()
        (one,) = receiver.received
        assert (one.path, one.event["event"], one.webhook_id) == ("/tested", "test", answer.json()["id"])
        assert one.event["request_id"] == answer["X-Request-ID"]

    def test_is_refused_while_it_is_disabled(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"enabled": False})
        assert problem(alice.client.post(f"/v1/webhooks/{endpoint.pk}/test")) == (409, "webhook_disabled")


class TestDeliveries:
    def test_tell_each_attempt(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/hook", Reply(status=502, content=b"Bad gateway")))
        (delivery,) = announce(alice, text="hello")
        send_due()
        path = f"/v1/webhooks/{endpoint.pk}/deliveries"
        (listed,) = alice.client.get(path).json()["results"]
        assert (listed["id"], listed["state"], listed["attempts"]) == (str(delivery.pk), "pending", 1)
        whole = alice.client.get(f"{path}/{delivery.pk}").json()
        assert whole["payload"] == {"text": "hello"}
        (attempt,) = whole["log"]
        assert (attempt["status"], attempt["code"], attempt["answer"]) == (502, "bad_status", "Bad gateway")
        assert attempt["seconds"] < 2

    def test_are_filtered_by_state_and_event(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL, "message", "receipt")
        announce(alice, 2)
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        path = f"/v1/webhooks/{endpoint.pk}/deliveries"
        assert len(alice.client.get(path, {"state": "dead"}).json()["results"]) == 2
        assert alice.client.get(path, {"state": "pending"}).json()["results"] == []
        assert alice.client.get(path, {"event": "receipt"}).json()["results"] == []
        for query in ({"state": "lost"}, {"event": ""}, {"state": ""}):
            assert problem(alice.client.get(path, query)) == (400, "malformed")
        assert problem(alice.client.get(path, {"status": "dead"})) == (400, "unknown_field")

    def test_come_in_pages(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        announce(alice, 5)
        page = alice.client.get(f"/v1/webhooks/{endpoint.pk}/deliveries", {"limit": "3"}).json()
        rest = alice.client.get(page["next"]).json()
        ids = [one["id"] for one in page["results"] + rest["results"]]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == 5

    def test_of_another_webhook_are_not_found(self, alice: Tenant) -> None:
        one, _ = subscribed(alice, URL)
        other, _ = subscribed(alice, URL, "receipt")
        (delivery,) = announce(alice)
        assert delivery.endpoint_id == one.pk
        assert problem(alice.client.get(f"/v1/webhooks/{other.pk}/deliveries/{delivery.pk}")) == (404, "not_found")
        assert problem(alice.client.get(f"/v1/webhooks/{one.pk}/deliveries/{uuid.uuid4()}")) == (404, "not_found")


class TestReplay:
    def test_of_one_that_is_swept_away_meanwhile_finds_nothing(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        (delivery,) = announce(alice)
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        path = f"/v1/webhooks/{endpoint.pk}/deliveries/{delivery.pk}"
        with just_before('UPDATE "devices_webhookdelivery"', WebhookDelivery.objects.all().delete):
            assert problem(alice.client.post(f"{path}/replay")) == (404, "not_found")

    def test_of_one_sends_it_again_with_the_same_id(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url())
        (delivery,) = announce(alice)
        send_due()
        answer = alice.client.post(f"/v1/webhooks/{endpoint.pk}/deliveries/{delivery.pk}/replay")
        assert answer.status_code == 202
        assert (answer.json()["state"], answer.json()["attempts"]) == ("pending", 0)
        send_due()
        assert [one.webhook_id for one in receiver.received] == [str(delivery.pk)] * 2
        delivery.refresh_from_db()
        assert (delivery.state, len(delivery.log)) == ("delivered", 2)

    def test_of_one_that_waits_is_due_at_once(self, alice: Tenant, receiver: Receiver) -> None:
        endpoint, _ = subscribed(alice, receiver.url("/hook", Reply(status=500), Reply()))
        (delivery,) = announce(alice)
        send_due()
        alice.client.post(f"/v1/webhooks/{endpoint.pk}/deliveries/{delivery.pk}/replay")
        assert send_due() == 1

    def test_since_a_moment_takes_dead_letters(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        announce(alice, 4)
        moment = timezone.now()
        announce(alice, 3)
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        late = WebhookDelivery.objects.order_by("-pk").first()
        assert late is not None
        WebhookDelivery.objects.filter(pk=late.pk).update(state="delivered")
        path = f"/v1/webhooks/{endpoint.pk}/replay"
        assert alice.client.post(path, {"since": moment.isoformat()}).json() == {"replayed": 2}
        both = {"since": moment.isoformat(), "states": ["dead", "delivered"]}
        assert alice.client.post(path, both).json() == {"replayed": 1}
        assert WebhookDelivery.objects.pending().count() == 3

    def test_is_refused_while_it_is_disabled(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        (delivery,) = announce(alice)
        path = f"/v1/webhooks/{endpoint.pk}"
        alice.client.patch(path, {"enabled": False})
        one = alice.client.post(f"{path}/deliveries/{delivery.pk}/replay")
        many = alice.client.post(f"{path}/replay", {"since": "2020-01-01T00:00:00Z"})
        assert problem(one) == problem(many) == (409, "webhook_disabled")


def test_an_answer_is_kept_that_cannot_be_sent_any_more(alice: Tenant, receiver: Receiver, settings: Settings) -> None:
    endpoint, _ = subscribed(alice, receiver.url())
    announce(alice)
    settings.WEBHOOK_POLICY = Policy()
    send_due()
    (listed,) = alice.client.get(f"/v1/webhooks/{endpoint.pk}/deliveries").json()["results"]
    assert listed["attempts"] == 1
