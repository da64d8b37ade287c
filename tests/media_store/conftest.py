"""The cast, and a spool of each test's own."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from tests.people import Person, staff


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
