"""A receiver, and what every test does with one."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from structlog.contextvars import clear_contextvars

from devices import webhooks
from devices.models import WebhookDelivery, WebhookEndpoint
from devices.webhooks import Event, News
from safe_http import Policy, parse_origin
from tests.devices.conftest import Tenant
from tests.receivers import Receiver, receiver_running


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """Somebody who listens, at an origin that is allowed."""
    with receiver_running() as receiver:
        settings.WEBHOOK_POLICY = Policy(allow=frozenset({parse_origin(receiver.origin)}))
        settings.WEBHOOK_DEADLINE_SECONDS = 2
        yield receiver


def subscribed(tenant: Tenant, url: str, *events: str) -> tuple[WebhookEndpoint, str]:
    """An endpoint and its secret, as the API makes it."""
    answer = tenant.client.post("/v1/webhooks", {"url": url, "events": events or ["message"]})
    assert answer.status_code == 201, answer.content
    created = answer.json()
    return WebhookEndpoint.objects.get(pk=created["id"]), str(created["secret"])


def news(tenant: Tenant, event: Event = Event.MESSAGE, **payload: Any) -> News:
    return News(event=event, app_id=tenant.app.pk, device_id=None, payload=payload)


def announce(tenant: Tenant, count: int = 1, event: Event = Event.MESSAGE, **payload: Any) -> list[WebhookDelivery]:
    """So many events of the tenant, committed and of no request; answers what is pending now."""
    clear_contextvars()
    with transaction.atomic():
        webhooks.announce(*(news(tenant, event, **payload) for _ in range(count)), now=timezone.now())
    return list(WebhookDelivery.objects.pending().filter(app_id=tenant.app.pk).order_by("pk"))


HOUR = dt.timedelta(hours=1)


def send_due(*, after: dt.timedelta = dt.timedelta(0)) -> int:
    """Claim and send until nothing is due at that moment; answers how many attempts were made."""
    tried = 0
    while batch := webhooks.claim(now=timezone.now() + after):
        tried += webhooks.send(batch)
    return tried
