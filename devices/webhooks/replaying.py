"""Replaying: what was delivered or given up is sent again, with the same id and a new round of attempts."""

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from devices.errors import WebhookDisabled
from devices.models import WebhookDelivery, WebhookDeliveryQuerySet, WebhookEndpoint
from devices.signals import webhooks_due
from problems.errors import NotFound

State = WebhookDelivery.State
OVER = (State.DELIVERED, State.DEAD)


def replay(delivery: WebhookDelivery, *, now: dt.datetime) -> None:
    """Send it again; one that still waits is due at once, one that is just being sent is left alone.

    Errors: `WebhookDisabled`; `NotFound` when it was swept away meanwhile, or its webhook deleted.
    """
    _refuse_closed(delivery.endpoint)
    _begin_again(WebhookDelivery.objects.filter(pk=delivery.pk, claim=None), now=now)
    try:
        delivery.refresh_from_db()
    except WebhookDelivery.DoesNotExist as error:
        raise NotFound from error


def replay_since(
    endpoint: WebhookEndpoint, *, since: dt.datetime, states: Collection[str] = (State.DEAD,), now: dt.datetime
) -> int:
    """Send again what was written at that moment or later and is over in one of these states; answers how many.

    Errors: `WebhookDisabled`; `NotFound` when the webhook was deleted.
    """
    _refuse_closed(endpoint)
    rows = WebhookDelivery.objects.filter(endpoint=endpoint, created_at__gte=since)
    return _begin_again(rows.filter(state__in=set(states) & set(OVER)), now=now)


def _begin_again(rows: WebhookDeliveryQuerySet, *, now: dt.datetime) -> int:
    with transaction.atomic():
        begun = rows.update(state=State.PENDING, next_attempt_at=now, attempts=0, delivered_at=None)
        if begun:
            webhooks_due.send(sender=WebhookDelivery)
    return begun


def _refuse_closed(endpoint: WebhookEndpoint) -> None:
    if not WebhookEndpoint.objects.living().filter(pk=endpoint.pk).exists():
        message = "Its webhook was deleted, and nothing is sent to it any more."
        raise NotFound(message)
    if not endpoint.enabled:
        raise WebhookDisabled
