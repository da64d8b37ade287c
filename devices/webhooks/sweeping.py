"""Sweeping: what webhooks leave behind goes, as it holds what people wrote to one another."""

import datetime as dt
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from devices.failpoints import reached
from devices.models import App, WebhookDelivery, WebhookDeliveryQuerySet, WebhookEndpoint
from devices.webhooks.disabling import FINAL

BATCH_ROWS = 1_000

MayGoOn = Callable[[], bool]
State = WebhookDelivery.State


def sweep(*, now: dt.datetime, may_go_on: MayGoOn = lambda: True) -> int:
    """Bury what nobody will send, remove what is past its time, and what was deleted; answers how many rows went."""
    oldest = now - dt.timedelta(days=settings.WEBHOOK_KEEP_DAYS)
    _bury(now=now, oldest=oldest)
    over = WebhookDelivery.objects.filter(created_at__lt=oldest).exclude(state=State.PENDING)
    removed = _remove(over.order_by("created_at"), may_go_on=may_go_on)
    for endpoint in WebhookEndpoint.objects.deleted().order_by("deleted_at"):
        removed += _remove(_of(endpoint), may_go_on=may_go_on)
        removed += _forget(endpoint)
    return removed


def clear(app_id: uuid.UUID) -> None:
    """Remove the deliveries of a destroyed app, in batches; does nothing while it lives."""
    if App.objects.destroyed().filter(pk=app_id).exists():
        for endpoint in WebhookEndpoint.objects.filter(app_id=app_id):
            _remove(_of(endpoint), may_go_on=lambda: True)


def forget(app: App) -> None:
    """Remove whatever is left of its webhooks, in the transaction that removes the app."""
    endpoints = WebhookEndpoint.objects.filter(app=app)
    # Waits for whoever announces, as in `_forget`.
    list(endpoints.select_for_update().order_by("pk"))
    WebhookDelivery.objects.filter(endpoint__in=endpoints).delete()
    endpoints.delete()


def _bury(*, now: dt.datetime, oldest: dt.datetime) -> None:
    """Nothing is sent to what was disabled for good; and what was disabled otherwise is waited for only so long."""
    disabled = WebhookEndpoint.objects.filter(enabled=False)
    waited_for = disabled.filter(Q(disabled_reason__in=FINAL) | Q(disabled_at__lt=oldest))
    unheld = WebhookDelivery.objects.pending().filter(Q(claim=None) | Q(next_attempt_at__lte=now))
    # One by one, by the index: all at once, the database would rather read the whole outbox.
    for endpoint_id in waited_for.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            # Somebody may just enable it.
            still = waited_for.select_for_update(no_key=True).filter(pk=endpoint_id).first()
            if still is not None:
                unheld.filter(endpoint=still).update(state=State.DEAD, next_attempt_at=None, claim=None)


def _of(endpoint: WebhookEndpoint) -> WebhookDeliveryQuerySet:
    return WebhookDelivery.objects.filter(endpoint=endpoint).order_by("pk")


def _remove(rows: WebhookDeliveryQuerySet, *, may_go_on: MayGoOn) -> int:
    removed = 0
    while may_go_on() and (ids := list(rows.values_list("pk", flat=True)[:BATCH_ROWS])):
        # Asked again, as somebody may just have had one replayed.
        removed += rows.order_by().filter(pk__in=ids).delete()[0]
        reached("webhooks.swept")
    return removed


def _forget(endpoint: WebhookEndpoint) -> int:
    """Remove the row of a deleted endpoint, once nothing refers to it.

    FOR UPDATE waits for whoever announces with the row locked; whoever comes later finds it deleted.
    """
    with transaction.atomic():
        row = WebhookEndpoint.objects.deleted().select_for_update().filter(pk=endpoint.pk).first()
        if row is None or WebhookDelivery.objects.filter(endpoint=row).exists():
            return 0
        return row.delete()[0]
