"""The cast, and an installation for those who look at the web process from outside."""

import pytest

from tests.installation import Installation
from tests.people import Person


@pytest.fixture
def alice(db: None) -> Person:
    return Person.named("alice")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Embedded, with nothing in it; the log of its web processes is all there is to read."""
    installation = Installation(var=tmp_path_factory.mktemp("var"), env={})
    installation.migrate()
    return installation
