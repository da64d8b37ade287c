"""Giving way: work in batches lets others write between them.

SQLite has one writer at a time and no queue for those who wait: they ask again and again, at last every 100 ms
(sqlite3_busy_timeout). Who takes the next batch as soon as the last is committed would keep them out for as long as
there are batches. PostgreSQL locks rows, and nobody waits there.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# Longer than the longest pause between two questions.
MOST_SECONDS = 0.12


@contextmanager
def turn() -> Iterator[None]:
    """A batch; after it others have as long as it took, but no longer than each of them needs to be heard once."""
    began_at = time.monotonic()
    yield
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min(MOST_SECONDS, time.monotonic() - began_at))
