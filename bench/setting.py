"""The installation that is measured: embedded, or over real servers that are started for it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tests import servers, services
from tests.installation import Installation

MISSING = 2


class SyncedPostgreSQL(servers.PostgreSQL):
    """The tests' PostgreSQL does not sync; what is measured does, with the memory of a small server of its own."""

    def command(self) -> list[str]:
        """Later options win."""
        synced = ("fsync=on", "full_page_writes=on", "synchronous_commit=on")
        roomy = ("shared_buffers=1GB", "max_wal_size=4GB")
        return [*super().command(), *(word for option in (*synced, *roomy) for word in ("-c", option))]


class RoomySeaweedFS(servers.SeaweedFS):
    """The tests' store has room for small objects; what is measured is large."""

    def command(self) -> list[str]:
        """Later options win."""
        return [*super().command(), "-master.volumeSizeLimitMB=1024"]


@contextmanager
def installation(*, on_services: bool) -> Iterator[Installation]:
    """Migrated, and gone afterwards. With `on_services`: PostgreSQL, Redis and SeaweedFS."""
    kinds = (RoomySeaweedFS, servers.Redis, SyncedPostgreSQL) if on_services else ()
    with services.running(kinds) as env, tempfile.TemporaryDirectory(prefix="mediahub-bench-") as folder:
        made = Installation(var=Path(folder), env={**env, "LOG_LEVEL": "info"})
        made.migrate()
        yield made


def name_of(*, on_services: bool) -> str:
    """What a table calls it."""
    return "PostgreSQL + S3 (SeaweedFS) + Redis" if on_services else "SQLite + files"


def give_up(missing: str) -> NoReturn:
    """Say what is missing, and leave with a code that tells it from a failed measurement."""
    sys.stderr.write(f"Cannot measure: {missing}\n")
    sys.exit(MISSING)


def say(line: str = "") -> None:
    """A line of the report, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
