"""Recording: what an attempt means for its delivery and for its endpoint.

Whoever writes both writes the endpoint first, as a claim does; whoever writes one writes that one alone.
"""

import datetime as dt

from django.db import transaction

from devices.failpoints import reached
from devices.models import WebhookDelivery, WebhookDeliveryQuerySet, WebhookEndpoint
from devices.webhooks import disabling, schedule
from devices.webhooks.attempts import KEPT_ATTEMPTS, Attempt

# Nothing but failures for so long: nobody is there any more.
PATIENCE = dt.timedelta(days=5)
# An event is tried for so long all the same: where little happens, the failure before it may be a week old.
PATIENCE_FOR_AN_EVENT = dt.timedelta(days=1)

Reason = WebhookEndpoint.DisabledReason
State = WebhookDelivery.State


def record(delivery: WebhookDelivery, attempt: Attempt, *, now: dt.datetime) -> None:
    """Note the attempt, if the delivery is still ours: a claim that ran out is another's."""
    if attempt.is_success and delivery.endpoint.failing_since is None:
        _delivered(delivery, attempt, now=now)
        return
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=delivery.endpoint_id).first()
        reached("webhooks.record.locked")
        if endpoint is None:
            # It was deleted and swept away meanwhile, and its deliveries with it.
            return
        # Who answers late for the URL before says nothing of the one that there is now.
        is_of_this_url = endpoint.url == delivery.endpoint.url
        if not attempt.is_success:
            if is_of_this_url:
                _blame(endpoint, attempt, tried_for=now - delivery.created_at, now=now)
            _failed(delivery, attempt, endpoint, now=now)
            return
        _delivered(delivery, attempt, now=now)
        if is_of_this_url:
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None, not_before=None)


def _delivered(delivery: WebhookDelivery, attempt: Attempt, *, now: dt.datetime) -> None:
    _own(delivery).update(
        state=State.DELIVERED, next_attempt_at=None, claim=None, delivered_at=now, **_noted(delivery, attempt)
    )


def _failed(delivery: WebhookDelivery, attempt: Attempt, endpoint: WebhookEndpoint, *, now: dt.datetime) -> None:
    due = schedule.next_attempt(delivery.attempts + 1, now=now, not_before=endpoint.not_before)
    is_dead = due is None or endpoint.disabled_reason in disabling.FINAL
    _own(delivery).update(
        state=State.DEAD if is_dead else State.PENDING,
        next_attempt_at=None if is_dead else due,
        claim=None,
        **_noted(delivery, attempt),
    )
    if endpoint.disabled_reason in disabling.FINAL:
        disabling.bury(endpoint, claim=delivery.claim)


def _blame(endpoint: WebhookEndpoint, attempt: Attempt, *, tried_for: dt.timedelta, now: dt.datetime) -> None:
    """Remember since when it fails and until when it wants to be left alone; disable it where that is for good."""
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.not_before = schedule.retry_after(attempt.retry_after, now=now) or endpoint.not_before
    endpoint.save(update_fields=("failing_since", "not_before"), force_update=True)
    if attempt.is_gone:
        disabling.disable(endpoint, reason=Reason.GONE, now=now, by=disabling.BY)
    elif now - endpoint.failing_since >= PATIENCE and tried_for >= PATIENCE_FOR_AN_EVENT:
        disabling.disable(endpoint, reason=Reason.FAILING, now=now, by=disabling.BY)


def _noted(delivery: WebhookDelivery, attempt: Attempt) -> dict[str, object]:
    log = [*delivery.log, attempt.entry()][-KEPT_ATTEMPTS:]
    return {"attempts": delivery.attempts + 1, "log": log}


def _own(delivery: WebhookDelivery) -> WebhookDeliveryQuerySet:
    return WebhookDelivery.objects.pending().filter(pk=delivery.pk, claim=delivery.claim)
