"""Receiving: from an arrival to a media row, by new bytes or by bytes that the app has already."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from media_store.delivery import ensure_readable
from media_store.errors import DuplicateMessageId, MediaGone
from media_store.ingest import storing
from media_store.ingest.arrival import Arrival
from media_store.ingest.drafting import draft
from media_store.ingest.inspection import check_promise, inspect, judge, limits_what_moves
from media_store.models import Media
from media_store.spool import HEAD_BYTES, Spool
from media_store.storage import objects


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The media, and whether it is new; a repeated message id answers with the first."""

    media: Media
    created: bool


def receive(arrival: Arrival, spool: Spool, *, now: datetime) -> Outcome:
    """Take spooled bytes in.

    Errors: those of inspection; `DuplicateMessageId`; `NotFound` where the device was destroyed meanwhile;
    `TryAgain` where the upload was given up while it ran; `StorageUnavailable`, `StorageFull`.
    """
    facts = inspect(arrival, spool)
    return once(draft(arrival, facts, now=now), lambda media: storing.store(media, spool, now=now))


def reuse(arrival: Arrival, original: Media, *, now: datetime) -> Outcome:
    """Send media that the app has already; errors as `receive`, and as a download of the original."""
    try:
        ensure_readable(original, now=now)
    except MediaGone:
        # A message that was sent before its media went is asked for again by whoever missed the answer.
        if first := _sent_before(arrival, original):
            return Outcome(media=first, created=False)
        raise
    check_promise(arrival, sha256=original.sha256)
    facts = judge(
        arrival,
        detected=original.mime_type,
        size=original.size,
        sha256=original.sha256,
        head=_head(original) if limits_what_moves(arrival) else b"",
    )
    return once(draft(arrival, facts, now=now), lambda media: _attach_or_gone(media, original, now=now))


def _sent_before(arrival: Arrival, original: Media) -> Media | None:
    first = storing.same_message(arrival)
    # A media that was removed before its bytes came has no checksum.
    return first if first and original.sha256 and _same_bytes(first, original) else None


def _same_bytes(first: Media, media: Media) -> bool:
    return first.sha256 == media.sha256


def once(media: Media, keep: "storing.Keep", *, is_same: Callable[[Media, Media], bool] = _same_bytes) -> Outcome:
    """Keep it, unless its message id was used before: the same source answers with the first."""
    first = storing.same_message(media)
    if first is None:
        try:
            keep(media)
        except storing.MessageTakenError as taken:
            first = taken.first
        else:
            return Outcome(media=media, created=True)
    if not is_same(first, media):
        detail = f"The message id {media.message_id!r} of this device names other media."
        raise DuplicateMessageId(detail)
    return Outcome(media=first, created=False)


def _attach_or_gone(media: Media, original: Media, *, now: datetime) -> None:
    if storing.attach(media):
        return
    # It went after the look: its row says when, and why.
    row = Media.objects.for_app(original.app).filter(pk=original.pk).first()
    if row is not None:
        ensure_readable(row, now=now)
    detail = "The media was removed while it was being sent again."
    raise MediaGone(detail, reason="retention", gone_at=now.isoformat())


def _head(original: Media) -> bytes:
    blob = original.blob
    if blob is None:
        return b""
    length = min(HEAD_BYTES, blob.size)
    return b"".join(objects().read_range(blob.storage_key, start=0, length=length))
