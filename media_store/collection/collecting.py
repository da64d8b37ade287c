"""Collecting: the objects of condemned blobs are deleted, then the rows whose object is gone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from media_store import store_mark
from media_store.errors import StorageUnavailable
from media_store.failpoints import reached
from media_store.models import Blob
from media_store.models.blobs import COLLECT_ERROR_CHARACTERS
from media_store.storage import DELETE_KEYS, objects

# A put that was cut off may still land: its row stays until nothing can, and its object is deleted once more.
KEPT_UNREADY = timedelta(days=1)
BACKOFF_FIRST, BACKOFF_MOST = timedelta(minutes=1), timedelta(hours=6)

log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class Collected:
    """What went: objects, their bytes; and what the store would not delete, with its reason for the last of them."""

    objects: int = 0
    bytes: int = 0
    failed: int = 0
    error: str = ""


def is_any_due(*, now: datetime) -> bool:
    """Whether any object is to be deleted by now; asked in the order of the index, see `MediaQuerySet.are_there`."""
    return Blob.objects.due(now=now).values_list("pk").first() is not None


def collect(
    *,
    now: datetime,
    on_batch: Callable[[Collected], None] = lambda _: None,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Collected:
    """Delete what is due. The store is proved to be ours before each batch.

    Errors: `StorageFault`, `WrongStore` among them; rows and objects are as they were, but for the batches before.
    """
    sums = Collected()
    while may_go_on():
        batch = list(Blob.objects.due(now=now)[:DELETE_KEYS])
        if not batch:
            break
        store_mark.prove(now=now)
        reached("collection.proved")
        _delete_batch(batch, sums, now=now)
        on_batch(sums)
    return sums


def _delete_batch(batch: Sequence[Blob], sums: Collected, *, now: datetime) -> None:
    failed = _delete_objects(batch)
    reached("collection.deleted")
    gone = [blob for blob in batch if blob.storage_key not in failed]
    for blob in batch:
        if blob.storage_key in failed:
            _retry_later(blob, error=failed[blob.storage_key], now=now)
    sums.failed += len(failed)
    sums.error = next(reversed(failed.values()), sums.error)
    _keep_unready(gone, now=now)
    reached("collection.kept")
    counted, freed = _delete_rows([blob for blob in gone if _may_row_go(blob, now=now)])
    sums.objects += counted
    sums.bytes += freed
    reached("collection.rows_deleted")


def _delete_objects(batch: Sequence[Blob]) -> dict[str, str]:
    """The keys that are still there, each with the reason."""
    store = objects()
    failed: dict[str, str] = {}
    for blob in batch:
        if blob.ready_at is None:
            try:
                store.delete_unfinished(blob.storage_key)
            except StorageUnavailable:
                # Whether the store is there at all, the batch's own request will say.
                failed[blob.storage_key] = "unfinished upload"
    whole = [blob.storage_key for blob in batch if blob.storage_key not in failed]
    return failed | store.delete(whole)


def _retry_later(blob: Blob, *, error: str, now: datetime) -> None:
    wait = min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** min(blob.collect_attempts, 16))
    log.error("object_not_deleted", storage_key=blob.storage_key, error=error, attempts=blob.collect_attempts + 1)
    Blob.objects.condemned().filter(pk=blob.pk).update(
        collect_at=now + wait,
        collect_attempts=F("collect_attempts") + 1,
        collect_error=error[:COLLECT_ERROR_CHARACTERS],
    )


def _keep_unready(gone: Iterable[Blob], *, now: datetime) -> None:
    kept = [blob.pk for blob in gone if not _may_row_go(blob, now=now)]
    if kept:
        Blob.objects.condemned().filter(pk__in=kept).update(
            object_deleted_at=now, collect_at=F("condemned_at") + KEPT_UNREADY, collect_attempts=0, collect_error=""
        )


def _may_row_go(blob: Blob, *, now: datetime) -> bool:
    if blob.ready_at is not None or blob.condemned_at is None:
        return True
    return blob.condemned_at + KEPT_UNREADY <= now


def _delete_rows(gone: Sequence[Blob]) -> tuple[int, int]:
    """How many rows went by this call, and the bytes of those that were READY once: two at once count none twice."""
    pks = [blob.pk for blob in gone]
    with transaction.atomic():
        rows = Blob.objects.condemned().filter(pk__in=pks)
        locked = list(rows.order_by("pk").select_for_update().values_list("size", "ready_at"))
        reached("collection.rows_locked")
        rows._raw_delete(rows.db)
    return len(locked), sum(size for size, ready_at in locked if ready_at is not None)
