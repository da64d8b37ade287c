"""Retention: how long media is kept, and how it is let go."""

from datetime import datetime, timedelta

from django.db import transaction

from media_store.failpoints import reached
from media_store.models import BlobRelease, Media

KEEP_DAYS = {
    Media.Direction.OUTBOUND: 30,
    Media.Direction.INBOUND: 7,
    Media.Direction.UPLOAD: 30,
}


def expires_at(*, direction: str, now: datetime) -> datetime:
    """The moment from which media that arrives now is no longer served."""
    return now + timedelta(days=KEEP_DAYS[Media.Direction(direction)])


def remove(media: Media, *, reason: str, now: datetime) -> None:
    """Turn the row into a tombstone and note the blob that it lets go; safe to call twice.

    The bytes go later, by collection: who removes never asks whether this was the last media of the blob.
    """
    with transaction.atomic():
        row = Media.objects.select_for_update(no_key=True).filter(pk=media.pk, purged_at=None).first()
        if row is None:
            return
        if row.blob_id is not None:
            BlobRelease.objects.create(blob_id=row.blob_id, noted_at=now)
        reached("retention.remove.noted")
        Media.objects.filter(pk=row.pk).update(
            blob=None, status=Media.Status.PURGED, reason=reason, purged_at=now, caption="", to=""
        )
        reached("retention.remove.tombstone")
