"""Claiming: who sends what next, so that no endpoint holds up another.

The rows are the queue. A claim is an id on the rows that one sender took together, and a moment until which he is
believed to live; a killed one's rows are due again after it. Endpoints take turns. Over all workers an endpoint has at
most WEBHOOKS_PER_ENDPOINT claims (a failing one a single one) and an app WEBHOOKS_PER_APP.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery

from devices.failpoints import reached
from devices.models import WebhookDelivery, WebhookEndpoint, WebhookEndpointQuerySet

BATCH_ROWS = 50
# A batch is given back after this long, so the rows that nobody is at are soon anybody's again.
BATCH_SECONDS = 1
# What comes on top of a batch and its last request, before its sender is taken for dead.
GRACE_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Deliveries to one endpoint that are ours; `is_risky` where its last answer was no success."""

    claim: uuid.UUID
    delivery_ids: tuple[uuid.UUID, ...]
    claimed_at: dt.datetime
    is_risky: bool


@dataclass(frozen=True, kw_only=True)
class _Busy:
    """Claims that are held, by endpoint and by app."""

    endpoints: dict[uuid.UUID, int]
    failing: set[uuid.UUID]
    apps: Counter[uuid.UUID]

    def full_endpoints(self) -> list[uuid.UUID]:
        """Those that have as many as they may."""
        return [pk for pk, count in self.endpoints.items() if count >= self._most(pk)]

    def full_apps(self) -> list[uuid.UUID]:
        """Likewise."""
        return [pk for pk, count in self.apps.items() if count >= settings.WEBHOOKS_PER_APP]

    def _most(self, endpoint_id: uuid.UUID) -> int:
        return 1 if endpoint_id in self.failing else settings.WEBHOOKS_PER_ENDPOINT


def due_endpoints(*, now: dt.datetime, healthy_only: bool = False) -> WebhookEndpointQuerySet:
    """The endpoints that something may be sent to now, in their turns.

    For each the first entry of an index is looked at, and never all that is due.
    """
    due = WebhookDelivery.objects.due(now=now).filter(endpoint=OuterRef("pk")).order_by("next_attempt_at")
    busy = _busy(now=now)
    free = (
        WebhookEndpoint.objects.may_be_asked(now=now)
        .exclude(pk__in=busy.full_endpoints())
        .exclude(app_id__in=busy.full_apps())
        .annotate(first_due_at=Subquery(due.values("next_attempt_at")[:1]))
        .filter(first_due_at__isnull=False)
        .order_by(F("last_claimed_at").asc(nulls_first=True), "first_due_at")
    )
    return free.filter(failing_since=None) if healthy_only else free


def claim(*, now: dt.datetime, healthy_only: bool = False) -> Batch | None:
    """What is due to the endpoint whose turn it is, ours until the claim runs out; None where there is nothing."""
    for endpoint_id, app_id in _candidates(now=now, healthy_only=healthy_only):
        batch = _claim_of(endpoint_id, app_id, now=now)
        if batch is not None:
            reached("webhooks.claimed")
            return batch
    return None


def give_back(batch: Batch, *, now: dt.datetime) -> int:
    """What of the batch was not sent is anybody's again, at once."""
    held = WebhookDelivery.objects.pending().filter(pk__in=batch.delivery_ids, claim=batch.claim)
    return held.update(claim=None, next_attempt_at=now)


def _candidates(*, now: dt.datetime, healthy_only: bool) -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
    """Mostly the first will do; the next ones are for when somebody else was faster."""
    rows = due_endpoints(now=now, healthy_only=healthy_only).values_list("pk", "app_id")
    yield from rows[: settings.WEBHOOK_PLACES]


def _claim_of(endpoint_id: uuid.UUID, app_id: uuid.UUID, *, now: dt.datetime) -> Batch | None:
    with transaction.atomic():
        endpoint = _locked(endpoint_id, app_id, now=now)
        reached("webhooks.claim.locked")
        if endpoint is None:
            return None
        due = WebhookDelivery.objects.due(now=now).filter(endpoint=endpoint).order_by("next_attempt_at")
        rows = due.select_for_update(skip_locked=True, of=("self",))
        ids = tuple(rows.values_list("pk", flat=True)[:BATCH_ROWS])
        if not ids:
            return None
        batch = Batch(claim=uuid.uuid4(), delivery_ids=ids, claimed_at=now, is_risky=endpoint.failing_since is not None)
        WebhookDelivery.objects.filter(pk__in=ids).update(claim=batch.claim, next_attempt_at=_until(now))
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(last_claimed_at=now)
        reached("webhooks.claim.written")
        return batch


def _locked(endpoint_id: uuid.UUID, app_id: uuid.UUID, *, now: dt.datetime) -> WebhookEndpoint | None:
    """The endpoint, if it may still be asked and has room.

    All of its app's are locked, always in the same order: two who counted at once would both take the last place.
    The lock lets announcements pass.
    """
    rows = WebhookEndpoint.objects.filter(app_id=app_id, deleted_at=None).order_by("pk").select_for_update(no_key=True)
    locked = [row for row in rows if row.pk == endpoint_id]
    # In a new statement, now that nobody else of the app can claim.
    busy = _busy(now=now, app_id=app_id)
    has_room = endpoint_id not in busy.full_endpoints() and app_id not in busy.full_apps()
    may_be_asked = WebhookEndpoint.objects.may_be_asked(now=now).filter(pk=endpoint_id).exists()
    return locked[0] if locked and has_room and may_be_asked else None


def _busy(*, now: dt.datetime, app_id: uuid.UUID | None = None) -> _Busy:
    held = WebhookDelivery.objects.being_sent(now=now)
    rows = (held.filter(app_id=app_id) if app_id else held).order_by()
    counts = list(
        rows.values("endpoint_id", "app_id", "endpoint__failing_since").annotate(count=Count("claim", distinct=True))
    )
    apps: Counter[uuid.UUID] = Counter()
    for row in counts:
        apps[row["app_id"]] += row["count"]
    return _Busy(
        endpoints={row["endpoint_id"]: row["count"] for row in counts},
        failing={row["endpoint_id"] for row in counts if row["endpoint__failing_since"]},
        apps=apps,
    )


def _until(now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=BATCH_SECONDS + settings.WEBHOOK_DEADLINE_SECONDS + GRACE_SECONDS)
