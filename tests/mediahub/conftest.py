"""The cast, and an installation for those who look at the web process from outside."""

import pytest

from tests.installation import Installation, Prepared
from tests.people import Person


@pytest.fixture
def alice(db: None) -> Person:
    return Person.named("alice")


@pytest.fixture(scope="session")
def installed(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Embedded, with an app and a key; the log of its web processes is all there is to read."""
    return prepared.copy(tmp_path_factory.mktemp("var"))
