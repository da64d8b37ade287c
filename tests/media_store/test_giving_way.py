"""Between two batches others get at SQLite's one lock."""

import time

import pytest
from django.db import connection

from media_store import giving_way

BATCH_SECONDS = 0.05


def batch() -> None:
    until = time.monotonic() + BATCH_SECONDS
    while time.monotonic() < until:
        pass


@pytest.mark.django_db(transaction=True)
class TestATurn:
    def test_leaves_as_much_time_to_others_as_it_took(self) -> None:
        began_at = time.monotonic()
        with giving_way.turn():
            batch()
        took = time.monotonic() - began_at
        if connection.vendor == "sqlite":
            assert took >= 2 * BATCH_SECONDS
        else:
            assert took < 2 * BATCH_SECONDS

    def test_that_fails_is_not_waited_for(self) -> None:
        with pytest.raises(ZeroDivisionError), giving_way.turn():
            raise ZeroDivisionError
