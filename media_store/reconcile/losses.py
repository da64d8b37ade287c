"""Losses: media whose bytes the store has lost say so, and nobody attaches to these bytes any more."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from devices import audit
from devices.models import App, AuditEvent
from media_store import collection, giving_way
from media_store.failpoints import reached
from media_store.models import BYTES_MISSING, Blob, Media
from media_store.retention import entomb
from problems.errors import NotFound

# A batch takes a fraction of a second, in which nobody can set a hold and on SQLite nobody else can write.
BATCH_ROWS = {"postgresql": 5_000, "sqlite": 1_000}


@dataclass(kw_only=True)
class Settled:
    """What became of a blob without object: how many of its media failed; whether it is out of the way."""

    media_failed: int = 0
    is_settled: bool = False


def fail_media_of(blob: Blob, *, now: datetime, by: str = "") -> Settled:
    """Mark its media failed, all but those that are held, in batches; then condemn it, if none is left."""
    settled = Settled()
    most = BATCH_ROWS[connection.vendor]
    while True:
        try:
            with giving_way.turn():
                count, is_last = _fail_batch(blob, most=most, settled=settled, now=now, by=by)
        except NotFound:
            # The app has gone, and with it all that it had.
            return Settled(is_settled=True)
        settled.media_failed += count
        reached("reconcile.media_committed")
        if is_last:
            return settled


def _fail_batch(blob: Blob, *, most: int, settled: Settled, now: datetime, by: str) -> tuple[int, bool]:
    """One transaction, and an event of the trail in it; answers how many media failed, and whether no more can."""
    with transaction.atomic():
        # The app first, and the look for holds after it: whoever sets a hold does the same.
        App.objects.lock_shared(pk=blob.app_id)
        reached("reconcile.app_locked")
        # Against uploads that would attach to it; each waits, and then stores its bytes anew.
        row = Blob.objects.ready().select_for_update().filter(pk=blob.pk).first()
        if row is None:
            settled.is_settled = True
            return 0, True
        reached("reconcile.blob_locked")
        media_ids = _unheld(row, most=most, now=now)
        if media_ids:
            entomb(media_ids, app_id=row.app_id, reason=BYTES_MISSING, status=Media.Status.FAILED, now=now)
            _tell(row, media=len(media_ids), now=now, by=by)
        reached("reconcile.media_failed")
        if len(media_ids) == most:
            return most, False
        settled.is_settled = collection.condemn_lost(row.pk, now=now)
        reached("reconcile.blob_condemned")
    return len(media_ids), True


def _unheld(blob: Blob, *, most: int, now: datetime) -> list[uuid.UUID]:
    # Rows that somebody else has locked are being removed by him, or are met by the next run.
    rows = Media.objects.filter(blob=blob).unheld(now=now).order_by("pk")
    locked = rows.select_for_update(no_key=True, skip_locked=True, of=("self",))
    return list(locked.values_list("pk", flat=True)[:most])


def _tell(blob: Blob, *, media: int, now: datetime, by: str) -> None:
    action = AuditEvent.Action.STORAGE_RECONCILED
    details = {"media_failed": media, "reason": BYTES_MISSING, "sha256": blob.sha256}
    audit.record(audit.event(action, now=now, by=by, subject=blob.storage_key, app_id=blob.app_id, details=details))
