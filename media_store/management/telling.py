"""Telling: a forecast as a table, and what is known of one media as lines."""

import datetime as dt
from collections.abc import Iterator

from devices.management.door import written
from devices.management.output import flattened
from media_store.explaining import Explanation, Keeping, ObjectFacts, ObjectState
from media_store.management import tables
from media_store.management.measures import counted, written_size
from media_store.models import LegalHold
from media_store.retention import Forecast
from media_store.retention.forecast import Group, Why, counted_apps

HEAD = ("app", "kind", "what becomes of them", "media", "size")
NUMBERS = frozenset({3, 4})
WHY = {
    Why.EXPIRED: "go: expired",
    Why.BROUGHT_FORWARD: "go: expired since a rule was changed",
    Why.CHOSEN: "go: chosen, not expired",
}
WAITING = "stay: a changed rule is still being applied"


def forecast_lines(plan: Forecast) -> list[str]:
    """What would go and why, by app and kind, and what stays."""
    rows = [row for group in plan.groups for row in _rows(group, _app(group, plan))]
    if not rows:
        return ["Nothing to purge."]
    total = ("", "", "in all", f"{plan.going():,}", written_size(plan.going_bytes()))
    return tables.lines(HEAD, [*rows, total], numbers=NUMBERS)


def forecast_facts(plan: Forecast) -> dict[str, object]:
    """The same in numbers."""
    return {
        "chosen": plan.going(),
        "chosen_bytes": plan.going_bytes(),
        "expired": plan.going(Why.EXPIRED),
        "brought_forward": plan.going(Why.BROUGHT_FORWARD),
        "not_expired": plan.going(Why.CHOSEN),
        "held": plan.held(),
        "waiting": sum(group.media for group in plan.groups if group.waits),
        "braked": sum(stopped.chosen for stopped in plan.braked),
        "limit": plan.limit,
    }


def _rows(group: Group, app: str) -> Iterator[tuple[str, ...]]:
    if group.media:
        what = WAITING if group.waits else "stay: stopped by the brake" if group.braked else WHY[group.why]
        yield app, group.kind, what, f"{group.media:,}", written_size(group.bytes)
    if group.held:
        yield app, group.kind, "stay: under a legal hold", f"{group.held:,}", written_size(group.held_bytes)


def _app(group: Group, plan: Forecast) -> str:
    is_known = counted_apps(plan.groups)[group.app_name] == 1
    return group.app_name if is_known else f"{group.app_name} ({group.app_id})"


def explanation_lines(known: Explanation) -> list[str]:
    """Lines for people: what, how long, what holds it, how it went or will go, its object."""
    device = f", device {known.device_name!r}" if known.device_id else ""
    described = " ".join(filter(None, (known.direction, known.kind)))
    facts: list[tuple[str, str]] = [
        ("path", known.path),
        ("status", f"{known.status}{f' ({known.reason})' if known.reason else ''}"),
        ("media", f"{known.media_id}, {f'{described}, ' if described else ''}{written_size(known.size)}"),
        ("app", f"{known.app_name!r}{device}"),
        ("arrived", _moment(known.created_at)),
        *(_delivery(known)),
        *(_keeping(known.keeping) if known.keeping else ()),
        *(("held", _hold(hold)) for hold in known.holds),
        *(_going(known)),
        ("object", _object(known.object)),
    ]
    width = max(len(name) for name, _ in facts)
    return [*(f"{name.ljust(width)}  {what}" for name, what in facts), known.verdict]


def _delivery(known: Explanation) -> Iterator[tuple[str, str]]:
    if known.delivery:
        yield "delivery", known.delivery + (f", {_moment(known.delivered_at)}" if known.delivered_at else "")


def _keeping(keeping: Keeping) -> Iterator[tuple[str, str]]:
    yield "rule", keeping.rule
    if keeping.rule_now:
        yield "rule now", f"{keeping.rule_now} (still to be applied)"
    if keeping.days is not None:
        yield "counted", f"{counted(keeping.days, 'day')} from {_moment(keeping.counted_from)}"
    yield "expires", _moment(keeping.expires_at)
    if keeping.brought_forward_from is not None:
        yield "before", f"{_moment(keeping.brought_forward_from)}, until a rule was changed"
    yield "at least", f"until {_moment(keeping.floor)} (RETENTION_FLOOR_DAYS)"
    yield "at most", f"until {_moment(keeping.ceiling)} (RETENTION_CEILING_DAYS)"


def _hold(hold: LegalHold) -> str:
    until = _moment(hold.until) if hold.until else "it is released"
    return f"by hold {hold.pk} on the {hold.scope}, until {until}: {flattened(hold.reason)} ({hold.set_by})"


def _going(known: Explanation) -> Iterator[tuple[str, str]]:
    if known.going is not None:
        by = f", by {known.going.by}" if known.going.by else ""
        choice = f" ({known.going.choice})" if known.going.choice else ""
        yield "went", f"{_moment(known.going.at)}: {known.going.reason}{by}{choice}"
    if known.forgotten_at is not None:
        yield "forgotten", _moment(known.forgotten_at)


def _object(facts: ObjectFacts) -> str:
    if facts.state == ObjectState.STORED:
        shared = counted(facts.shared_with, "other media", "other media")
        return f"stored; shared with {shared}" if facts.shared_with else "stored; shared with nobody"
    if facts.state == ObjectState.DELETED:
        return "deleted from the store"
    if facts.state == ObjectState.NONE:
        return "none: its bytes never came"
    what = {ObjectState.RELEASED: "let go of", ObjectState.CONDEMNED: "condemned"}[facts.state]
    due = f"; to be deleted from {_moment(facts.due_at)} on" if facts.due_at else ""
    return f"{what}{due}" + (f"; the store refused: {facts.error}" if facts.error else "")


def explanation_facts(known: Explanation) -> dict[str, object]:
    """The same flat, for programs; holds are a list."""
    keeping, going = known.keeping, known.going
    return {
        "path": known.path,
        "media_id": str(known.media_id),
        "app_id": str(known.app_id),
        "device_id": str(known.device_id) if known.device_id else None,
        "status": known.status,
        "reason": known.reason,
        "kind": known.kind,
        "direction": known.direction,
        "size": known.size,
        "sha256": known.sha256,
        "created_at": written(known.created_at),
        "delivery": known.delivery,
        "delivered_at": written(known.delivered_at),
        "rule": keeping.rule if keeping else None,
        "rule_days": keeping.days if keeping else None,
        "rule_now": (keeping.rule_now or keeping.rule) if keeping else None,
        "expires_at": written(keeping.expires_at) if keeping else None,
        "brought_forward_from": written(keeping.brought_forward_from) if keeping else None,
        "floor_at": written(keeping.floor) if keeping else None,
        "ceiling_at": written(keeping.ceiling) if keeping else None,
        "holds": [hold_facts(hold) for hold in known.holds],
        "went_at": written(going.at) if going else None,
        "went_because": going.reason if going else None,
        "went_by": going.by if going else None,
        "forgotten_at": written(known.forgotten_at),
        "object": known.object.state.value,
        "object_shared_with": known.object.shared_with,
        "object_due_at": written(known.object.due_at),
        "object_error": known.object.error,
        "verdict": known.verdict,
    }


def hold_facts(hold: LegalHold) -> dict[str, object]:
    """A hold, flat."""
    return {
        "hold_id": hold.pk,
        "scope": hold.scope,
        "subject": hold.subject,
        "app_id": str(hold.app_id),
        "device_id": str(hold.device_id) if hold.device_id else None,
        "media_id": str(hold.media_id) if hold.media_id else None,
        "reason": hold.reason,
        "set_at": written(hold.set_at),
        "set_by": hold.set_by,
        "until": written(hold.until),
        "released_at": written(hold.released_at),
        "released_by": hold.released_by,
    }


def _moment(moment: dt.datetime | None) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "never"
