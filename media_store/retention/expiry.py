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
from django.db.models import (
    Case,
    CharField,
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

from devices.prepared import Prepared
from media_store.models import Media, RetentionRule, RetentionRuleQuerySet

SHIPPED_DAYS = {
    Media.Direction.OUTBOUND: 30,
    Media.Direction.INBOUND: 7,
    Media.Direction.UPLOAD: 30,
}


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


def expires_by_rules() -> Expression:
    """The moment at which a row expires by the rule that decides about it, an expression over the row."""
    return expires_after(Coalesce(Subquery(_deciding("keep_days")), shipped_days()))


def label_by_rules() -> Expression:
    """What that rule is called, an expression over the row."""
    return Coalesce(Subquery(_deciding("label")), _shipped(shipped_label), output_field=CharField())


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
