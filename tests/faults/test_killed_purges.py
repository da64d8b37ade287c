"""A purge that is killed twenty times at random moments, and run once more, ends as one that nobody disturbed."""

import random
import secrets
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.faults import operators
from tests.faults.estates import Estate
from tests.faults.operators import Operator
from tests.faults.witness import Witness
from tests.installation import ROOT, Installation

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

KILLS = 20
COPIES = 500
BATCH_ROWS = 5
# Counted in batches and not in seconds: how fast a machine is from one moment to the next, nobody knows.
MOST_BATCHES = 2
LOOK_SECONDS = 0.005


@pytest.fixture
def large_estate_of(estate_of: Callable[[], Estate], operator: Operator) -> Callable[[], Estate]:
    """Four media of which each has hundreds of copies that have expired; and one that is held has some too."""

    def made() -> Estate:
        estate = estate_of()
        for media in (*estate.going, estate.held):
            operator.does("multiply", media_id=media["id"], count=COPIES, in_days=-1)
        estate.expire(*estate.going)
        return estate

    return made


def purge_begun(installed: Installation, estate: Estate) -> "subprocess.Popen[str]":
    """A process that purges, and is at it."""
    process = subprocess.Popen(
        operators.command("purge", app_id=estate.tenant.app_id, batch_rows=BATCH_ROWS),
        cwd=ROOT,
        env=operators.environment(installed),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stderr.readline() == "begun\n"
    return process


def purge_undisturbed(installed: Installation, estate: Estate) -> None:
    process = purge_begun(installed, estate)
    _, told = process.communicate()
    assert process.returncode == 0, told


def purged(witness: Witness, estate: Estate) -> int:
    statement = "SELECT count(*) FROM media_store_media WHERE app_id = ? AND status = 'purged'"
    return int(witness.rows(statement, estate.app_id)[0][0])


class TestPurge:
    def test_killed_twenty_times_ends_like_one_that_nobody_disturbed(
        self,
        installed: Installation,
        operator: Operator,
        witness: Witness,
        large_estate_of: Callable[[], Estate],
        record_property: Callable[[str, object], None],
    ) -> None:
        calm, killed = large_estate_of(), large_estate_of()
        purge_undisturbed(installed, calm)
        seed = secrets.randbits(32)
        record_property("seed", seed)
        drawn = random.Random(seed)
        progress = [self._kill(installed, killed, witness, drawn) for _ in range(KILLS)]
        everything = len(killed.going) * (COPIES + 1)
        assert 0 < progress[-1] < everything, "the kills did not meet a purge at work"
        operator.does("purge", app_id=killed.tenant.app_id, batch_rows=BATCH_ROWS)
        assert killed.census() == calm.census()
        assert killed.census()["notes"] == {"('note',)": everything}
        operator.does("recover")
        witness.check()
        assert killed.census() == calm.census()
        assert killed.census()["objects"] == 2
        killed.assert_out_of_reach()
        killed.assert_readable(*killed.staying)
        steps = len(set(progress))
        record_property("summary", f"killed {KILLS} times, {steps} of them after further batches (seed {seed})")

    def _kill(self, installed: Installation, estate: Estate, witness: Witness, drawn: random.Random) -> int:
        """Kill a purge some batches and a moment after its beginning; answers how many tombstones there are."""
        enough = purged(witness, estate) + drawn.randint(0, MOST_BATCHES) * BATCH_ROWS
        process = purge_begun(installed, estate)
        while purged(witness, estate) < enough and process.poll() is None:
            time.sleep(LOOK_SECONDS)
        time.sleep(drawn.uniform(0, LOOK_SECONDS))
        process.kill()
        process.communicate()
        assert process.returncode == -9, "the purge had ended"
        return purged(witness, estate)
