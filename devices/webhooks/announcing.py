"""Announcing: an event becomes one delivery for each endpoint that chose it, in the transaction that makes it true."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator

from django.db import connections, router
from django.db.transaction import TransactionManagementError
from structlog.contextvars import get_contextvars

from devices.failpoints import reached
from devices.models import WebhookDelivery, WebhookEndpoint, locked_key_shared
from devices.models.webhooks import REQUEST_ID_CHARACTERS
from devices.signals import webhooks_due
from devices.webhooks.events import Event, News

WRITTEN_AT_ONCE = 1_000


def announce(*news: News, now: dt.datetime) -> int:
    """Write the news for every endpoint that chose its event; answers how many deliveries that makes.

    Inside the caller's transaction only: what is rolled back was never announced.
    """
    if not connections[router.db_for_write(WebhookDelivery)].in_atomic_block:
        message = "An event is announced within the transaction that makes it true."
        raise TransactionManagementError(message)
    # PostgreSQL is not asked about no apps.
    endpoints = _listening({one.app_id for one in news}) if news else []
    reached("webhooks.announce.locked")
    return write(_deliveries(news, endpoints, now=now)) if endpoints else 0


def write(deliveries: Iterable[WebhookDelivery]) -> int:
    """Write deliveries, and tell of them."""
    written = WebhookDelivery.objects.bulk_create(deliveries, batch_size=WRITTEN_AT_ONCE)
    if written:
        webhooks_due.send(sender=WebhookDelivery)
    return len(written)


def drafted(news: News, endpoint: WebhookEndpoint, *, now: dt.datetime) -> WebhookDelivery:
    """The delivery of this news to this endpoint, due at once and still to be written."""
    return WebhookDelivery(
        endpoint=endpoint,
        event=news.event,
        app_id=news.app_id,
        device_id=news.device_id,
        subject_id=news.subject_id,
        request_id=str(get_contextvars().get("request_id", ""))[:REQUEST_ID_CHARACTERS],
        payload=dict(news.payload),
        created_at=now,
        next_attempt_at=now,
    )


def listeners(app_id: uuid.UUID, event: Event) -> int:
    """How many endpoints of the app would be told of such an event: nobody needs facts for nobody."""
    chosen = WebhookEndpoint.objects.open().filter(app_id=app_id).values_list("events", flat=True)
    return sum(event in events for events in chosen)


def _listening(app_ids: Iterable[uuid.UUID]) -> list[WebhookEndpoint]:
    """Their open endpoints, locked so that none of them goes before this transaction ends.

    The lock is the weakest that there is: whoever sends may note meanwhile how it went.
    """
    rows = WebhookEndpoint.objects.open().filter(app_id__in=set(app_ids))
    return list(locked_key_shared(rows.order_by("pk")))


def _deliveries(
    news: Iterable[News], endpoints: Iterable[WebhookEndpoint], *, now: dt.datetime
) -> Iterator[WebhookDelivery]:
    for one in news:
        for endpoint in endpoints:
            if endpoint.app_id == one.app_id and one.event in endpoint.events:
                yield drafted(one, endpoint, now=now)
