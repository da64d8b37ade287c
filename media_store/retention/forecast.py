"""Forecast: what a purge of these rows would take and why, and what would stay; nothing is written."""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Case, CharField, Count, Sum, Value, When

from media_store.models import MediaQuerySet
from media_store.retention.brake import Braked, braked, changing

ANY_NUMBER = 10**9


class Why(StrEnum):
    """Why a media would go."""

    EXPIRED = "expired"
    BROUGHT_FORWARD = "brought_forward"
    CHOSEN = "chosen"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Media of one app and kind that would go for one reason; of them `held` stay. Sizes in bytes.

    Stopped by the brake, or waiting for a changed rule to be through with its media, all of them stay.
    """

    app_id: uuid.UUID
    app_name: str
    kind: str
    why: Why
    media: int
    bytes: int
    held: int
    held_bytes: int
    braked: bool
    waits: bool


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a purge would do. `limit` bounds what goes, whatever the groups say."""

    groups: list[Group]
    braked: list[Braked]
    limit: int | None

    def going(self, *whys: Why) -> int:
        """How many media would go for these reasons (all of them where none is named), the limit left aside."""
        return sum(group.media for group in self._going(whys))

    def going_bytes(self) -> int:
        """And how many bytes they let go of, shared ones counted each time."""
        return sum(group.bytes for group in self._going(()))

    def held(self) -> int:
        """How many stay because they are held."""
        return sum(group.held for group in self.groups)

    def needs_asking(self) -> bool:
        """Whether anything would go that did not merely expire."""
        merely = self.going(Why.EXPIRED)
        return self.going() > merely and (self.limit is None or self.limit > merely)

    def _going(self, whys: tuple[Why, ...]) -> Iterable[Group]:
        going = (group for group in self.groups if not group.braked and not group.waits)
        return (group for group in going if not whys or group.why in whys)


Key = tuple[uuid.UUID, str, str, str]
Counts = dict[Key, tuple[int, int]]


def forecast(rows: MediaQuerySet, *, limit: int | None = None, force: bool = False, now: datetime) -> Forecast:
    """What `purge` would take of these rows now. Two counts over all of them."""
    chosen = rows.stored().filter(app__destroyed_at=None)
    all_counts, free_counts = _counts(chosen, now=now), _counts(chosen.unheld(now=now), now=now)
    merely = sum(count for (*_, why), (count, _) in free_counts.items() if why == Why.EXPIRED)
    left = ANY_NUMBER if limit is None else max(0, limit - merely)
    waiting = set() if force else _waiting(free_counts)
    stopped = [] if force else braked(_weighed(free_counts, but=waiting, limit=left), now=now)
    stopped_ids = {one.app_id for one in stopped}
    groups = [
        _group(
            key,
            total,
            free_counts.get(key, (0, 0)),
            is_braked=key[0] in stopped_ids and key[3] != Why.EXPIRED,
            waits=key in waiting,
        )
        for key, total in sorted(all_counts.items(), key=lambda item: (item[0][1], *item[0][2:], item[0][0]))
    ]
    return Forecast(groups=groups, braked=stopped, limit=limit)


def _waiting(counts: Counts) -> set[Key]:
    """What a rule has brought forward that is not through with its media."""
    now_changing = changing()
    return {key for key in counts if key[3] == Why.BROUGHT_FORWARD and now_changing.holds(key[0])}


def _weighed(counts: Counts, *, but: set[Key], limit: int) -> dict[uuid.UUID, int]:
    """How many of each app would go that did not merely expire."""
    sums: Counter[uuid.UUID] = Counter()
    for key, (count, _) in counts.items():
        if key[3] != Why.EXPIRED and key not in but:
            sums[key[0]] += count
    return {app_id: min(count, limit) for app_id, count in sums.items()}


def counted_apps(groups: Iterable[Group]) -> Counter[str]:
    """How many apps bear each name, for whoever shows them by it."""
    return Counter(name for _, name in {(group.app_id, group.app_name) for group in groups})


def _counts(rows: MediaQuerySet, *, now: datetime) -> Counts:
    why = Case(
        When(expires_at__gt=now, then=Value(Why.CHOSEN.value)),
        When(brought_forward_from__gt=now, then=Value(Why.BROUGHT_FORWARD.value)),
        default=Value(Why.EXPIRED.value),
        output_field=CharField(),
    )
    grouped = rows.order_by().annotate(why=why).values_list("app_id", "app__name", "kind", "why")
    return {
        (app_id, name, kind, reason): (count, size)
        for app_id, name, kind, reason, count, size in grouped.annotate(Count("pk"), Sum("size"))
    }


def _group(key: Key, total: tuple[int, int], free: tuple[int, int], *, is_braked: bool, waits: bool) -> Group:
    app_id, app_name, kind, why = key
    return Group(
        app_id=app_id,
        app_name=app_name,
        kind=kind,
        why=Why(why),
        media=free[0],
        bytes=free[1],
        held=max(0, total[0] - free[0]),
        held_bytes=max(0, total[1] - free[1]),
        braked=is_braked,
        waits=waits,
    )
