"""Installations to be killed: one over the embedded defaults, one over the real services, each with its servers."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import isolation
from tests.faults.witness import Witness
from tests.installation import Installation, Web
from tests.servers import make_bucket

EMBEDDED = "SQLite and files"
SERVICES = "PostgreSQL and S3"


def over_services(var: Path) -> Iterator[Installation]:
    """With a database and a bucket of its own on the servers of this run."""
    name = f"faults_{secrets.token_hex(4)}"
    env = {setting: os.environ[setting] for setting in isolation.SERVICES}
    env |= {"DATABASE_URL": isolation.database_url(name), "MEDIA_BUCKET": name.replace("_", "-")}
    make_bucket(env)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield Installation(var=var, env=env)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def embedded(var: Path) -> Iterator[Installation]:
    """With nothing but a folder."""
    yield Installation(var=var, env={"DATABASE_URL": f"sqlite:///{var / 'mediahub.sqlite3'}"})


@pytest.fixture(scope="module", params=[EMBEDDED, pytest.param(SERVICES, marks=pytest.mark.services)])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Migrated."""
    var = tmp_path_factory.mktemp("installed")
    for installation in (embedded if request.param == EMBEDDED else over_services)(var):
        installation.migrate()
        yield installation


@pytest.fixture(scope="module")
def on_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Migrated, over the real services."""
    for installation in over_services(tmp_path_factory.mktemp("installed")):
        installation.migrate()
        yield installation


@pytest.fixture(scope="module")
def healthy(installed: Installation) -> Iterator[Web]:
    """A web process in which nothing goes wrong."""
    with installed.web(WEB_CONCURRENCY="1") as web:
        yield web


@pytest.fixture
def witness(installed: Installation) -> Witness:
    """Who sees what is left."""
    return Witness(installation=installed)
