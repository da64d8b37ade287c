"""Rules of retention are set and taken back; the media that are there follow by a task."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from devices import audit
from devices.models import App, AuditEvent
from media_store import kinds
from media_store.errors import RuleRefused
from media_store.models import Media, RetentionRule
from media_store.models.rules import WEIGHT_OF_APP, WEIGHT_OF_DELIVERY, WEIGHT_OF_DIRECTION, WEIGHT_OF_KIND

# A change begins at the first media, whatever the last one had come to.
NOT_APPLIED: dict[str, None] = {"applied_at": None, "pass_began_at": None, "passed_to": None, "passed_at": None}


def set_rule(  # noqa: PLR0913 - what a rule says, each by its name
    *, app: App | None, direction: str = "", kind: str = "", delivery: str = "", keep_days: int, now: datetime, by: str
) -> RetentionRule:
    """Make or change the rule for exactly these. Errors: `RuleRefused`; `NotFound` once the app goes."""
    check_rule(direction=direction, kind=kind, delivery=delivery, keep_days=keep_days)
    label = _label(app, direction, kind, delivery, keep_days)
    values = {
        "keep_days": keep_days,
        "weight": weight_of(app, direction, kind, delivery),
        "label": label,
        "changed_at": now,
        "changed_by": by,
        **NOT_APPLIED,
        "removed_at": None,
    }
    with transaction.atomic():
        if app is not None:
            # Against the end of the app, which takes the rules that it sees.
            App.objects.lock_living(pk=app.pk)
        rule, _ = RetentionRule.objects.update_or_create(
            app=app, direction=direction, kind=kind, delivery=delivery, defaults=values
        )
        _tell(rule, now=now, by=by, removed=False)
    return rule


def remove_rule(rule: RetentionRule, *, now: datetime, by: str) -> bool:
    """Take the rule back: what it spoke of falls to the next one. False if it was already."""
    with transaction.atomic():
        removed = RetentionRule.objects.in_force().filter(pk=rule.pk)
        if not removed.update(removed_at=now, changed_at=now, changed_by=by, **NOT_APPLIED):
            return False
        _tell(rule, now=now, by=by, removed=True)
    return True


def check_rule(*, direction: str, kind: str, delivery: str, keep_days: int) -> None:
    """Raise `RuleRefused` for a rule that cannot be meant."""
    _refuse_unknown("direction", direction, Media.Direction.values)
    _refuse_unknown("kind", kind, list(kinds.DEFAULTS))
    _refuse_unknown("delivery", delivery, Media.Delivery.values)
    if delivery and direction not in ("", Media.Direction.OUTBOUND):
        raise RuleRefused(f"Only outbound media is delivered; a rule for {direction} cannot name a delivery state.")
    least, most = settings.RETENTION_FLOOR_DAYS, settings.RETENTION_CEILING_DAYS
    if not least <= keep_days <= most:
        raise RuleRefused(
            f"Media is kept from {least} to {most} days here (RETENTION_FLOOR_DAYS, RETENTION_CEILING_DAYS); "
            f"{keep_days} is outside."
        )


def _refuse_unknown(what: str, word: str, known: list[str]) -> None:
    if word and word not in known:
        raise RuleRefused(f"There is no {what} {word!r}; choose from {', '.join(known)}.")


def weight_of(app: App | None, direction: str, kind: str, delivery: str) -> int:
    """How much a rule for these weighs against others; no two that speak of one media weigh the same."""
    named = (
        (app, WEIGHT_OF_APP),
        (direction, WEIGHT_OF_DIRECTION),
        (kind, WEIGHT_OF_KIND),
        (delivery, WEIGHT_OF_DELIVERY),
    )
    return sum(weight for what, weight in named if what)


def _label(app: App | None, direction: str, kind: str, delivery: str, keep_days: int) -> str:
    whose = "this app" if app else "every app"
    what = " ".join(word for word in (direction, kind, delivery) if word) or "all media"
    return f"{whose}: {what}, {keep_days} {'day' if keep_days == 1 else 'days'}"


def _tell(rule: RetentionRule, *, now: datetime, by: str, removed: bool) -> None:
    action = AuditEvent.Action.RETENTION_CHANGED
    details = {"removed": removed}
    audit.record(audit.event(action, now=now, by=by, subject=rule.label, app_id=rule.app_id, details=details))
