"""Sweeping: what is past its time goes, what still waits stays."""

import datetime as dt

import pytest
from django.utils import timezone

from devices import webhooks
from devices.models import WebhookDelivery, WebhookEndpoint
from problems.errors import NotFound
from tests.devices.conftest import Tenant
from tests.devices.webhooks.conftest import announce, subscribed

URL = "https://hooks.example.com/a"
LATER = dt.timedelta(days=7, minutes=1)


class TestSweep:
    def test_removes_what_is_over_after_a_week(self, alice: Tenant) -> None:
        subscribed(alice, URL)
        delivered, dead, pending = announce(alice, 3)
        WebhookDelivery.objects.filter(pk=delivered.pk).update(state="delivered", next_attempt_at=None)
        WebhookDelivery.objects.filter(pk=dead.pk).update(state="dead", next_attempt_at=None)
        assert webhooks.sweep(now=timezone.now()) == 0
        assert webhooks.sweep(now=timezone.now() + LATER) == 2
        assert list(WebhookDelivery.objects.all()) == [pending]

    def test_buries_what_waits_for_an_endpoint_that_was_disabled_for_good(self, alice: Tenant) -> None:
        subscribed(alice, URL)
        announce(alice)
        WebhookEndpoint.objects.update(enabled=False, disabled_reason="gone", disabled_at=timezone.now())
        webhooks.sweep(now=timezone.now())
        assert WebhookDelivery.objects.get().state == "dead"

    def test_waits_a_week_for_an_endpoint_that_its_client_disabled(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        announce(alice)
        alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"enabled": False})
        webhooks.sweep(now=timezone.now() + dt.timedelta(days=6))
        assert WebhookDelivery.objects.get().state == "pending"
        webhooks.sweep(now=timezone.now() + LATER)
        assert not WebhookDelivery.objects.exists()

    def test_removes_what_was_deleted_and_its_deliveries(self, alice: Tenant, bob: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        subscribed(bob, URL)
        announce(alice, 3)
        announce(bob)
        alice.client.delete(f"/v1/webhooks/{endpoint.pk}")
        assert webhooks.sweep(now=timezone.now()) == 4
        assert WebhookEndpoint.objects.count() == WebhookDelivery.objects.count() == 1

    def test_stops_when_its_time_is_over(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        announce(alice)
        alice.client.delete(f"/v1/webhooks/{endpoint.pk}")
        assert webhooks.sweep(now=timezone.now(), may_go_on=lambda: False) == 0
        assert WebhookEndpoint.objects.count() == 1

    def test_leaves_nothing_that_a_test_event_could_refer_to(self, alice: Tenant) -> None:
        endpoint, _ = subscribed(alice, URL)
        alice.client.delete(f"/v1/webhooks/{endpoint.pk}")
        webhooks.sweep(now=timezone.now())
        with pytest.raises(NotFound):
            webhooks.test(endpoint, now=timezone.now())
