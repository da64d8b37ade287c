"""The cast, and a spool of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from safe_http import Policy, parse_origin
from tests.people import Person, staff
from tests.sources import Source, source_running
from tests.stores import mark, own_bucket, use


@pytest.fixture
def spool(settings: Settings, tmp_path: Path) -> Path:
    """The folder where this test's uploads rest."""
    settings.SPOOL_DIR = tmp_path / "spool"
    return tmp_path / "spool"


@pytest.fixture
def alice(db: None, spool: Path) -> Person:
    return Person.named("alice")


@pytest.fixture
def bob(db: None, spool: Path) -> Person:
    return Person.named("bob")


@pytest.fixture
def charlie(db: None) -> Client:
    """Staff who may look at rows, and not into files."""
    return staff("charlie")


@pytest.fixture
def plain_static_files(settings: Settings) -> None:
    """Static files by their plain names: nobody has collected them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> Path:
    """Objects as files in a folder of the test's own."""
    use(settings, folder=tmp_path / "media", bucket="")
    return tmp_path / "media"


@pytest.fixture(params=["files", pytest.param("s3", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, settings: Settings) -> str:
    """Each store in turn."""
    if request.param == "files":
        request.getfixturevalue("files")
    return str(request.param)


@pytest.fixture
def empty_store(store: str, settings: Settings) -> Iterator[str]:
    """Each store in turn, with nothing in it that another test has left."""
    if store == "files":
        yield store
        return
    with own_bucket(settings):
        yield store


@pytest.fixture
def own_store(db: None, empty_store: str) -> str:
    """The same, marked as this database's."""
    mark()
    return empty_store


@pytest.fixture
def source(settings: Settings) -> Iterator[Source]:
    """A server whose origin is allowed, for tests in which the point is not the address."""
    with source_running() as source:
        settings.FETCH_POLICY = Policy(allow=frozenset([parse_origin(source.origin)]))
        yield source
