"""A filled installation, copied: each measurement finds the same rows, and none what another left."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.installation import Installation


@contextmanager
def copied(filled: Installation, name: str) -> Iterator[Installation]:
    """The same rows in a database of its own, until the block ends. Nobody may be connected to the one copied."""
    var = filled.var.with_name(f"{filled.var.name}-{name}")
    copy = Installation(var=var, env=filled.own_env)
    url = filled.own_env.get("DATABASE_URL")
    # SQLite's database is a file below the folder.
    shutil.copytree(filled.var, var)
    try:
        if url is None:
            yield copy
            return
        copy.own_env["DATABASE_URL"] = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        _run(url, "CREATE DATABASE {} TEMPLATE {}", name, urlsplit(url).path.lstrip("/"))
        yield copy
        _run(url, "DROP DATABASE {} WITH (FORCE)", name)
    finally:
        shutil.rmtree(var)


def _run(url: str, statement: str, *names: str) -> None:
    # A database that one is connected to can be no template.
    elsewhere = urlunsplit(urlsplit(url)._replace(path="/template1"))
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
