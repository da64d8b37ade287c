"""Condemning: from which moment on nobody may attach to a blob any more."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Value

from media_store import giving_way
from media_store.failpoints import reached
from media_store.models import Blob, BlobRelease, Media, insert_select

BATCH_NOTES = {"postgresql": 5_000, "sqlite": 1_000}
# A sweep finds what no note speaks of; nothing younger, as its own media may be about to be inserted.
UNREFERENCED_FOR = timedelta(hours=1)


def condemn_released(*, now: datetime, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Condemn the blobs that were let go of a grace ago and that no media refers to; answers how many."""
    condemned = 0
    last = 0
    ripe = BlobRelease.objects.filter(noted_at__lte=now - timedelta(seconds=settings.RELEASE_GRACE_SECONDS))
    most = BATCH_NOTES[connection.vendor]
    while may_go_on():
        notes = dict(ripe.filter(pk__gt=last).order_by("pk").values_list("pk", "blob_id")[:most])
        if not notes:
            break
        last = max(notes)
        with giving_way.turn():
            condemned += _look_at(notes, now=now)
        reached("collection.condemned")
    return condemned


def give_up_uploads(*, now: datetime) -> int:
    """Condemn what is PENDING past the upload deadline: its upload has died, or will find that it was given up."""
    deadline = now - timedelta(seconds=settings.UPLOAD_DEADLINE_SECONDS)
    return Blob.objects.pending().filter(created_at__lte=deadline).condemn(now=now)


def condemn_lost(blob_id: uuid.UUID, *, now: datetime) -> bool:
    """Condemn a READY blob whose object the store has lost, unless media still refer to it; answers whether.

    The caller has locked its row FOR UPDATE, in an earlier statement, and nobody attaches to it meanwhile. A grace
    would let uploads of the same bytes attach to an object that is not there.
    """
    return bool(Blob.objects.ready().filter(~_is_referred_to(), pk=blob_id).condemn(now=now))


def note_unreferenced(*, now: datetime) -> int:
    """Note every READY blob that no media refers to and no note speaks of: what was removed past the verbs."""
    ripe = Blob.objects.ready().filter(ready_at__lte=now - UNREFERENCED_FOR)
    noted = BlobRelease.objects.filter(blob_id=OuterRef("pk"))
    lost = ripe.filter(~_is_referred_to(), ~Exists(noted))
    return insert_select(BlobRelease, lost, blob=F("pk"), noted_at=Value(now))


def _look_at(notes: dict[int, uuid.UUID], *, now: datetime) -> int:
    """One transaction, two statements: first the locks, then, with all that was committed before them, the look.

    A blob that somebody else holds locked is passed over, an upload that attaches to it among them, and its note
    stays. A note of a blob that is READY no longer says nothing any more.
    """
    blob_ids = set(notes.values())
    with transaction.atomic():
        named = Blob.objects.filter(pk__in=blob_ids)
        locked = list(named.ready().order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True))
        reached("collection.locked")
        condemned = Blob.objects.filter(~_is_referred_to(), pk__in=locked).condemn(now=now)
        reached("collection.looked")
        busy = set(named.ready().values_list("pk", flat=True)) - set(locked)
        seen = [note for note, blob_id in notes.items() if blob_id not in busy]
        done = BlobRelease.objects.filter(pk__in=seen)
        done._raw_delete(done.db)
    return condemned


def _is_referred_to() -> Exists:
    return Exists(Media.objects.filter(blob_id=OuterRef("pk")))
