"""Moves: which media a rule would keep for longer or for less long, counted before it is written."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Expression, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from devices.models import App
from media_store.models import Media, MediaQuerySet, RetentionRule, RetentionRuleQuerySet
from media_store.retention.brake import Braked, too_many
from media_store.retention.expiry import expires_after, shipped_days
from media_store.retention.rules import weight_of


@dataclass(frozen=True, kw_only=True)
class Moves:
    """Media whose end comes earlier or later; those of them that would be expired at once; where the brake waits."""

    earlier: int
    later: int
    expired_at_once: int
    braked: list[Braked]


def moves_of(  # noqa: PLR0913 - what a rule says, each by its name
    *, app: App | None, direction: str, kind: str, delivery: str, keep_days: int | None, now: datetime
) -> Moves:
    """What the rule for exactly these would move if it kept them for so many days, or, with None, were taken back."""
    wanted = {"app": app, "direction": direction, "kind": kind, "delivery": delivery}
    rows = Media.objects.stored().filter(**{column: value for column, value in wanted.items() if value})
    weight = weight_of(app, direction, kind, delivery)
    rows = rows.filter(~Exists(_speaking().filter(weight__gt=weight)))
    next_one = _speaking().filter(weight__lt=weight).values("keep_days")[:1]
    days = Coalesce(Subquery(next_one), shipped_days()) if keep_days is None else Value(keep_days)
    return _count(rows, expires_after(days), now=now)


def _speaking() -> RetentionRuleQuerySet:
    return RetentionRule.objects.matching(
        app=OuterRef("app_id"), direction=OuterRef("direction"), kind=OuterRef("kind"), delivery=OuterRef("delivery")
    )


def _count(rows: MediaQuerySet, expires_at: Expression, *, now: datetime) -> Moves:
    moved = rows.annotate(then=expires_at)
    sums = moved.aggregate(
        earlier=Count("pk", filter=Q(then__lt=F("expires_at"))), later=Count("pk", filter=Q(then__gt=F("expires_at")))
    )
    before = Coalesce("brought_forward_from", "expires_at")
    gone = moved.annotate(before=before).filter(then__lte=now, before__gt=now).unheld(now=now)
    by_app = list(gone.order_by().values_list("app_id", "app__name").annotate(Count("pk")))
    stopped = [too_many(app_id=app_id, app_name=name, chosen=count, now=now) for app_id, name, count in by_app]
    return Moves(
        earlier=sums["earlier"],
        later=sums["later"],
        expired_at_once=sum(count for _, _, count in by_app),
        braked=[one for one in stopped if one],
    )
