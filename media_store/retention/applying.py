"""Applying: a rule that was changed or taken back reaches the media that are there.

In passes: each goes through the media that the rule speaks of in the order of their ids, in batches, and notes on the
rule how far it is, so that a run that was killed, or had no more time, is gone on with by the next. Two runs at once
do the same twice, and no harm.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan

from media_store import giving_way
from media_store.failpoints import reached
from media_store.models import Media, MediaQuerySet, RetentionRule, RetentionRuleQuerySet
from media_store.retention.expiry import expires_by_rules, label_by_rules

# A batch takes a fraction of a second, in which nobody notes a receipt of these and on SQLite nobody else can write.
BATCH_ROWS = {"postgresql": 1_000, "sqlite": 500}
# An upload that began before a rule was changed may end after it was applied; then it is applied once more. What is
# past its deadline is given up by the next sweep, which may be late.
SWEEP_IS_LATE = timedelta(hours=1)


def apply_changed_rules(
    *,
    now: datetime,
    may_go_on: Callable[[], bool] = lambda: True,
    on_batch: Callable[[int], None] = lambda _moved: None,
) -> int:
    """Apply every rule that was changed or taken back to the media that are there; answers how many rows moved.

    The change is committed before this begins. Between two batches `may_go_on` is asked, and `on_batch` told how many
    rows have moved so far.
    """
    moved = 0
    for rule in RetentionRule.objects.filter(applied_at=None).order_by("changed_at"):
        if not _begin_pass(rule, now=now):
            continue
        rows = _spoken_of(rule)
        while may_go_on():
            count, is_over = _next_batch(rule, rows)
            moved += count
            on_batch(moved)
            if is_over:
                reached("retention.rule_applied")
                _end_pass(rule, now=now)
                break
    return moved


def is_unfinished() -> bool:
    """Whether a rule has not been through its media since it was changed, or is on its way through them again."""
    under_way = RetentionRule.objects.filter(applied_at=None, pass_began_at__isnull=False)
    return (RetentionRule.objects.unpassed() | under_way).exists()


def _begin_pass(rule: RetentionRule, *, now: datetime) -> bool:
    """True where one is under way; False for a rule that was changed, or whose pass was begun, in this moment."""
    if rule.pass_began_at is None:
        if not _as_read(rule).update(pass_began_at=now, passed_to=None):
            return False
        rule.pass_began_at = now
    return True


def _as_read(rule: RetentionRule) -> RetentionRuleQuerySet:
    """The row, unless it was changed, or its pass ended, since it was read."""
    return RetentionRule.objects.filter(pk=rule.pk, changed_at=rule.changed_at, pass_began_at=rule.pass_began_at)


def _spoken_of(rule: RetentionRule) -> MediaQuerySet:
    """They alone can have changed their rule."""
    rows = Media.objects.reachable().stored()
    for column in ("app_id", "direction", "kind", "delivery"):
        if value := getattr(rule, column):
            rows = rows.filter(**{column: value})
    return rows


def _next_batch(rule: RetentionRule, rows: MediaQuerySet) -> tuple[int, bool]:
    """How many rows moved, and whether nothing is left to do for this run."""
    left = rows if rule.passed_to is None else rows.filter(pk__gt=rule.passed_to)
    with giving_way.turn(), transaction.atomic():
        batch = _locked(left)
        if not batch:
            return 0, True
        moved = _reckon_anew(Media.objects.filter(pk__in=batch))
        rule.passed_to = batch[-1]
        reached("retention.rule_batch_moved")
        is_ours = _as_read(rule).update(passed_to=rule.passed_to)
    reached("retention.rule_batch_applied")
    return moved, not is_ours


def _locked(rows: MediaQuerySet) -> list[uuid.UUID]:
    # In the order of their ids: two rules that are applied at once then never wait for one another in a ring.
    locked = rows.order_by("pk").select_for_update(no_key=True, of=("self",))
    return list(locked.values_list("pk", flat=True)[: BATCH_ROWS[connection.vendor]])


def _reckon_anew(rows: MediaQuerySet) -> int:
    """Write those that a pass before this one has not."""
    anew = rows.annotate(anew=expires_by_rules(), label=label_by_rules())
    before = Coalesce(F("brought_forward_from"), F("expires_at"))
    return anew.exclude(Q(expires_at=F("anew")) & Q(expiry_rule=F("label"))).update(
        # Every expression sees the row as it was before this statement.
        expires_at=F("anew"),
        expiry_rule=F("label"),
        brought_forward_from=Case(When(LessThan(F("anew"), before), then=before), default=None),
    )


def _end_pass(rule: RetentionRule, *, now: datetime) -> None:
    """The change is history where no upload can still be under way that read the table before it.

    Otherwise there will be another pass. A rule that was changed meanwhile stays as it is; one that was taken back
    is forgotten.
    """
    row = _as_read(rule)
    last_upload_ends = rule.changed_at + timedelta(seconds=settings.UPLOAD_DEADLINE_SECONDS) + SWEEP_IS_LATE
    if rule.pass_began_at is None or rule.pass_began_at < last_upload_ends:
        row.update(pass_began_at=None, passed_to=None, passed_at=now)
    elif rule.removed_at is None:
        row.update(applied_at=now, pass_began_at=None, passed_to=None, passed_at=now)
    else:
        row.delete()
