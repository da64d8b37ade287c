"""Accounts: when a destroyed device or app went, what it had, and what of it is still to be deleted."""

import uuid
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from devices.models import AuditEvent
from media_store.models import Blob, DestroyedMedia, Media
from problems.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class AppAccount:
    """An app's end, likewise: its devices' media and its plain uploads together."""

    app_id: uuid.UUID
    app_name: str
    destroyed_at: datetime
    destroyed_by: str
    removed_at: datetime | None
    media: int
    bytes: int
    media_left: int
    objects_left: int
    bytes_left: int

    @property
    def status(self) -> str:
        """How far it is; the app's own row goes last, after its last object."""
        if self.removed_at is not None:
            return "done"
        return "removing" if self.media_left else "collecting"


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


def account_of_app(app_id: uuid.UUID) -> AppAccount:
    """The account of an app that was destroyed. `NotFound` for any other."""
    events = AuditEvent.objects.filter(app_id=app_id, device_id=None)
    mark = events.filter(action=AuditEvent.Action.APP_DESTROYED).first()
    if mark is None:
        raise NotFound
    cleared = events.filter(action=AuditEvent.Action.APP_CLEARED).first()
    copied = destroyed_media(app_id=app_id)
    sums = cleared.details if cleared else copied.aggregate(media=Count("pk"), bytes=Coalesce(Sum("size"), 0))
    left = Blob.objects.filter(app_id=app_id).aggregate(objects=Count("pk"), bytes=Coalesce(Sum("size"), 0))
    return AppAccount(
        app_id=app_id,
        app_name=mark.subject,
        destroyed_at=mark.at,
        destroyed_by=mark.by,
        removed_at=cleared.at if cleared else None,
        media=sums["media"],
        bytes=sums["bytes"],
        media_left=Media.objects.filter(app_id=app_id).count(),
        objects_left=left["objects"],
        bytes_left=left["bytes"],
    )


def destroyed_media(*, app_id: uuid.UUID, device_id: uuid.UUID | None = None) -> QuerySet[DestroyedMedia]:
    """What an app, or one device of it, had: kept until the audit window ends."""
    rows = DestroyedMedia.objects.filter(app_id=app_id)
    return rows if device_id is None else rows.filter(device_id=device_id)


COLUMNS = ("media_id", "device_id", "path", "size", "sha256", "created_at", "destroyed_at", "object")


def lines(rows: QuerySet[DestroyedMedia]) -> Generator[dict[str, object], None, None]:
    """Each as one flat record, oldest first, without holding them all.

    `object` is what has become of its bytes: deleted, left (still to be deleted), shared (other media of the app
    carry them too), purged, where they went before the device did, or none, where they never came.
    """
    theirs = Blob.objects.filter(pk=OuterRef("blob_id"))
    object_is = Case(
        When(sha256="", then=Value("none")),
        When(blob_id=None, then=Value("purged")),
        When(~Exists(theirs), then=Value("deleted")),
        When(Exists(Media.objects.filter(blob_id=OuterRef("blob_id"))), then=Value("shared")),
        default=Value("left"),
        output_field=CharField(),
    )
    yield from rows.order_by("pk").annotate(object=object_is).values(*COLUMNS).iterator(chunk_size=2_000)


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
