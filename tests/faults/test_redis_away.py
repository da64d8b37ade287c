"""A Redis that is down, or that never answers: requests are answered all the same, and the beat does the rest."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.estates import Estate
from tests.faults.procfile import Part, running
from tests.faults.witness import Witness
from tests.installation import Installation
from tests.processes import free_ports

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

# One second each for connecting and answering, and room for a machine that is busy with other tests.
ANSWER_SECONDS = 2 + 6
DONE_SECONDS = 60
EAGER = {"DESTRUCTION_INTERVAL_SECONDS": "1", "COLLECT_INTERVAL_SECONDS": "1", "RELEASE_GRACE_SECONDS": "0"}


@contextmanager
def silent() -> Iterator[int]:
    """The kernel takes the connections, and nobody reads them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def down() -> Iterator[int]:
    """Nobody listens."""
    yield free_ports(1)[0]


REDIS = {"silent": silent, "down": down}


class TestRedisThatIsAway:
    @pytest.mark.parametrize("how", REDIS)
    def test_delays_no_answer_for_long_and_the_beat_finishes(
        self, installed: Installation, estate: Estate, witness: Witness, how: str
    ) -> None:
        with REDIS[how]() as port, installed.web(REDIS_URL=f"redis://127.0.0.1:{port}/0") as estate.web:
            begun_at = time.monotonic()
            estate.remove(estate.going[0])
            removed_at = time.monotonic()
            estate.destroy_device()
            assert removed_at - begun_at < ANSWER_SECONDS
            assert time.monotonic() - removed_at < ANSWER_SECONDS
            estate.assert_out_of_reach()
            assert estate.census()["devices"] != {}
            with running(Part("worker", installed, EAGER), Part("beat", installed, EAGER)):
                wait_until_only_the_rest_is_left(estate)
            estate.assert_readable(*estate.staying)
        witness.check()


def wait_until_only_the_rest_is_left(estate: Estate) -> None:
    """The held phone, and the objects of what stays."""
    deadline = time.monotonic() + DONE_SECONDS
    while (left := estate.census())["objects"] != 2 or sum(left["devices"].values()) != 1:
        assert time.monotonic() < deadline, f"left: {left}"
        time.sleep(0.2)
