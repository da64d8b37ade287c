"""Draining: the body of a refused request is read on, so that whoever sends it is there to hear the refusal."""

import time
from contextlib import suppress

from django.http import HttpRequest, UnreadablePostError

# How much of it, and for how long.
DRAIN_BYTES = 256 * 1024 * 1024
DRAIN_SECONDS = 15
DRAIN_CHUNK_BYTES = 65_536


def drain(request: HttpRequest) -> None:
    """Read to the end of the body, within the bounds, and throw it away; a chunked one is left, its length unknown."""
    deadline = time.monotonic() + DRAIN_SECONDS
    left = DRAIN_BYTES
    with suppress(UnreadablePostError):
        while left > 0 and time.monotonic() < deadline and (chunk := request.read(DRAIN_CHUNK_BYTES)):
            left -= len(chunk)
