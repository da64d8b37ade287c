"""Expiry: from which moment on a media is no longer served, and which rule says so.

A rule keeps media for so many days from its delivery, or from its arrival while it is undelivered. Where no rule
of the table speaks of a media, the shipped ones do. Neither can go under the floor nor over the ceiling, both
counted from arrival.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
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

from media_store.failpoints import reached
from media_store.models import Media, MediaQuerySet, RetentionRule

SHIPPED_DAYS = {
    Media.Direction.OUTBOUND: 30,
    Media.Direction.INBOUND: 7,
    Media.Direction.UPLOAD: 30,
}
# An upload that began before a rule was changed may end after it was applied; then it is applied once more.
APPLIED_AGAIN_AFTER = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """The moment, and the rule that set it."""

    at: datetime
    rule: str


def shipped_label(direction: str) -> str:
    """What a shipped rule is called."""
    return f"shipped: {direction}, {SHIPPED_DAYS[Media.Direction(direction)]} days"


def expiry_of(media: Media) -> Expiry:
    """What the rules say of this media as it stands; asks the table once."""
    rule = RetentionRule.objects.matching(media).first()
    days = SHIPPED_DAYS[Media.Direction(media.direction)] if rule is None else rule.keep_days
    label = shipped_label(media.direction) if rule is None else rule.label
    wanted = (media.delivered_at or media.created_at) + timedelta(days=days)
    floor = media.created_at + timedelta(days=settings.RETENTION_FLOOR_DAYS)
    ceiling = media.created_at + timedelta(days=settings.RETENTION_CEILING_DAYS)
    return Expiry(at=max(floor, min(ceiling, wanted)), rule=label)


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
        if rule.changed_at <= now - APPLIED_AGAIN_AFTER:
            _settle(rule, now=now)
    return moved


def _apply(rule: RetentionRule) -> int:
    """One statement over the media that the rule speaks of: they alone can have changed their rule."""
    rows = Media.objects.stored()
    for column in ("app_id", "direction", "kind", "delivery"):
        if value := getattr(rule, column):
            rows = rows.filter(**{column: value})
    return _reckon_anew(rows)


def _reckon_anew(rows: MediaQuerySet) -> int:
    expires_at = _expires_at()
    before = Coalesce(F("brought_forward_from"), F("expires_at"))
    return rows.update(
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


def _expires_at() -> Expression:
    # A plain integer: SQLite multiplies no other by a duration.
    days = Coalesce(Subquery(_deciding("keep_days")), _shipped(SHIPPED_DAYS.__getitem__), output_field=IntegerField())
    span = ExpressionWrapper(days * Value(timedelta(days=1)), output_field=DurationField())
    wanted = _moment(Coalesce(F("delivered_at"), F("created_at")) + span)
    floor = _moment(F("created_at") + Value(timedelta(days=settings.RETENTION_FLOOR_DAYS)))
    ceiling = _moment(F("created_at") + Value(timedelta(days=settings.RETENTION_CEILING_DAYS)))
    return Greatest(floor, Least(ceiling, wanted))


def _moment(expression: Any) -> Expression:
    return ExpressionWrapper(expression, output_field=DateTimeField())


def _deciding(column: str) -> Any:
    """That column of the rule that decides about a row of the outer query."""
    rules = RetentionRule.objects.matching_values(
        app=OuterRef("app_id"), direction=OuterRef("direction"), kind=OuterRef("kind"), delivery=OuterRef("delivery")
    )
    return rules.values(column)[:1]


def _shipped(what: Any) -> Case:
    return Case(*(When(direction=direction, then=Value(what(direction))) for direction in SHIPPED_DAYS))
