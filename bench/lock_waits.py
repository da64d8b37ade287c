"""How long anybody waited for a lock in PostgreSQL, whatever else made an answer slow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.installation import Installation

EVERY_SECONDS = 0.02
WAITING = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)::float
FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL
"""


@contextmanager
def watched(measured: Installation) -> Iterator[list[float]]:
    """The longest wait in seconds that each look found; nothing where the database is not PostgreSQL."""
    found: list[float] = []
    url = measured.own_env.get("DATABASE_URL")
    if url is None:
        yield found
        return
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(url, ended, found))
    watch.start()
    try:
        yield found
    finally:
        ended.set()
        watch.join()


def _watch(url: str, ended: threading.Event, found: list[float]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not ended.wait(EVERY_SECONDS):
            row = connection.execute(WAITING).fetchone()
            found.append(float(row[0]) if row else 0.0)
