"""Readable: whether a media may be read now, and by which answer it says no."""

import uuid
from datetime import datetime

from devices.models import App
from devices.prepared import Prepared
from media_store.errors import RETRY_SECONDS, MediaFailed, MediaGone, MediaNotReady, MediaOmitted
from media_store.models import BYTES_MISSING, Media, MediaQuerySet
from problems.errors import NotFound


def _asked(app_id: uuid.UUID, path: str) -> MediaQuerySet:
    return Media.objects.for_app(App(pk=app_id)).select_related("blob").filter(path=path)


_of_path = Prepared(_asked, uuid.UUID, str)


def find(*, app: App, path: str) -> Media:
    """The media of this path, if it is this app's. Unknown, foreign and malformed paths are the same `NotFound`."""
    # PostgreSQL takes no NUL in a text; no path has ever had one.
    if "\0" in path:
        raise NotFound
    media = _of_path(app.pk, path)
    if media is None:
        raise NotFound
    return media


def ensure_readable(media: Media, *, now: datetime, even_expired: bool = False) -> None:
    """Return if there are bytes to have. Errors: `MediaNotReady`, `MediaGone`, `MediaFailed`, `MediaOmitted`.

    `even_expired` passes what is past its time and still has its bytes: evidence under a legal hold.
    """
    status = media.status if even_expired else media.status_at(now)
    if status == Media.Status.READY:
        return
    if status == Media.Status.PENDING:
        detail = "The bytes are still on their way."
        raise MediaNotReady(detail, headers={"Retry-After": str(RETRY_SECONDS)})
    if status == Media.Status.FAILED and media.reason != BYTES_MISSING:
        raise failed(media)
    if status == Media.Status.OMITTED:
        detail = f"The gateway did not carry this media: {media.reason}."
        raise MediaOmitted(detail, reason=media.reason)
    raise _gone(media)


def failed(media: Media) -> MediaFailed:
    """The refusal that tells why the bytes never came."""
    detail = f"The media failed ({media.reason}). {media.reason_detail}".rstrip()
    return MediaFailed(detail, reason=media.reason, media_id=str(media.pk))


def _gone(media: Media) -> MediaGone:
    """An expired media is gone from its last moment on, whether or not a purge has come by.

    So is one whose bytes the store lost: it was here, and will not come back.
    """
    moment = media.purged_at or media.expires_at
    reason = media.reason or "retention"
    return MediaGone(f"The media was removed ({reason}).", reason=reason, gone_at=moment.isoformat())
