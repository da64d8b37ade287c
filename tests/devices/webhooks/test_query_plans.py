"""What senders, announcements and the sweep ask goes by the indexes that were made for it, whatever is due."""

import datetime as dt
import itertools
import uuid

import pytest
from django.db import connection, transaction
from django.utils import timezone

from devices import webhooks
from devices.models import WebhookDelivery, WebhookEndpoint
from tests.devices.conftest import Tenant
from tests.devices.webhooks.conftest import news, subscribed
from tests.query_plans import Plan, plans_kept

pytestmark = [pytest.mark.services, pytest.mark.faults, pytest.mark.django_db]

URL = "https://hooks.example.com/a"
BACKLOG, OVER = 8_000, 8_000
OUTBOX = "devices_webhookdelivery"


@pytest.fixture
def alice_with_a_backlog(alice: Tenant, bob: Tenant) -> Tenant:
    """Many events of bob wait or are over, one of alice's waits."""
    crowded, _ = subscribed(bob, URL)
    endpoint, _ = subscribed(alice, URL)
    now = timezone.now()
    # Whoever was never asked comes first; the other way round the look at what is due would end too early.
    WebhookEndpoint.objects.filter(pk=crowded.pk).update(last_claimed_at=now - dt.timedelta(hours=1))
    rows = itertools.chain(
        (_row(crowded, now, state="pending") for _ in range(BACKLOG)),
        (_row(crowded, now, state="delivered") for _ in range(OVER)),
        [_row(endpoint, now, state="pending")],
    )
    WebhookDelivery.objects.bulk_create(rows, batch_size=5_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return alice


def _row(endpoint: WebhookEndpoint, now: dt.datetime, *, state: str) -> WebhookDelivery:
    return WebhookDelivery(
        id=uuid.uuid4(),
        endpoint=endpoint,
        event="message",
        app_id=endpoint.app_id,
        payload={"caption": "x" * 200},
        created_at=now - dt.timedelta(days=1),
        state=state,
        next_attempt_at=now - dt.timedelta(hours=1) if state == "pending" else None,
    )


def whole_reads(plans: list[Plan]) -> list[str]:
    assert plans
    return [f"{plan.statement[:300]}\n{plan.text}" for plan in plans if OUTBOX in plan.scanned]


class TestPlans:
    def test_a_claim_looks_at_the_first_of_each_endpoint(self, alice_with_a_backlog: Tenant) -> None:
        with plans_kept() as plans:
            first = webhooks.claim(now=timezone.now())
            second = webhooks.claim(now=timezone.now())
        assert first is not None
        assert second is not None
        assert (len(first.delivery_ids), len(second.delivery_ids)) == (1, 50)
        assert whole_reads(plans) == []
        used = frozenset[str]().union(*(plan.indexes for plan in plans))
        assert used >= {"webhook_delivery_to_send", "webhook_delivery_claimed"}

    def test_an_announcement_reads_endpoints_only(self, alice_with_a_backlog: Tenant) -> None:
        with plans_kept() as plans, transaction.atomic():
            assert webhooks.announce(news(alice_with_a_backlog), now=timezone.now()) == 1
        assert whole_reads(plans) == []

    def test_a_sweep_with_nothing_to_remove_reads_nothing_whole(self, alice_with_a_backlog: Tenant) -> None:
        with plans_kept() as plans:
            assert webhooks.sweep(now=timezone.now()) == 0
        assert whole_reads(plans) == []

    def test_a_list_of_dead_letters_reads_them(self, alice_with_a_backlog: Tenant, bob: Tenant) -> None:
        crowded = WebhookEndpoint.objects.get(app=bob.app)
        with plans_kept() as plans:
            bob.client.get(f"/v1/webhooks/{crowded.pk}/deliveries", {"state": "dead"})
        assert whole_reads(plans) == []
        assert "webhook_delivery_dead" in frozenset[str]().union(*(plan.indexes for plan in plans))
