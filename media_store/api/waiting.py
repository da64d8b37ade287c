"""Waiting: a client is kept until what it waits for is there, or for so long.

By `Prefer: wait=N` (RFC 7240, section 4.3) until its URL has been fetched; by the `wait` of a claim until there is
something to send.

Nobody who waits holds a database connection, and only a quarter of a web process's threads may wait: whoever comes
after them is told to ask again at once.
"""

import re
import time
from collections.abc import Callable
from threading import BoundedSemaphore

from django.conf import settings
from django.db import connection
from rest_framework.request import Request

from media_store.models import Media
from problems.errors import NotFound

MOST_SECONDS = 30
_PREFERENCE = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=[,;]|$)", re.IGNORECASE)
# The first look comes soon, as most sources are quick; then less and less often.
FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.05, 1.0

_places = BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


def asked(request: Request) -> int:
    """How many seconds the client would wait, at most 30; 0 where it does not say."""
    match = _PREFERENCE.search(request.headers.get("Prefer", ""))
    return min(int(match[1]), MOST_SECONDS) if match else 0


def until_fetched(media: Media, *, seconds: int) -> None:
    """Return once the media is no longer pending, or after so long, or at once where too many wait already.

    Error: `NotFound` once its device is destroyed, or its row is gone.
    """

    def look() -> bool:
        found = Media.objects.reachable().filter(pk=media.pk).first()
        if found is None:
            raise NotFound
        media.__dict__.update({name: value for name, value in found.__dict__.items() if name != "_state"})
        return media.status != Media.Status.PENDING

    if seconds and media.status == Media.Status.PENDING:
        until(look, seconds=seconds)


def until(look: Callable[[], bool], *, seconds: int) -> bool:
    """Look again and again, until there is something or for so long; False at once where too many wait already."""
    if not _places.acquire(blocking=False):
        return False
    try:
        _look_until(look, ends_at=time.monotonic() + seconds)
    finally:
        _places.release()
    return True


def _look_until(look: Callable[[], bool], *, ends_at: float) -> None:
    pause = FIRST_LOOK_SECONDS
    while (left := ends_at - time.monotonic()) > 0:
        # A transaction, as a test has one around it, is not to be left.
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, LAST_LOOK_SECONDS)
        if look():
            return
