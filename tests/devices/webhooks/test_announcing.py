"""Announcing: events are written where somebody chose them, and with what makes them true or not at all."""

import datetime as dt
import uuid

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from devices import destruction, webhooks
from devices.models import WebhookDelivery, WebhookEndpoint
from devices.webhooks import Event
from tests.devices.conftest import Tenant
from tests.devices.webhooks.conftest import announce, news, subscribed

URL = "https://hooks.example.com/a"


class TestAnnounce:
    def test_writes_for_each_endpoint_that_chose_the_event(self, alice: Tenant) -> None:
        first, _ = subscribed(alice, URL, "message", "receipt")
        second, _ = subscribed(alice, URL, "message")
        subscribed(alice, URL, "media.failed")
        announce(alice, text="hello")
        written = WebhookDelivery.objects.all()
        assert {delivery.endpoint_id for delivery in written} == {first.pk, second.pk}
        assert {(one.event, one.state, one.attempts) for one in written} == {("message", "pending", 0)}
        assert all(one.payload == {"text": "hello"} for one in written)

    def test_tells_no_other_app(self, alice: Tenant, bob: Tenant) -> None:
        subscribed(bob, URL)
        assert announce(alice) == []

    def test_tells_nothing_to_what_is_disabled_deleted_or_of_a_destroyed_app(self, alice: Tenant, bob: Tenant) -> None:
        disabled, _ = subscribed(alice, URL)
        deleted, _ = subscribed(alice, URL)
        subscribed(bob, URL)
        alice.client.patch(f"/v1/webhooks/{disabled.pk}", {"enabled": False})
        alice.client.delete(f"/v1/webhooks/{deleted.pk}")
        destruction.destroy_app(bob.app, now=timezone.now(), by="test")
        assert announce(alice) == announce(bob) == []

    def test_remembers_the_request(self, alice: Tenant) -> None:
        subscribed(alice, URL)
        with bound_contextvars(request_id="abc"), transaction.atomic():
            webhooks.announce(news(alice), now=timezone.now())
        delivery = WebhookDelivery.objects.get()
        assert delivery.request_id == "abc"

    @pytest.mark.django_db(transaction=True)
    def test_is_refused_outside_a_transaction(self, alice: Tenant) -> None:
        with pytest.raises(TransactionManagementError):
            webhooks.announce(news(alice), now=timezone.now())

    @pytest.mark.django_db(transaction=True)
    def test_of_what_is_rolled_back_leaves_nothing(self, alice: Tenant) -> None:
        subscribed(alice, URL)
        with transaction.atomic():
            assert webhooks.announce(news(alice), now=timezone.now()) == 1
            transaction.set_rollback(True)
        assert not WebhookDelivery.objects.exists()

    def test_writes_a_thousand_with_few_queries(self, alice: Tenant, django_assert_max_num_queries: object) -> None:
        subscribed(alice, URL)
        with django_assert_max_num_queries(40):  # type: ignore[operator]  # pytest-django's fixture
            assert len(announce(alice, 1_000)) == 1_000


class TestIsAnyoneListening:
    def test_knows_for_whom_facts_are_needed(self, alice: Tenant, bob: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL, "media.purged")
        assert webhooks.listeners(alice.app.pk, Event.MEDIA_PURGED) == 1
        assert not webhooks.listeners(alice.app.pk, Event.MESSAGE)
        assert not webhooks.listeners(bob.app.pk, Event.MEDIA_PURGED)
        alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"enabled": False})
        assert not webhooks.listeners(alice.app.pk, Event.MEDIA_PURGED)


class TestADestroyedDevice:
    def test_is_told_once(self, alice: Tenant) -> None:
        subscribed(alice, URL, "device_destroyed")
        device = alice.device("phone")
        for _ in range(2):
            alice.client.delete(f"/v1/devices/{device.pk}")
        delivery = WebhookDelivery.objects.get()
        assert (delivery.event, delivery.device_id) == ("device_destroyed", device.pk)
        assert delivery.payload["name"] == "phone"
        device.refresh_from_db()
        assert dt.datetime.fromisoformat(str(delivery.payload["destroyed_at"])) == device.destroyed_at


class TestADestroyedApp:
    @pytest.mark.django_db(transaction=True)
    def test_takes_its_webhooks_along(self, alice: Tenant, bob: Tenant) -> None:
        for tenant in (alice, bob):
            subscribed(tenant, URL)
            announce(tenant, 3)
        destruction.destroy_app(alice.app, now=timezone.now(), by="test")
        assert webhooks.claim(now=timezone.now() + dt.timedelta(hours=1)) is not None
        assert destruction.finish_app(alice.app.pk, is_empty=lambda: True, now=timezone.now())
        assert set(WebhookDelivery.objects.values_list("app_id", flat=True)) == {bob.app.pk}
        assert set(WebhookEndpoint.objects.values_list("app_id", flat=True)) == {bob.app.pk}

    def test_is_not_cleared_while_it_lives(self, alice: Tenant) -> None:
        subscribed(alice, URL)
        announce(alice)
        webhooks.clear(alice.app.pk)
        webhooks.clear(uuid.uuid4())
        assert WebhookDelivery.objects.count() == 1
