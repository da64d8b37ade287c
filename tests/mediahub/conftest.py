"""The cast."""

import pytest

from tests.people import Person


@pytest.fixture
def alice(db: None) -> Person:
    return Person.named("alice")
