"""The cast, and a spool of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from safe_http import Policy, parse_origin
from tests.people import Person, staff
from tests.sources import Source, source_running


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
def source(settings: Settings) -> Iterator[Source]:
    """A server whose origin is allowed, for tests in which the point is not the address."""
    with source_running() as source:
        settings.FETCH_POLICY = Policy(allow=frozenset([parse_origin(source.origin)]))
        yield source
