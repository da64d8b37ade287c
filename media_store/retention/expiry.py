"""Expiry: from which moment on a media is no longer served, and which rule says so.

A rule keeps media for so many days from its delivery, or from its arrival while it is undelivered. Where no rule
of the table speaks of a media, the shipped ones do. Neither can go under the floor nor over the ceiling, both
counted from arrival.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    Expression,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Least
from django.db.models.lookups import LessThan

from devices.prepared import Prepared
from media_store import giving_way
from media_store.failpoints import reached
from media_store.models import Media, MediaQuerySet, RetentionRule, RetentionRuleQuerySet

SHIPPED_DAYS = {
    Media.Direction.OUTBOUND: 30,
    Media.Direction.INBOUND: 7,
    Media.Direction.UPLOAD: 30,
}
# A batch takes a fraction of a second, in which nobody notes a receipt of these and on SQLite nobody else can write.
BATCH_ROWS = {"postgresql": 2_000, "sqlite": 500}
# An upload that began before a rule was changed may end after it was applied; then it is applied once more. What is
# past its deadline is given up by the next sweep, which may be late.
SWEEP_IS_LATE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """The moment, the rule that set it, and the bounds that it was kept within."""

    at: datetime
    rule: str
    days: int
    floor: datetime
    ceiling: datetime


def _matching(app_id: uuid.UUID, direction: str, kind: str, delivery: str) -> RetentionRuleQuerySet:
    return RetentionRule.objects.matching(app=app_id, direction=direction, kind=kind, delivery=delivery)[:1]


_deciding_rule = Prepared(_matching, uuid.UUID, str, str, str)


def shipped_label(direction: str) -> str:
    """What a shipped rule is called."""
    return f"shipped: {direction}, {SHIPPED_DAYS[Media.Direction(direction)]} days"


def expiry_of(media: Media) -> Expiry:
    """What the rules say of this media as it stands; asks the table once."""
    rule = _deciding_rule(media.app_id, media.direction, media.kind, media.delivery)
    days = SHIPPED_DAYS[Media.Direction(media.direction)] if rule is None else rule.keep_days
    label = shipped_label(media.direction) if rule is None else rule.label
    wanted = (media.delivered_at or media.created_at) + timedelta(days=days)
    floor = media.created_at + timedelta(days=settings.RETENTION_FLOOR_DAYS)
    ceiling = media.created_at + timedelta(days=settings.RETENTION_CEILING_DAYS)
    return Expiry(at=max(floor, min(ceiling, wanted)), rule=label, days=days, floor=floor, ceiling=ceiling)


def set_expiry(media: Media) -> None:
    """Write on a row that is not stored yet what the rules say of it."""
    expiry = expiry_of(media)
    media.expires_at, media.expiry_rule = expiry.at, expiry.rule


def apply_changed_rules(*, now: datetime) -> int:
    """Apply every rule that was changed or taken back to the media that are there; answers how many rows moved.

    The change is committed before this begins. A rule is marked as applied only once no upload can still be under
    way that read the table before the change.
    """
    moved = 0
    for rule in RetentionRule.objects.filter(applied_at=None).order_by("changed_at"):
        moved += _apply(rule)
        reached("retention.rule_applied")
        if rule.changed_at <= now - timedelta(seconds=settings.UPLOAD_DEADLINE_SECONDS) - SWEEP_IS_LATE:
            _settle(rule, now=now)
    return moved


def _apply(rule: RetentionRule) -> int:
    """To the media that the rule speaks of: they alone can have changed their rule."""
    rows = Media.objects.reachable().stored()
    for column in ("app_id", "direction", "kind", "delivery"):
        if value := getattr(rule, column):
            rows = rows.filter(**{column: value})
    moved = 0
    left = rows
    while batch := _apply_to_batch(left):
        moved += len(batch)
        left = rows.filter(pk__gt=batch[-1])
    return moved


def _apply_to_batch(rows: MediaQuerySet) -> list[uuid.UUID]:
    with giving_way.turn(), transaction.atomic():
        # In the order of their ids: two rules that are applied at once then never wait for one another in a ring.
        locked = rows.order_by("pk").select_for_update(no_key=True, of=("self",))
        batch = list(locked.values_list("pk", flat=True)[: BATCH_ROWS[connection.vendor]])
        if batch:
            _reckon_anew(Media.objects.filter(pk__in=batch))
    return batch


def _reckon_anew(rows: MediaQuerySet) -> None:
    expires_at = expires_after(Coalesce(Subquery(_deciding("keep_days")), shipped_days()))
    before = Coalesce(F("brought_forward_from"), F("expires_at"))
    rows.update(
        # Every expression sees the row as it was before this statement.
        expires_at=expires_at,
        expiry_rule=Coalesce(Subquery(_deciding("label")), _shipped(shipped_label)),
        brought_forward_from=Case(When(LessThan(expires_at, before), then=before), default=None),
    )


def _settle(rule: RetentionRule, *, now: datetime) -> None:
    """The change is history: forget a rule that was taken back. One that was changed again meanwhile stays."""
    row = RetentionRule.objects.filter(pk=rule.pk, changed_at=rule.changed_at)
    if rule.removed_at is None:
        row.update(applied_at=now)
    else:
        row.delete()


def expires_after(days: Any) -> Expression:
    """The moment at which a row expires that is kept for so many days, an expression over the row."""
    # SQLite multiplies plain integers by spans, and not the positive ones of the rule's column.
    whole = ExpressionWrapper(days, output_field=IntegerField())
    span = ExpressionWrapper(whole * Value(timedelta(days=1)), output_field=DurationField())
    wanted = _moment(Coalesce(F("delivered_at"), F("created_at")) + span)
    floor = _moment(F("created_at") + Value(timedelta(days=settings.RETENTION_FLOOR_DAYS)))
    ceiling = _moment(F("created_at") + Value(timedelta(days=settings.RETENTION_CEILING_DAYS)))
    return Greatest(floor, Least(ceiling, wanted))


def _moment(expression: Any) -> Expression:
    return ExpressionWrapper(expression, output_field=DateTimeField())


def _deciding(column: str) -> Any:
    """That column of the rule that decides about a row of the outer query."""
    rules = RetentionRule.objects.matching(
        app=OuterRef("app_id"), direction=OuterRef("direction"), kind=OuterRef("kind"), delivery=OuterRef("delivery")
    )
    return rules.values(column)[:1]


def shipped_days() -> Case:
    """For how long a row is kept where no rule speaks of it."""
    return _shipped(SHIPPED_DAYS.__getitem__)


def _shipped(what: Any) -> Case:
    return Case(*(When(direction=direction, then=Value(what(direction))) for direction in SHIPPED_DAYS))
