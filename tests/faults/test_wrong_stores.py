"""A store that is not ours, not there, or not to be written to: purge and collection say so, and no row changes.

The tasks of the beat run in a process that sees the wrong store, and afterwards in one that sees the right one.
"""

import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults import mounts, operators
from tests.faults.conftest import EMBEDDED, SERVICES
from tests.faults.deaths import Deaths
from tests.faults.estates import Estate
from tests.faults.operators import Operator
from tests.faults.witness import MARK, Bucket, Witness
from tests.installation import ROOT, Installation
from tests.processes import free_ports

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

ROWS = ("media_store_media", "media_store_blob", "media_store_blobrelease")

# A task of an operator, as it runs in front of the wrong store.
Run = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def due(estate: Estate, operator: Operator, killed: Deaths) -> Estate:
    """Objects are to be deleted, and media to be purged."""
    estate.abandon_uploads(killed)
    estate.remove(*estate.going[:2])
    operator.does("condemn")
    estate.expire(*estate.going[2:])
    return estate


def ran(command: list[str], env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)


def assert_stopped(witness: Witness, run: Run, *words: str) -> None:
    """Both tasks say it, and all rows are as they were."""
    for name in ("collect", "purge_expired"):
        rows, keys = witness.dump(*ROWS), witness.store.keys()
        done = run(name)
        assert (done.returncode, done.stdout) == (0, "0"), done.stderr[-3000:]
        outcome, errors, error = witness.last_run()
        assert (outcome, errors) == ("failed", 1)
        for word in words:
            assert word in error
        assert error.endswith(".") or " It said: " in error, "no sentence"
        assert witness.dump(*ROWS) == rows
        assert witness.store.keys() == keys


def assert_goes_on(estate: Estate, operator: Operator, witness: Witness) -> None:
    """With the right store everything that was to go goes."""
    assert operator.does("task", name="purge_expired") == 2
    operator.does("task", name="collect")
    operator.does("recover")
    witness.check()
    assert estate.census()["objects"] == 2
    estate.assert_readable(*estate.staying)
    estate.assert_held_is_whole()


@pytest.mark.services
class TestWrongBucket:
    @pytest.mark.parametrize("installed", [SERVICES], indirect=True)
    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ("missing bucket", ("did not answer", "It said: ", "404")),
            ("wrong credentials", ("did not answer", "It said: ", "403")),
            ("wrong address", ("did not answer", "It said: ", "127.0.0.1")),
            ("empty bucket", ("bears no mark", "MEDIA_BUCKET")),
            ("another installation's bucket", ("bears the mark of another installation", "MEDIA_BUCKET")),
        ],
    )
    def test_stops_both_with_a_sentence(
        self,
        installed: Installation,
        operator: Operator,
        witness: Witness,
        due: Estate,
        fault: str,
        words: tuple[str, ...],
    ) -> None:
        store = witness.store
        assert isinstance(store, Bucket)
        with wrong(store, fault) as settings:
            env = operators.environment(installed, **settings)
            assert_stopped(witness, lambda name: ran(operators.command("task", name=name), env), *words)
        assert_goes_on(due, operator, witness)


@contextmanager
def wrong(store: Bucket, fault: str) -> Iterator[dict[str, str]]:
    """Settings that lead elsewhere."""
    if fault in MARKS:
        with store.another(mark=MARKS[fault]) as name:
            yield {"MEDIA_BUCKET": name}
    else:
        yield ASTRAY[fault]


MARKS = {"empty bucket": None, "another installation's bucket": secrets.token_hex(16)}
ASTRAY = {
    "missing bucket": {"MEDIA_BUCKET": "nobody-has-made-this"},
    "wrong credentials": {"AWS_SECRET_ACCESS_KEY": secrets.token_hex(16)},
    "wrong address": {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_ports(1)[0]}"},
}
FOLDERS = {
    "read-only folder": (mounts.READ_ONLY, ("did not answer", "Read-only file system")),
    "full disk": (mounts.FULL, ("no room", "No space left on device")),
    "disk that is not mounted": (mounts.EMPTY, ("bears no mark", "mounted")),
}


@pytest.fixture
def folder(installed: Installation) -> Path:
    """Where its objects are."""
    return installed.var / "media"


@pytest.mark.parametrize("installed", [EMBEDDED], indirect=True)
class TestWrongFolder:
    @pytest.mark.parametrize("fault", FOLDERS)
    def test_stops_both_with_a_sentence(
        self, installed: Installation, operator: Operator, witness: Witness, due: Estate, folder: Path, fault: str
    ) -> None:
        how, words = FOLDERS[fault]

        def run(name: str) -> "subprocess.CompletedProcess[str]":
            command = mounts.seen(how, folder, operators.command("task", name=name))
            return ran(command, operators.environment(installed))

        assert_stopped(witness, run, *words)
        assert_goes_on(due, operator, witness)

    def test_of_another_installation_stops_both_with_a_sentence(
        self, operator: Operator, witness: Witness, due: Estate, folder: Path
    ) -> None:
        mark = folder / MARK
        ours = mark.read_text()
        mark.write_text(secrets.token_hex(16))
        words = ("bears the mark of another installation", "MEDIA_BUCKET")
        for name in ("collect", "purge_expired"):
            rows, keys = witness.dump(*ROWS), witness.store.keys()
            assert operator.does("task", name=name) == 0
            assert witness.last_run()[:2] == ("failed", 1)
            assert all(word in witness.last_run()[2] for word in words)
            assert (witness.dump(*ROWS), witness.store.keys()) == (rows, keys)
        mark.write_text(ours)
        assert_goes_on(due, operator, witness)
