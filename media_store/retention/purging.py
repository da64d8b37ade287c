"""Purge: media that expired, or that an operator chose, become tombstones, in batches that may be killed."""

import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from devices import audit, webhooks
from devices.models import App, AuditEvent
from media_store import giving_way
from media_store.failpoints import reached
from media_store.models import Media, MediaQuerySet
from media_store.retention.brake import Braked, apps_of, changing, weigh
from media_store.retention.entombing import entomb
from problems.errors import NotFound

# A batch takes a fraction of a second, in which nobody can set a hold and on SQLite nobody else can write.
BATCH_ROWS = {"postgresql": 5_000, "sqlite": 1_000}
# An event and its body cost as much as so many tombstones.
EVENT_WEIGHT = 4


@dataclass(kw_only=True)
class Purged:
    """What went: rows, and the bytes they let go of (which collection frees where nobody else refers to them)."""

    rows: int = 0
    bytes: int = 0
    braked: list[Braked] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Batch:
    media_ids: list[uuid.UUID]
    bytes: int
    last: datetime


Tell = Callable[[uuid.UUID, _Batch], None]


def purge(  # noqa: PLR0913 - how a run is to go, each by its name
    rows: MediaQuerySet,
    *,
    reason: str = "retention",
    now: datetime,
    batch_rows: int | None = None,
    limit: int | None = None,
    force: bool = False,
    by: str = "",
    choice: str = "",
    on_batch: Callable[[Purged], None] = lambda _: None,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Purged:
    """Take those of these rows that have their bytes and that no hold keeps.

    First what merely expired; then, unless the brake stops it for an app, the rest, but for what waits for a rule that
    is being applied. `on_batch` hears the sums so far after each batch; `may_go_on` is asked before each. `limit` is in
    rows, for the whole run; `batch_rows` are at most in one transaction, fewer where webhooks are told of each. Where
    somebody chose (`by`), each batch that did not merely expire is told in the trail, with `choice` as it was typed.
    """
    sums = Purged()
    most = batch_rows or BATCH_ROWS[connection.vendor]

    def take(
        chosen: MediaQuerySet, *, why: str, bounds: Mapping[uuid.UUID, int] | None = None, tell: Tell = _tell_nobody
    ) -> None:
        def count() -> int:
            return min(most, _left(limit, sums))

        for batch in _batches(chosen, bounds, reason=why, now=now, most=count, tell=tell, go=may_go_on):
            sums.rows += len(batch.media_ids)
            sums.bytes += batch.bytes
            reached("retention.batch_purged")
            on_batch(sums)

    take(rows.merely_expired(now=now), why="retention")
    rest = rows.not_merely_expired(now=now).unheld(now=now)
    tell = _teller(reason, by=by, choice=choice, now=now) if by else _tell_nobody
    if force:
        take(rest, why=reason, tell=tell)
        return sums
    weighed = weigh(rest, limit=_left(limit, sums), now=now)
    sums.braked = weighed.braked
    take(weighed.rows, why=reason, bounds=weighed.most, tell=tell)
    return sums


def is_due(*, now: datetime) -> bool:
    """Whether anything has expired that no hold keeps, and that waits for no rule."""
    expired = Media.objects.expired(now=now).unheld(now=now)
    return next(apps_of(changing().pass_over(expired, now=now), now=now), None) is not None


def _tell_nobody(_app_id: uuid.UUID, _batch: _Batch) -> None:
    """What expired by its rule is nobody's choice."""


def _teller(reason: str, *, by: str, choice: str, now: datetime) -> Tell:
    def tell(app_id: uuid.UUID, batch: _Batch) -> None:
        details = {"media": len(batch.media_ids), "bytes": batch.bytes, "reason": reason}
        action = AuditEvent.Action.MEDIA_PURGED
        audit.record(audit.event(action, now=now, by=by, subject=choice, app_id=app_id, details=details))

    return tell


def _left(limit: int | None, sums: Purged) -> int:
    return limit - sums.rows if limit is not None else 10**9


def _batches(  # noqa: PLR0913 - how a batch is taken, each by its name
    rows: MediaQuerySet,
    bounds: Mapping[uuid.UUID, int] | None,
    *,
    reason: str,
    now: datetime,
    most: Callable[[], int],
    tell: Tell,
    go: Callable[[], bool],
) -> Iterator[_Batch]:
    """App by app, each from what expired first; what is passed over (held, or in other hands) is not met again.

    Of an app go no more than its bound, where there are any.
    """
    for app_id in list(apps_of(rows, now=now)):
        since: datetime | None = None
        told = webhooks.listeners(app_id, webhooks.Event.MEDIA_PURGED)
        left = sys.maxsize if bounds is None else bounds.get(app_id, 0)
        while go() and (count := min(_at_once(most(), told=told), left)) > 0:
            chosen = rows.filter(app_id=app_id)
            if since is not None:
                chosen = chosen.filter(expires_at__gte=since)
            with giving_way.turn():
                batch = _take_batch(app_id, chosen, reason=reason, now=now, count=count, tell=tell)
            if batch is None:
                break
            since = batch.last
            left -= len(batch.media_ids)
            yield batch


def _at_once(rows: int, *, told: int) -> int:
    """So many rows take as long with their events, one for each endpoint that is told, as they would without."""
    return max(1, rows // (1 + EVENT_WEIGHT * told)) if rows > 0 else rows


def _take_batch(  # noqa: PLR0913 - as above
    app_id: uuid.UUID, rows: MediaQuerySet, *, reason: str, now: datetime, count: int, tell: Tell
) -> _Batch | None:
    """One transaction: the app locked, then, in a new statement, what is not held; then notes and tombstones."""
    try:
        with transaction.atomic():
            App.objects.lock_shared(pk=app_id)
            reached("retention.purge.app_locked")
            # Rows that somebody else has locked are being removed by him, or are met by the next run.
            chosen = (
                rows.unheld(now=now)
                .order_by("expires_at")
                .select_for_update(no_key=True, skip_locked=True, of=("self",))
            )
            found = list(chosen.values_list("pk", "size", "expires_at")[:count])
            if not found:
                return None
            sizes = sum(size for _, size, _ in found)
            batch = _Batch(media_ids=[pk for pk, _, _ in found], bytes=sizes, last=found[-1][2])
            entomb(batch.media_ids, app_id=app_id, reason=reason, now=now)
            tell(app_id, batch)
    except NotFound:
        return None
    return batch
