"""Real servers, killed at every moment between two writes: nothing is lost, nothing leaks, and it can run again."""

import fcntl
import re
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from media_store import spool
from tests.faults import moments, sending
from tests.faults.breakable import Breakable
from tests.faults.deaths import Deaths
from tests.faults.moments import HALF_PUT, KNOWN_BYTES, NEW_BYTES, REFUSED_BYTES
from tests.faults.operators import Operator
from tests.faults.sending import SOURCES, Call, media_in
from tests.faults.witness import Witness
from tests.installation import ROOT, Installation, Web

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

HERE = Path(__file__).parent
CASE_PARAMETERS = {"failpoint", "fault"}

# What a kill at each moment leaves of new bytes: the states of their blobs.
LEFT = {failpoint: ["ready" if failpoint == "ingest.committed" else "pending"] for failpoint in NEW_BYTES}


@pytest.fixture(scope="module")
def breakable(installed: Installation, request: pytest.FixtureRequest) -> Breakable:
    """Through a proxy where it is a bucket."""
    on_services = "MEDIA_BUCKET" in installed.own_env
    return Breakable(installed, request.getfixturevalue("proxy") if on_services else None)


@pytest.fixture(params=SOURCES)
def call(request: pytest.FixtureRequest, installed: Installation, content: bytes) -> Call:
    """An upload by each source."""
    return SOURCES[request.param](installed, content)


@pytest.fixture
def content() -> bytes:
    """Bytes that nobody has stored yet."""
    return secrets.token_bytes(5_000)


@pytest.fixture
def stored(installed: Installation, healthy: Web, content: bytes) -> dict[str, str]:
    """Media of these bytes."""
    return media_in(sending.raw_upload(installed, content).at(healthy))


def assert_spool_empties(installed: Installation) -> None:
    """Without being asked to: the server sees its worker die, and takes away what that left."""
    deadline = time.monotonic() + 20
    while files := list(installed.spool.glob("*")):
        assert time.monotonic() < deadline, f"left in the spool: {files}"
        time.sleep(0.02)


def assert_recovers(operator: Operator, witness: Witness, content: bytes) -> None:
    """After one pass of recovery there is what one undisturbed upload leaves: one object, and one media."""
    operator.does("recover")
    witness.check()
    assert witness.states_of(content) == ["ready"]
    assert witness.ready_media_of(content) == 1


class TestAbandonedUpload:
    @pytest.mark.parametrize("failpoint", NEW_BYTES)
    def test_is_recovered_to_nothing_or_to_what_was_committed(
        self,
        operator: Operator,
        killed: Deaths,
        witness: Witness,
        call: Call,
        content: bytes,
        failpoint: str,
    ) -> None:
        killed.at(failpoint, call)
        operator.does("recover")
        witness.check()
        assert witness.states_of(content) == [state for state in LEFT[failpoint] if state == "ready"]
        assert witness.store.keys() == witness.known_keys()


class TestKilledUpload:
    @pytest.mark.parametrize("failpoint", NEW_BYTES)
    def test_of_new_bytes_can_run_again(
        self,
        installed: Installation,
        healthy: Web,
        killed: Deaths,
        witness: Witness,
        call: Call,
        content: bytes,
        failpoint: str,
    ) -> None:
        killed.at(failpoint, call)
        assert witness.states_of(content) == LEFT[failpoint]
        assert witness.ready_media_of(content) == (1 if failpoint == "ingest.committed" else 0)
        witness.check()
        assert_spool_empties(installed)
        media = media_in(call.at(healthy))
        got = sending.download(installed, media["media_path"]).at(healthy)
        assert got is not None
        assert got.document == content
        assert witness.states_of(content).count("ready") == 1
        witness.check()

    def test_between_the_file_and_its_place_leaves_a_name_that_its_row_knows(
        self,
        installed: Installation,
        healthy: Web,
        killed: Deaths,
        operator: Operator,
        witness: Witness,
        call: Call,
        content: bytes,
    ) -> None:
        if "MEDIA_BUCKET" in installed.own_env:
            # A store takes an object whole or not at all; parts are the store's own, and tried with its faults.
            media_in(call.at(healthy))
            return
        killed.at(HALF_PUT, call)
        assert witness.states_of(content) == ["pending"]
        witness.check()
        assert_spool_empties(installed)
        media_in(call.at(healthy))
        assert witness.states_of(content) == ["pending", "ready"]
        assert_recovers(operator, witness, content)

    def test_that_had_committed_is_not_taken_in_twice(
        self, installed: Installation, healthy: Web, killed: Deaths, witness: Witness, content: bytes
    ) -> None:
        message = sending.base64_message(installed, content)
        killed.at("ingest.committed", message)
        again = message.at(healthy)
        assert again is not None
        assert again.status == 200
        assert witness.ready_media_of(content) == 1
        assert_spool_empties(installed)

    @pytest.mark.parametrize("failpoint", KNOWN_BYTES)
    @pytest.mark.usefixtures("stored")
    def test_of_bytes_that_are_stored_already_can_run_again(
        self,
        installed: Installation,
        healthy: Web,
        killed: Deaths,
        witness: Witness,
        call: Call,
        content: bytes,
        failpoint: str,
    ) -> None:
        killed.at(failpoint, call)
        assert witness.ready_media_of(content) == 1
        witness.check()
        assert_spool_empties(installed)
        media_in(call.at(healthy))
        assert witness.ready_media_of(content) == 2
        assert witness.states_of(content) == ["ready"]
        witness.check()

    @pytest.mark.parametrize("failpoint", KNOWN_BYTES)
    def test_by_reuse_can_run_again(
        self,
        installed: Installation,
        healthy: Web,
        killed: Deaths,
        witness: Witness,
        stored: dict[str, str],
        content: bytes,
        failpoint: str,
    ) -> None:
        message = sending.reusing_message(installed, media_id=stored["id"])
        killed.at(failpoint, message)
        assert witness.ready_media_of(content) == 1
        witness.check()
        assert_spool_empties(installed)
        media_in(message.at(healthy))
        assert witness.ready_media_of(content) == 2
        assert witness.states_of(content) == ["ready"]
        witness.check()

    def test_whose_bytes_were_refused_leaves_a_row_to_give_up(
        self,
        installed: Installation,
        healthy: Web,
        breakable: Breakable,
        killed: Deaths,
        operator: Operator,
        witness: Witness,
        call: Call,
        content: bytes,
    ) -> None:
        with breakable.broken():
            killed.at(REFUSED_BYTES, call, **breakable.env)
        assert witness.states_of(content) == ["pending"]
        witness.check()
        assert_spool_empties(installed)
        media_in(call.at(healthy))
        assert witness.states_of(content) == ["pending", "ready"]
        assert_recovers(operator, witness, content)

    def test_in_the_middle_of_its_body_leaves_only_its_spool_file(
        self, installed: Installation, healthy: Web, operator: Operator, witness: Witness, call: Call, content: bytes
    ) -> None:
        with installed.web(WEB_CONCURRENCY="1") as web, half_sent(call, web, installed) as file:
            assert file.exists()
            assert not spool.sweep(folder=installed.spool), "swept while its writer lives"
            (worker,) = web.workers()
            worker.kill()
            worker.wait()
        assert witness.states_of(content) == []
        assert_spool_empties(installed)
        media_in(call.at(healthy))
        assert_recovers(operator, witness, content)


@contextmanager
def half_sent(call: Call, web: Web, installed: Installation) -> Iterator[Path]:
    """The first half of the body is there, and the server waits for the rest; answers its spool file."""
    head = "".join(f"{name}: {value}\r\n" for name, value in call.headers().items())
    start = f"{call.method} {call.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(call.body)}\r\n{head}\r\n"
    with socket.create_connection(("127.0.0.1", web.port)) as connection:
        connection.sendall(start.encode() + call.body[: len(call.body) // 2])
        deadline = time.monotonic() + 20
        while not (files := [path for path in installed.spool.glob("*.spool") if is_locked(path)]):
            assert time.monotonic() < deadline, "nothing arrived in the spool"
        yield files[0]


def is_locked(path: Path) -> bool:
    """Whether its writer holds it; before that a sweep may take it, and the writer makes it again."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class TestTheseTests:
    def test_know_every_moment_that_has_a_name(self) -> None:
        sources = [path for room in ("media_store", "devices", "mediahub") for path in (ROOT / room).rglob("*.py")]
        named = {name for path in sources for name in re.findall(r'\breached\(\s*"([^"]+)"', path.read_text())}
        assert named == moments.ALL

    def test_count_their_cases(
        self, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
    ) -> None:
        cases = Counter(item.path.stem for item in request.session.items if is_case(item))
        told = ", ".join(f"{count} in {name}" for name, count in sorted(cases.items()))
        record_property("summary", f"{cases.total()} cases of the crash matrix ({told})")


def is_case(item: pytest.Item) -> bool:
    """A process that is killed, or a store that goes wrong, at one moment of one deed."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return item.path.parent == HERE and bool(CASE_PARAMETERS & set(parameters))
