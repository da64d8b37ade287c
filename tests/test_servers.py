"""The servers of the tests themselves: none runs out of room in the middle of a run."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from tests import stores
from tests.isolation import ROOT
from tests.servers import make_bucket

pytestmark = [pytest.mark.services, pytest.mark.faults]

# More than two workers and their installations hold at once.
BUCKETS = 16


STUMBLING = """
import itertools
from redis import Redis as Client
from tests.servers import Redis
from tests.services import running

class Stumbling(Redis):
    starts = itertools.count()

    def command(self):
        return super().command() if next(self.starts) else ["/bin/false"]

with running([Stumbling]) as environment, Client.from_url(environment["REDIS_URL"]) as client:
    print(client.ping())
"""


def test_server_that_ends_at_its_start_is_started_again() -> None:
    done = subprocess.run([sys.executable, "-c", STUMBLING], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    assert "Once more, as redis ended with code 1." in done.stderr


def test_store_takes_objects_in_more_buckets_than_a_run_holds(settings: Settings, tmp_path: Path) -> None:
    for _ in range(BUCKETS):
        bucket = f"room-{secrets.token_hex(4)}"
        make_bucket({**os.environ, "MEDIA_BUCKET": bucket})
        stores.use(settings, bucket=bucket)
        stores.put("some/key", b"an object", tmp_path)
        assert stores.keys() == ["some/key"]
