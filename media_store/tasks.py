"""Tasks: doors that a worker opens. Each is a hint; a sweep finds what a lost hint left behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from time import monotonic

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from devices.hinting import hint
from devices.places import Places
from media_store import collection, destruction, ingest, leases, retention, runs, spool, store_mark
from media_store.errors import StorageFault
from media_store.models import Media, PurgeRun

# Doors ask here for what they hint.
__all__ = ["hint"]

BY = "beat"
MayGoOn = Callable[[], bool]

# The other threads are left to all other work, whatever slow sources there are.
_places = Places(settings.FETCH_PLACES)


@shared_task
def finish_destroyed() -> int:
    """Remove the media of every device and app that is marked destroyed, then their rows."""
    marked = destruction.marked()
    if not marked:
        return 0
    with _alone("destruction") as may_go_on:
        if may_go_on is None:
            return 0
        now = timezone.now()
        with runs.run(PurgeRun.Work.DESTRUCTION, by=BY, now=now, only_if_worked=True) as row:
            destruction.finish_destroyed(now=now, may_go_on=may_go_on, on_batch=_adder(row))
    # The hint of what was marked behind our look found us at work, and went.
    if destruction.marked() - marked:
        hint(finish_destroyed)
    return row.rows


@shared_task
def fetch_next() -> str:
    """Fetch the URL that has waited longest and may be; then ask for the next, behind whatever else waits."""
    if not _places.enter():
        return ""
    media = None
    status = ""
    try:
        now = timezone.now()
        media = ingest.claim(now=now)
        if media is not None:
            status = ingest.fetch(media, now=now)
    finally:
        turned_away = _places.leave()
    _ask_for_fetches(turned_away if media is None else turned_away + 1)
    return status


@shared_task
def fetch_due() -> int:
    """Ask for every URL that is due: those whose hint was lost, whose wait is over, whose fetcher died."""
    return _ask_for_fetches(settings.FETCH_PLACES)


def _ask_for_fetches(most: int) -> int:
    """As many as are due, and there are places for."""
    most = min(most, settings.FETCH_PLACES)
    count = len(ingest.due(now=timezone.now()).values_list("pk", flat=True)[:most]) if most else 0
    for _ in range(count):
        hint(fetch_next)
    return count


@shared_task
def purge_expired() -> int:
    """Turn what has expired into tombstones; leaves a run behind where there was anything to do."""
    now = timezone.now()
    expired = Media.objects.expired(now=now)
    if not retention.is_due(now=now):
        return 0
    with _alone("purge") as may_go_on:
        if may_go_on is None:
            return 0
        with _told_run(PurgeRun.Work.PURGE, choice="expired", now=now) as row:
            # What cannot be deleted afterwards is not let go of: no purge looks like success on a wrong store.
            store_mark.prove(now=now)

            def note(sums: retention.Purged) -> None:
                row.rows, row.bytes = sums.rows, sums.bytes
                runs.note(row)

            purged = retention.purge(expired, now=now, may_go_on=may_go_on, on_batch=note)
            if purged.braked:
                row.outcome = PurgeRun.Outcome.STOPPED
                row.error = " ".join(stopped.sentence for stopped in purged.braked)
        return row.rows


@shared_task
def collect() -> int:
    """Condemn what was let go of and what was given up, and delete the objects that are due."""
    now = timezone.now()
    with _alone("collection") as may_go_on:
        if may_go_on is None:
            return 0
        collection.give_up_uploads(now=now)
        collection.condemn_released(now=now, may_go_on=may_go_on)
        return _collect(may_go_on) if collection.is_any_due(now=now) else 0


def _collect(may_go_on: MayGoOn) -> int:
    now = timezone.now()
    with _told_run(PurgeRun.Work.COLLECTION, now=now) as row:

        def note(sums: collection.Collected) -> None:
            row.objects_deleted, row.bytes = sums.objects, sums.bytes
            row.errors, row.error = sums.failed, sums.error
            runs.note(row)

        collection.collect(now=now, may_go_on=may_go_on, on_batch=note)
    return row.objects_deleted


def _adder(row: PurgeRun) -> Callable[[int], None]:
    def add(count: int) -> None:
        row.rows += count
        runs.note(row)

    return add


@contextmanager
def _told_run(work: PurgeRun.Work, *, choice: str = "", now: datetime) -> Iterator[PurgeRun]:
    """A run by beat. It tells what the store would not do, and the next beat tries again: no traceback each time."""
    with suppress(StorageFault), runs.run(work, by=BY, choice=choice, now=now) as row:
        yield row


@shared_task
def apply_retention_rules() -> int:
    """Apply the rules that were changed to the media that are there; what is left over is asked for at once."""
    with _alone("rules") as may_go_on:
        if may_go_on is None:
            return 0
        moved = retention.apply_changed_rules(now=timezone.now(), may_go_on=may_go_on)
    # Time was up; or the hint of what was changed behind our look found us at work, and went.
    if retention.is_unfinished():
        hint(apply_retention_rules)
    return moved


@shared_task
def sweep_windows() -> int:
    """Delete tombstones, failed media, accounts and runs that are past their windows."""
    with _alone("windows") as may_go_on:
        if may_go_on is None:
            return 0
        now = timezone.now()
        with runs.run(PurgeRun.Work.WINDOWS, by=BY, now=now, only_if_worked=True) as row:
            retention.sweep_windows(now=now, may_go_on=may_go_on, on_batch=_adder(row))
        return row.rows


@shared_task
def announce_expiring() -> int:
    """Tell the apps that listen of the media that will soon expire."""
    with _alone("expiring") as may_go_on:
        return 0 if may_go_on is None else retention.announce_expiring(now=timezone.now(), may_go_on=may_go_on)


@shared_task
def note_unreferenced() -> int:
    """Note the objects that nothing refers to, and of which nobody has told."""
    return collection.note_unreferenced(now=timezone.now())


@shared_task
def sweep_spool() -> int:
    """Remove what killed uploads left in the spool of this machine."""
    return spool.sweep(folder=settings.SPOOL_DIR)


@contextmanager
def _alone(work: str) -> Iterator[MayGoOn | None]:
    """A lease, and what to ask between batches: whether there is time left, and whether the work is still ours."""
    ends_at = monotonic() + settings.TASK_WORK_SECONDS
    with leases.lease(work) as held:
        yield None if held is None else lambda: monotonic() < ends_at and held.renew()
