"""Accounts: when a destroyed device went, what it had, and what of it is still to be deleted."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from devices.models import AuditEvent
from media_store.models import Blob, DestroyedMedia, Media
from problems.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Account:
    """A device's end. Sizes in bytes.

    `removed_at` is null while media rows are left; an object is `shared` where other media of the app carry the
    same bytes, and stays for them.
    """

    device_id: uuid.UUID
    device_name: str
    destroyed_at: datetime
    destroyed_by: str
    removed_at: datetime | None
    media: int
    bytes: int
    media_left: int
    objects_left: int
    bytes_left: int
    objects_shared: int

    @property
    def status(self) -> str:
        """How far it is: rows first, then objects, then done."""
        if self.removed_at is None:
            return "removing"
        return "collecting" if self.objects_left else "done"


def account_of(*, app_id: uuid.UUID, device_id: uuid.UUID) -> Account:
    """The account of a device that was destroyed. `NotFound` for any other, and for another app's."""
    events = AuditEvent.objects.filter(app_id=app_id, device_id=device_id)
    mark = events.filter(action=AuditEvent.Action.DEVICE_DESTROYED).first()
    if mark is None:
        raise NotFound
    cleared = events.filter(action=AuditEvent.Action.DEVICE_CLEARED).first()
    copied = destroyed_media(app_id=app_id, device_id=device_id)
    # Once the rows have gone the trail has the sums, which outlive the copies.
    sums = cleared.details if cleared else copied.aggregate(media=Count("pk"), bytes=Coalesce(Sum("size"), 0))
    return Account(
        device_id=device_id,
        device_name=mark.subject,
        destroyed_at=mark.at,
        destroyed_by=mark.by,
        removed_at=cleared.at if cleared else None,
        media=sums["media"],
        bytes=sums["bytes"],
        media_left=Media.objects.filter(device_id=device_id).count(),
        **_objects(copied),
    )


def destroyed_media(*, app_id: uuid.UUID, device_id: uuid.UUID | None = None) -> QuerySet[DestroyedMedia]:
    """What an app, or one device of it, had: kept until the audit window ends."""
    rows = DestroyedMedia.objects.filter(app_id=app_id)
    return rows if device_id is None else rows.filter(device_id=device_id)


def lines(rows: QuerySet[DestroyedMedia]) -> Iterator[dict[str, object]]:
    """Each as one flat record, oldest first, without holding them all."""
    columns = ("media_id", "device_id", "path", "size", "sha256", "created_at", "destroyed_at")
    yield from rows.order_by("pk").values(*columns).iterator(chunk_size=2_000)


def _objects(copied: QuerySet[DestroyedMedia]) -> dict[str, int]:
    # From the copies to the blobs, never the other way round: SQLite would ask for each blob there is.
    theirs = Blob.objects.filter(pk__in=copied.exclude(blob_id=None).values("blob_id"))
    shared = Q(Exists(Media.objects.filter(blob_id=OuterRef("pk"))))
    sums = theirs.annotate(is_shared=shared).aggregate(
        objects_left=Count("pk", filter=Q(is_shared=False)),
        bytes_left=Coalesce(Sum("size", filter=Q(is_shared=False)), 0),
        objects_shared=Count("pk", filter=Q(is_shared=True)),
    )
    return {name: int(value) for name, value in sums.items()}
