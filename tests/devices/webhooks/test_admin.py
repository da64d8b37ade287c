"""Webhooks as staff see them."""

import pytest
from django.test import Client

from devices.models import AuditEvent, WebhookDelivery, WebhookEndpoint
from tests.devices.conftest import Tenant
from tests.devices.webhooks.conftest import announce, subscribed
from tests.people import staff

URL = "https://hooks.example.com/a"
ENDPOINTS = "/admin/devices/webhookendpoint/"
DELIVERIES = "/admin/devices/webhookdelivery/"
VIEW = ("view_webhookendpoint", "view_webhookdelivery")
CHANGE = ("change_webhookendpoint", "change_webhookdelivery")


@pytest.fixture
def operator(db: None) -> Client:
    return staff("olga", of_tenants=(*VIEW, *CHANGE))


@pytest.fixture
def viewer(db: None) -> Client:
    return staff("victor", of_tenants=VIEW)


def act(client: Client, page: str, action: str, *ids: object) -> str:
    answer = client.post(page, {"action": action, "_selected_action": [str(one) for one in ids]}, follow=True)
    return answer.content.decode()


class TestEndpoints:
    def test_are_listed_and_shown_without_their_secrets(self, alice: Tenant, viewer: Client) -> None:
        endpoint, secret = subscribed(alice, URL)
        listed = viewer.get(ENDPOINTS).content.decode()
        shown = viewer.get(f"{ENDPOINTS}{endpoint.pk}/change/").content.decode()
        assert URL in listed
        assert URL in shown
        assert secret not in listed + shown

    def test_are_disabled_and_enabled(self, alice: Tenant, operator: Client) -> None:
        endpoint, _ = subscribed(alice, URL)
        assert "Disabled 1 webhook endpoint." in act(operator, ENDPOINTS, "disable", endpoint.pk)
        endpoint.refresh_from_db()
        assert endpoint.disabled_reason == "client"
        assert "Enabled 1 webhook endpoint." in act(operator, ENDPOINTS, "enable", endpoint.pk)
        assert set(AuditEvent.objects.values_list("by", flat=True)) == {"staff olga"}

    def test_are_not_switched_by_whoever_only_looks(self, alice: Tenant, viewer: Client) -> None:
        endpoint, _ = subscribed(alice, URL)
        act(viewer, ENDPOINTS, "disable", endpoint.pk)
        assert WebhookEndpoint.objects.get().enabled

    def test_cannot_be_added_or_changed(self, alice: Tenant, operator: Client) -> None:
        assert operator.get(f"{ENDPOINTS}add/").status_code == 403

    def test_are_found_by_id_and_url(self, alice: Tenant, viewer: Client) -> None:
        endpoint, _ = subscribed(alice, URL)
        for term in (str(endpoint.pk), str(alice.app.pk), "hooks.example"):
            assert URL in viewer.get(ENDPOINTS, {"q": term}).content.decode()
        assert URL not in viewer.get(ENDPOINTS, {"q": "elsewhere"}).content.decode()

    def test_leave_the_list_when_they_are_deleted(self, alice: Tenant, viewer: Client) -> None:
        endpoint, _ = subscribed(alice, URL)
        alice.client.delete(f"/v1/webhooks/{endpoint.pk}")
        assert URL not in viewer.get(ENDPOINTS).content.decode()


class TestDeliveries:
    def test_are_shown_with_their_attempts(self, alice: Tenant, viewer: Client) -> None:
        subscribed(alice, URL)
        (delivery,) = announce(alice)
        WebhookDelivery.objects.update(log=[{"status": 502, "answer": "<b>Bad gateway</b>"}])
        assert str(delivery.pk) in viewer.get(DELIVERIES).content.decode()
        shown = viewer.get(f"{DELIVERIES}{delivery.pk}/change/").content.decode()
        assert "&lt;b&gt;Bad gateway" in shown

    def test_are_replayed(self, alice: Tenant, operator: Client) -> None:
        subscribed(alice, URL)
        (delivery,) = announce(alice)
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        assert "1 event will be sent again." in act(operator, DELIVERIES, "replay", delivery.pk)
        assert WebhookDelivery.objects.get().state == "pending"

    def test_of_a_disabled_endpoint_are_not(self, alice: Tenant, operator: Client) -> None:
        endpoint, _ = subscribed(alice, URL)
        (delivery,) = announce(alice)
        alice.client.patch(f"/v1/webhooks/{endpoint.pk}", {"enabled": False})
        assert "enable it first" in act(operator, DELIVERIES, "replay", delivery.pk)

    def test_of_a_deleted_endpoint_are_not(self, alice: Tenant, operator: Client) -> None:
        endpoint, _ = subscribed(alice, URL)
        (delivery,) = announce(alice)
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        alice.client.delete(f"/v1/webhooks/{endpoint.pk}")
        shown = act(operator, DELIVERIES, "replay", delivery.pk)
        assert "Its webhook was deleted" in shown
        assert "0 events will be sent again." in shown
        assert WebhookDelivery.objects.get().state == "dead"

    def test_are_not_replayed_by_whoever_only_looks(self, alice: Tenant, viewer: Client) -> None:
        subscribed(alice, URL)
        (delivery,) = announce(alice)
        WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
        act(viewer, DELIVERIES, "replay", delivery.pk)
        assert WebhookDelivery.objects.get().state == "dead"

    def test_are_found_by_the_id_of_whatever_they_tell_of(self, alice: Tenant, viewer: Client) -> None:
        endpoint, _ = subscribed(alice, URL)
        (delivery,) = announce(alice)
        for term in (delivery.pk, endpoint.pk, alice.app.pk):
            assert str(delivery.pk) in viewer.get(DELIVERIES, {"q": str(term)}).content.decode()
