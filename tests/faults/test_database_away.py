"""A database that goes away in service: whoever asks meanwhile is told to come again, and nothing is left behind."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.faults.sending import Answer, base64_message, download, media_in
from tests.installation import Installation
from tests.media_files import jpeg, png

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]


def test_is_told_to_whoever_asks_and_comes_back(installed: Installation) -> None:
    with installed.web(DATABASE_URL=impatient(installed)) as web:
        media = media_in(base64_message(installed, jpeg()).at(web))
        with away(installed):
            refused = answered(base64_message(installed, png()).at(web))
            assert (refused.status, refused.document["code"]) == (503, "database_unavailable")
            assert int(refused.headers["Retry-After"]) > 0
            assert "sqlite" not in str(refused.document).lower()
        assert list(installed.spool.iterdir()) == []
        assert answered(base64_message(installed, png()).at(web)).status == 201
        assert answered(download(installed, media["media_path"]).at(web)).document == jpeg()
    assert "database_fault" in (installed.var / "web.log").read_text()


def impatient(installation: Installation) -> str:
    """SQLite waits for a writer for 20 s otherwise."""
    url = installation.env["DATABASE_URL"]
    return f"{url}?timeout=1" if url.startswith("sqlite") else url


@contextmanager
def away(installation: Installation) -> Iterator[None]:
    """PostgreSQL ends all connections to this database and takes none; on SQLite somebody writes and does not end."""
    url = installation.env["DATABASE_URL"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(installation.var / "mediahub.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    name = urlsplit(url).path.strip("/")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def answered(answer: Answer | None) -> Answer:
    assert answer is not None, "no answer"
    return answer
