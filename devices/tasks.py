"""Tasks: doors that a worker opens. Each is a hint; beat finds what a lost hint left behind."""

from time import monotonic

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from devices import webhooks
from devices.hinting import hint
from devices.places import Places

# Then it asks for another in its place, so that a worker that is to stop need not wait for a backlog.
_DRAIN_SECONDS = 10

# The other threads are left to all other work, whatever slow endpoints there are; and of these, half to endpoints
# that took what they were sent last.
_places = Places(settings.WEBHOOK_PLACES)
_risky_places = Places(max(1, settings.WEBHOOK_PLACES // 2))


@shared_task
def send_webhooks() -> int:
    """Send what is due, batch by batch, for as long as there is a place; answers how many deliveries were tried."""
    if not _places.enter():
        return 0
    ends_at = monotonic() + _DRAIN_SECONDS
    tried = 0
    is_drained = False
    try:
        while not is_drained and monotonic() < ends_at:
            count = _send_batch()
            is_drained = count is None
            tried += count or 0
    finally:
        turned_away = _places.leave()
    if turned_away or not is_drained:
        _hint_if_due()
    return tried


@shared_task
def send_due_webhooks() -> int:
    """Ask for whatever is due: what lost its hint, whose wait is over, whose sender died."""
    due = webhooks.due_endpoints(now=timezone.now()).values_list("pk", flat=True)
    count = len(due[: settings.WEBHOOK_PLACES])
    for _ in range(count):
        hint(send_webhooks)
    return count


@shared_task
def sweep_webhooks() -> int:
    """Remove events that are past their time, and endpoints that were deleted."""
    ends_at = monotonic() + settings.TASK_WORK_SECONDS
    return webhooks.sweep(now=timezone.now(), may_go_on=lambda: monotonic() < ends_at)


def _send_batch() -> int | None:
    """Claim and send one; None where there is nothing to claim."""
    may_risk = _risky_places.enter()
    batch = None
    try:
        batch = webhooks.claim(now=timezone.now(), healthy_only=not may_risk)
        if batch is None:
            return None
        if may_risk and not batch.is_risky:
            _risky_places.leave()
            may_risk = False
        # Somebody else may begin with the rest: a batch at a time would be slow.
        _hint_if_due()
        return webhooks.send(batch)
    finally:
        if may_risk and _risky_places.leave() and batch is None:
            _hint_if_due()


def _hint_if_due() -> None:
    if webhooks.due_endpoints(now=timezone.now()).exists():
        hint(send_webhooks)
