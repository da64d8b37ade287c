"""Rows of an installation, read and changed past all of its code, in either database."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from tests.installation import Installation

Rows = list[tuple[Any, ...]]

BUSY_SECONDS = 20


def run(installation: Installation, statement: str, *parameters: object) -> Rows:
    """What the database answers, nothing where it has no rows to answer; parameters stand as `?` in the statement."""
    url = installation.own_env["DATABASE_URL"]
    if url.startswith("sqlite"):
        return _on_sqlite(urlsplit(url).path, statement, *(_as_django_writes(value) for value in parameters))
    with psycopg.connect(url) as server:
        answer = server.execute(statement.replace("?", "%s").encode(), parameters)
        return answer.fetchall() if answer.description else []


def _on_sqlite(path: str, statement: str, *parameters: Any) -> Rows:
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection, connection:
        return connection.execute(statement, parameters).fetchall()


def _as_django_writes(value: object) -> object:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value
