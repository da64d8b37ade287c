"""The servers of the tests themselves: none runs out of room in the middle of a run."""

import os
import secrets
from pathlib import Path

import pytest
from pytest_django import Settings

from tests import stores
from tests.servers import make_bucket

pytestmark = [pytest.mark.services, pytest.mark.faults]

# More than two workers and their installations hold at once.
BUCKETS = 16


def test_store_takes_objects_in_more_buckets_than_a_run_holds(settings: Settings, tmp_path: Path) -> None:
    for _ in range(BUCKETS):
        bucket = f"room-{secrets.token_hex(4)}"
        make_bucket({**os.environ, "MEDIA_BUCKET": bucket})
        stores.use(settings, bucket=bucket)
        stores.put("some/key", b"an object", tmp_path)
        assert stores.keys() == ["some/key"]
