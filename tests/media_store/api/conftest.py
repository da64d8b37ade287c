"""A running service whose limit is small, for what only a real server shows."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.installation import Installation
from tests.raw_http import Heard, Wire

LIMIT = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Service:
    """The web process of the Procfile over embedded defaults, and what lies behind it."""

    port: int
    installation: Installation

    def wire(self, *, key: str | None = "") -> Wire:
        """A connection that shows alice's key, another one, or none."""
        return Wire(self.port, key=self.installation.key if key == "" else key)

    def get(self, path: str) -> Heard:
        with self.wire() as wire:
            wire.head("GET", path)
            return wire.hear(method="GET")

    @property
    def messages(self) -> str:
        return f"/v1/devices/{self.installation.device_id}/messages"

    def remains(self) -> dict[str, int]:
        """How much there is: spool files, rows, objects."""
        var = self.installation.var
        with sqlite3.connect(var / "mediahub.sqlite3") as database:
            rows = {
                table: database.execute(f"SELECT count(*) FROM media_store_{table}").fetchone()[0]  # noqa: S608 - ours
                for table in ("blob", "media")
            }
        database.close()
        objects = sum(path.is_file() for path in (var / "media").rglob("*"))
        return {**rows, "spool": len(list((var / "spool").glob("*"))), "objects": objects}


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    installation = Installation(var=tmp_path_factory.mktemp("service"), env={"MEDIA_MAX_BYTES": str(LIMIT)})
    installation.migrate_and_move_in()
    with installation.web(WEB_CONCURRENCY="1", WEB_THREADS="8") as web:
        yield Service(port=web.port, installation=installation)
