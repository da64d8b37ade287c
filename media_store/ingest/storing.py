"""Storing: the order of writes that lets no crash lose bytes or leave any behind unseen.

A new object: its row PENDING → its bytes → READY together with its media, in one transaction. So every object
has a row before it exists, and a READY media has its bytes. A kill in between leaves a PENDING row, which a
sweep condemns once the upload deadline has passed.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction

from devices.models import App, Device
from devices.prepared import Prepared
from media_store import retention, store_mark
from media_store.errors import StorageFull, StorageUnavailable, TryAgain
from media_store.failpoints import reached
from media_store.ingest.arrival import Arrival
from media_store.ingest.naming import other_path_for
from media_store.models import Blob, BlobQuerySet, Media, MediaQuerySet
from media_store.spool import Spool
from media_store.storage import new_key, objects
from problems.errors import NotFound

Keep = Callable[[Media], None]
# Writes the media's row on its READY blob, within the transaction that makes it so; or without one.
Write = Callable[[Media, Blob | None], None]

# What a media that waited learns with its bytes.
FULFILLED = (
    "blob",
    "status",
    "source",
    "kind",
    "mime_type",
    "size",
    "sha256",
    "created_at",
    "expires_at",
    "expiry_rule",
    "reason",
    "reason_detail",
    "url",
    "fetch_at",
    "is_fetching",
)
# Each further attempt means that a READY blob of the same bytes vanished between two statements.
PROMOTE_ATTEMPTS = 5


class MessageTakenError(Exception):
    """The message id stands on a row already."""

    def __init__(self, first: Media) -> None:
        super().__init__(first.path)
        self.first = first


def _named(device_id: uuid.UUID, direction: str, message_id: str) -> MediaQuerySet:
    return Media.objects.select_related("device").filter(device=device_id, direction=direction, message_id=message_id)


_of_message = Prepared(_named, uuid.UUID, str, str)


def same_message(media: Media | Arrival) -> Media | None:
    """The media that has this device, direction and message id already."""
    if media.device is None or media.message_id is None:
        return None
    return _of_message(media.device.pk, media.direction, media.message_id)


class MediaWentError(Exception):
    """The media that was without its bytes has gone, or has them: removed, destroyed, or another was faster."""


def store(media: Media, spool: Spool, *, now: datetime, write: Write | None = None) -> None:
    """Attach to the app's READY blob of the same bytes, or put an object of its own.

    `write` is `insert` for a media that is new, `fulfil` for one that has been without its bytes.

    Errors: `NotFound`, `MessageTakenError`, `MediaWentError`, `TryAgain`, `StorageUnavailable` (`WrongStore` too),
    `StorageFull`.
    """
    write = write or insert
    # Asked first without a lock: new bytes, the common case, then cost no transaction that finds nothing to attach to.
    if Blob.objects.of_bytes(app_id=media.app_id, sha256=media.sha256).exists() and attach(media, write=write):
        return
    store_mark.ensure(now=now)
    blob = _write_pending(media, now=now)
    reached("ingest.pending_written")
    try:
        objects().put_file(blob.storage_key, spool.path)
    except (StorageUnavailable, StorageFull):
        _condemn(blob, now=now)
        raise
    reached("ingest.object_put")
    _promote(blob, media, now=now, write=write)
    reached("ingest.committed")


def attach(media: Media, *, write: Write | None = None) -> bool:
    """Write the media on a READY blob of the same app and bytes; False where there is none.

    Device before blob, always (a plain upload has no device, and takes its app): whoever destroys the one or
    condemns the other takes the same rows in the same order, and waits for us or is seen by us.
    """
    with _tenant_may_go():
        _lock_owner(media)
        reached("ingest.attach.owner_locked")
        blob = Blob.objects.lock_ready(app_id=media.app_id, sha256=media.sha256)
        if blob is None:
            return False
        reached("ingest.attach.blob_locked")
        (write or insert)(media, blob)
        reached("ingest.attach.inserted")
    return True


def announce(media: Media, *, write: Write | None = None) -> None:
    """Insert a media without bytes, which waits for them or was never carried.

    Errors: `NotFound`, `MessageTakenError`.
    """
    with _tenant_may_go():
        _lock_owner(media)
        reached("ingest.announce.owner_locked")
        (write or insert)(media, None)
        reached("ingest.announce.inserted")
    reached("ingest.announced")


def _write_pending(media: Media, *, now: datetime) -> Blob:
    with _tenant_may_go():
        return Blob.objects.create(
            app_id=media.app_id,
            sha256=media.sha256,
            size=media.size,
            storage_key=new_key(app_id=media.app_id),
            created_at=now,
        )


def _promote(blob: Blob, media: Media, *, now: datetime, write: Write) -> None:
    """READY and the media's row in one transaction; otherwise neither, and the blob is condemned."""
    try:
        with _tenant_may_go():
            _lock_owner(media)
            reached("ingest.promote.owner_locked")
            kept = _make_ready(blob, now=now)
            reached("ingest.promote.ready")
            write(media, kept)
            reached("ingest.promote.inserted")
    except (NotFound, TryAgain, MessageTakenError, MediaWentError):
        # A transaction of its own: the one that failed has been rolled back whole.
        _condemn(blob, now=now)
        raise


def _make_ready(blob: Blob, *, now: datetime) -> Blob:
    """Promote, or lose to another upload of the same bytes: then its blob is ours, and our own is condemned."""
    for _ in range(PROMOTE_ATTEMPTS):
        try:
            with transaction.atomic():
                promoted = _own_pending(blob).update(state=Blob.State.READY, ready_at=now)
        except IntegrityError:
            reached("ingest.promote.lost")
            winner = Blob.objects.lock_ready(app_id=blob.app_id, sha256=blob.sha256)
            if winner is None:
                continue
            _own_pending(blob).condemn(now=now)
            return winner
        if not promoted:
            # A sweep gave this upload up while it ran.
            raise TryAgain
        return blob
    raise TryAgain


def fulfil(media: Media, blob: Blob | None) -> None:
    """Give the bytes to a media that waits for them, or was recorded without them.

    Error: `MediaWentError`, and then nothing happened.
    """
    waiting = Media.objects.filter(pk=media.pk, status__in=(Media.Status.PENDING, Media.Status.OMITTED))
    row = waiting.select_for_update(no_key=True, of=("self",)).first()
    if row is None:
        raise MediaWentError
    if row.status == Media.Status.PENDING:
        # While it was fetched it may have been asked for again, and a gateway may have reported on it.
        for name in ("created_at", "delivery", "delivered_at"):
            setattr(media, name, getattr(row, name))
    media.blob = blob
    media.status = Media.Status.READY
    retention.set_expiry(media)
    waiting.update(**{name: getattr(media, name) for name in FULFILLED})


def insert(media: Media, blob: Blob | None) -> None:
    """Insert with a savepoint for each unique constraint: a taken message id is not a taken path."""
    media.blob = blob
    if blob is not None:
        media.status = Media.Status.READY
    elif media.status != Media.Status.OMITTED:
        media.status = Media.Status.PENDING
    try:
        _insert(media)
    except IntegrityError:
        media.path = other_path_for(media)
        # Whoever came with the same id at once had to take another path too, and may be first.
        _insert(media)


def _insert(media: Media) -> None:
    """Errors: `MessageTakenError`; `IntegrityError` where the path is taken."""
    try:
        with transaction.atomic():
            media.save(force_insert=True)
    except IntegrityError as error:
        first = same_message(media)
        if first is not None:
            raise MessageTakenError(first) from error
        raise


def _condemn(blob: Blob, *, now: datetime) -> None:
    reached("ingest.condemn")
    _own_pending(blob).condemn(now=now)


def _own_pending(blob: Blob) -> BlobQuerySet:
    """Our own blob while it is PENDING, none where somebody else moved it. Never save(): it would insert it again."""
    return Blob.objects.pending().filter(pk=blob.pk)


def _lock_owner(media: Media) -> None:
    """Shared, and living: the device, or the app where there is none. `NotFound` once either is destroyed."""
    if media.device_id is not None:
        Device.objects.lock_living(pk=media.device_id)
    else:
        App.objects.lock_living(pk=media.app_id)


@contextmanager
def _tenant_may_go() -> Iterator[None]:
    """A transaction whose IntegrityError at COMMIT means that the app has gone: foreign keys are checked there."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise NotFound from error
