"""Windows: what is kept for a while after it has lost its use, and swept when that has passed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from devices.models import App
from media_store import giving_way
from media_store.failpoints import reached
from media_store.models import DestroyedMedia, LegalHold, Media, PurgeRun

BATCH_ROWS = {"postgresql": 5_000, "sqlite": 1_000}


def sweep_windows(
    *, now: datetime, may_go_on: Callable[[], bool] = lambda: True, on_batch: Callable[[int], None] = lambda _: None
) -> int:
    """Delete tombstones, failed and omitted media, accounts of destruction, holds and runs past their windows.

    Answers how many rows that were.
    `may_go_on` is asked before each batch, `on_batch` is told how many rows each took.
    """
    audited = now - timedelta(days=settings.AUDIT_DAYS)
    failed = now - timedelta(days=settings.FAILED_KEEP_DAYS)
    run = now - timedelta(days=settings.RUNS_KEEP_DAYS)
    media = Media.objects.filter(blob=None).unheld(now=now)
    never_here = media.filter(status=Media.Status.FAILED, purged_at=None)
    # What was never carried has no bytes to purge: all that its rule keeps is the row.
    omitted = media.filter(status=Media.Status.OMITTED, expires_at__lte=now)
    sweeps = (
        # Each in the order of the index that finds it, so that no batch walks past what stays.
        lambda: _sweep_media(media.filter(purged_at__lte=audited).order_by("purged_at")),
        # What was stored and got lost is a tombstone too.
        lambda: _sweep_media(never_here.filter(created_at__lte=failed).order_by("created_at")),
        lambda: _sweep_media(omitted.order_by("expires_at")),
        lambda: _sweep(DestroyedMedia.objects.filter(destroyed_at__lte=audited).order_by("destroyed_at")),
        lambda: _sweep(LegalHold.objects.filter(released_at__lte=audited).order_by("released_at")),
        lambda: _sweep(LegalHold.objects.filter(until__lte=audited).order_by("until")),
        lambda: _sweep(PurgeRun.objects.filter(started_at__lte=run).order_by("started_at")),
    )
    return sum(_whole(sweep, may_go_on, on_batch) for sweep in sweeps)


def _whole(sweep: Callable[[], int], may_go_on: Callable[[], bool], on_batch: Callable[[int], None]) -> int:
    swept = 0
    while may_go_on():
        with giving_way.turn():
            count = sweep()
        if not count:
            break
        swept += count
        on_batch(count)
        reached("retention.window_swept")
    return swept


def _sweep_media(rows: QuerySet[Media]) -> int:
    """A batch of one app's rows that have no bytes any more and are not held, by the rule of all who remove media."""
    app_id = rows.values_list("app_id", flat=True).first()
    if app_id is None:
        return 0
    with transaction.atomic():
        # Whether they are held is asked after the lock, in a new statement.
        App.objects.lock_shared(pk=app_id)
        chosen = _some(rows.filter(app_id=app_id))
        reached("retention.window_chosen")
        # What was omitted may have been given its bytes meanwhile.
        return _delete(Media.objects.filter(pk__in=chosen, blob=None))


def _sweep(rows: QuerySet[Any]) -> int:
    with transaction.atomic():
        return _delete(rows.filter(pk__in=_some(rows)))


def _some(rows: QuerySet[Any]) -> list[Any]:
    # In the order of the window's own index: in that of the ids, every row that stays would be passed first. What
    # somebody else has locked is being removed by him, or is met by the next run: to wait for him, with others locked,
    # could be to wait in a ring.
    some = rows.select_for_update(skip_locked=True).values_list("pk", flat=True)
    return list(some[: BATCH_ROWS[connection.vendor]])


def _delete(rows: QuerySet[Any]) -> int:
    # Past the querysets' own delete(), which is shut: these rows stand for no bytes. None where there are none at all.
    return int(rows._raw_delete(rows.db) or 0)
