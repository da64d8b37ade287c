"""A task that hangs for ever: its worker begins anew in its own place, and goes on with all other work."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest

from tests.faults.conftest import SERVICES
from tests.faults.estates import Estate
from tests.faults.procfile import Part, running
from tests.installation import Installation

pytestmark = [pytest.mark.faults, pytest.mark.services, pytest.mark.timeout(180)]

LIMIT = {"TASK_LIMIT_SECONDS": "3", "FETCH_DEADLINE_SECONDS": "2"}
EAGER = {"PURGE_INTERVAL_SECONDS": "1", "DESTRUCTION_INTERVAL_SECONDS": "1"}
DONE_SECONDS = 60


@contextmanager
def app_locked(installed: Installation, app_id: UUID) -> Iterator[None]:
    """Nobody gets at the app's row: whoever wants to purge its media waits."""
    with psycopg.connect(installed.own_env["DATABASE_URL"]) as other:
        other.execute("SELECT 1 FROM devices_app WHERE id = %s FOR UPDATE", [app_id])
        yield


def wait_until(true: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + DONE_SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.mark.parametrize("installed", [SERVICES], indirect=True)
class TestATaskThatHangs:
    def test_ends_with_its_worker_which_goes_on_with_the_rest(
        self, installed: Installation, estate_of: Callable[[], Estate]
    ) -> None:
        stuck, other = estate_of(), estate_of()
        stuck.expire(stuck.going[0])
        worker, beat = (Part(name, installed, {**LIMIT, **EAGER}) for name in ("worker", "beat"))
        with app_locked(installed, stuck.app_id), running(worker, beat):
            wait_until(lambda: "task_over_limit" in worker.log.read_text(), what="the worker does not notice")
            assert "purge_expired" in worker.log.read_text()
            other.destroy_device()
            wait_until(lambda: len(other.census()["devices"]) == 1, what="the worker does not go on")
            assert worker.process.poll() is None
