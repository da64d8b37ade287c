"""Tasks: doors that a worker opens. Each is a hint; a sweep finds what a lost hint left behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import structlog
from celery import Task, shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from media_store import collection, destruction, leases, retention, runs, spool
from media_store.errors import StorageUnavailable
from media_store.models import Media, PurgeRun

BY = "beat"
MayGoOn = Callable[[], bool]

log = structlog.get_logger(__name__)


@shared_task
def finish_destroyed() -> int:
    """Remove the media of every device and app that is marked destroyed, then their rows."""
    with _alone("destruction") as may_go_on:
        return destruction.finish_destroyed(now=timezone.now(), may_go_on=may_go_on) if may_go_on else 0


@shared_task
def purge_expired() -> int:
    """Turn what has expired into tombstones; leaves a run behind where there was anything to do."""
    now = timezone.now()
    if not retention.is_any_expired(now=now):
        return 0
    with _alone("purge") as may_go_on:
        if may_go_on is None:
            return 0
        with runs.run(PurgeRun.Work.PURGE, by=BY, choice="expired", now=now) as row:
            purged = retention.purge(Media.objects.expired(now=now), now=now, may_go_on=may_go_on)
            row.rows, row.bytes = purged.rows, purged.bytes
            if purged.braked:
                row.outcome = PurgeRun.Outcome.STOPPED
                row.error = " ".join(stopped.sentence for stopped in purged.braked)
        return purged.rows


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
    with runs.run(PurgeRun.Work.COLLECTION, by=BY, now=now) as row:
        try:
            collected = collection.collect(now=now, may_go_on=may_go_on)
        except StorageUnavailable as fault:
            # The run tells it, and the next beat tries again: no traceback each time.
            row.outcome, row.errors, row.error = PurgeRun.Outcome.FAILED, 1, runs.told(fault)
            return 0
        row.objects_deleted, row.bytes = collected.objects, collected.bytes
        row.errors, row.error = collected.failed, collected.error
    return collected.objects


@shared_task
def apply_retention_rules() -> int:
    """Apply the rules that were changed to the media that are there."""
    return retention.apply_changed_rules(now=timezone.now())


@shared_task
def sweep_windows() -> int:
    """Delete tombstones, failed media, accounts and runs that are past their windows."""
    with _alone("windows") as may_go_on:
        return retention.sweep_windows(now=timezone.now(), may_go_on=may_go_on) if may_go_on else 0


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


def hint(task: "Task[..., Any]", **arguments: Any) -> None:
    """Ask for a task once this transaction has committed; the beat finds what a lost hint left."""
    transaction.on_commit(_publisher(task, arguments))


def _publisher(task: "Task[..., Any]", arguments: dict[str, Any]) -> Callable[[], None]:
    def publish() -> None:
        try:
            task.apply_async(kwargs=arguments, retry=False)
        except (OperationalError, OSError) as error:
            # A broker that is down fails no request: the rows say what is to be done.
            log.warning("hint_lost", task=task.name, error=str(error))

    return publish
