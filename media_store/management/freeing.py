"""Freeing: what the media of a command let go of is deleted from the store, in a run of its own.

What a worker's collection does by the beat, for an operator who may have none, and wants to see bytes go.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from media_store import collection, runs
from media_store.collection import Collected
from media_store.errors import StorageFault
from media_store.management.measures import counted
from media_store.management.operating import Operation
from media_store.management.stopping import MayGoOn, wait
from media_store.models import Blob, BlobRelease, PurgeRun


@dataclass(kw_only=True)
class Freed:
    """What was deleted. Bytes are those really freed; `fault` is why it could not go on, where it could not."""

    objects: int = 0
    bytes: int = 0
    failed: int = 0
    error: str = ""
    fault: str = ""

    @property
    def sentence(self) -> str:
        """What went wrong, for people; empty where nothing did."""
        said = []
        if self.failed:
            what = counted(self.failed, "object")
            said.append(f"The store would not delete {what} ({self.error}); collection tries again by and by.")
        if self.fault:
            said.append(f"{self.fault} What was let go of stays noted; run this again, or leave it to collection.")
        return " ".join(said)


def free(command: Operation, *, by: str, may_go_on: MayGoOn) -> Freed:
    """Wait for the grace, condemn what nobody refers to any more, and delete it."""
    grace = settings.RELEASE_GRACE_SECONDS
    if grace and BlobRelease.objects.exists():
        command.say(f"Waiting {counted(grace, 'second')} (RELEASE_GRACE_SECONDS) before objects are deleted …")
        wait(grace, may_go_on=may_go_on)
    freed = Freed()
    if may_go_on():
        now = timezone.now()
        collection.give_up_uploads(now=now)
        collection.condemn_released(now=now, may_go_on=may_go_on)
        if Blob.objects.due(now=now).exists():
            _collect(command, freed, by=by, may_go_on=may_go_on)
    return freed


def _collect(command: Operation, freed: Freed, *, by: str, may_go_on: MayGoOn) -> None:
    now = timezone.now()
    total = Blob.objects.due(now=now).count()
    try:
        with (
            command.progress("Deleting", unit="objects", total=total) as progress,
            runs.run(PurgeRun.Work.COLLECTION, by=by, now=now) as row,
        ):
            collection.collect(now=now, on_batch=_noting(row, freed, progress.reached), may_go_on=may_go_on)
    except StorageFault as fault:
        freed.fault = fault.sentence


def _noting(row: PurgeRun, freed: Freed, reached: Callable[[int], None]) -> Callable[[Collected], None]:
    def note(sums: Collected) -> None:
        freed.objects, freed.bytes, freed.failed, freed.error = sums.objects, sums.bytes, sums.failed, sums.error
        row.objects_deleted, row.bytes, row.errors, row.error = sums.objects, sums.bytes, sums.failed, sums.error
        runs.note(row)
        reached(sums.objects + sums.failed)

    return note
