"""Telling: an event is written in the very transaction that makes it true."""

from datetime import datetime

from devices import webhooks
from media_store import news
from media_store.failpoints import reached
from media_store.ingest.storing import Write
from media_store.models import Blob, Media


def telling(write: Write, event: webhooks.Event, *, now: datetime) -> Write:
    """Such a write, and the news of it, within the same transaction."""

    def write_and_tell(media: Media, blob: Blob | None) -> None:
        write(media, blob)
        webhooks.announce(news.of(media, event), now=now)
        reached("news.announced")

    return write_and_tell
