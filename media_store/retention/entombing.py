"""Entombing: a media's row becomes a tombstone, lets its blob go and is told of, in the same transaction."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Value

from devices import webhooks
from media_store import news
from media_store.failpoints import reached
from media_store.models import BlobRelease, Media, insert_select

# What goes with the bytes: words that people wrote, who they are, and where the bytes came from.
WIPED = {"caption": "", "to": "", "sender": "", "chat_id": "", "url": ""}


def entomb(
    media_ids: Sequence[uuid.UUID],
    *,
    app_id: uuid.UUID,
    reason: str,
    now: datetime,
    status: Media.Status = Media.Status.PURGED,
) -> None:
    """Note every blob, and turn the rows into tombstones. The caller has locked the rows, and found none held.

    All are of this app, which is told where it listens. `status` is FAILED where nobody took the bytes away and they
    are gone all the same.

    Notes are written for each media, without asking whether it was the last of its blob: two who let go at once
    would each see the other's media, and nobody would note it.
    """
    rows = Media.objects.filter(pk__in=media_ids)
    insert_select(BlobRelease, rows.exclude(blob=None), blob=F("blob_id"), noted_at=Value(now))
    reached("retention.noted")
    rows.update(blob=None, status=status, reason=reason, purged_at=now, **WIPED)
    reached("retention.entombed")
    event = webhooks.Event.MEDIA_FAILED if status == Media.Status.FAILED else webhooks.Event.MEDIA_PURGED
    if webhooks.listeners(app_id, event):
        # Read once they are wiped: what is told of a media that went outlives it.
        webhooks.announce(*(news.of(media, event) for media in rows), now=now)
        reached("news.announced")
