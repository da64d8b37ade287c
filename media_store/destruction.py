"""Destruction: the media of a destroyed device, in batches that may be killed and run again."""

import uuid
from datetime import datetime

from django.db import connection, transaction

from devices import destruction
from devices.models import Device
from media_store.failpoints import reached
from media_store.models import BlobRelease, Media

# One statement over a million rows would lock others out; a batch takes a fraction of a second.
BATCH_ROWS = {"postgresql": 10_000, "sqlite": 2_000}


def finish_destroyed(*, now: datetime) -> int:
    """Go on with every device that is marked; answers how many media rows went."""
    marked = Device.objects.destroyed().order_by("destroyed_at").values_list("pk", flat=True)
    return sum(_finish(device_id, now=now) for device_id in list(marked))


def _finish(device_id: uuid.UUID, *, now: datetime) -> int:
    removed = 0
    while count := _remove_batch(device_id, now=now):
        removed += count
        reached("destruction.batch_removed")
    destruction.finish(device_id, is_empty=lambda: not Media.objects.filter(device_id=device_id).exists())
    return removed


def _remove_batch(device_id: uuid.UUID, *, now: datetime) -> int:
    """Remove a batch of rows and note what they let go, in one transaction."""
    with transaction.atomic():
        rows = list(_batch(device_id))
        # In order of id, so that two at work on the same device wait for each other instead of deadlocking.
        blobs = sorted(blob_id for _, blob_id in rows if blob_id is not None)
        BlobRelease.objects.bulk_create(BlobRelease(blob_id=blob_id, noted_at=now) for blob_id in blobs)
        reached("destruction.noted")
        _delete([media_id for media_id, _ in rows])
    return len(rows)


def _batch(device_id: uuid.UUID) -> list[tuple[uuid.UUID, uuid.UUID | None]]:
    rows = Media.objects.select_for_update().filter(device_id=device_id).order_by("id")
    return list(rows.values_list("pk", "blob_id")[: BATCH_ROWS[connection.vendor]])


def _delete(media_ids: list[uuid.UUID]) -> None:
    # Past the querysets' own delete(), which is shut: this is the one place that may, and it has just noted.
    rows = Media.objects.filter(pk__in=media_ids)
    rows._raw_delete(rows.db)
