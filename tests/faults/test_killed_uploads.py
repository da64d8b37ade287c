"""Real servers, killed at every moment between two writes: nothing is lost, nothing leaks, and it can run again."""

import fcntl
import hashlib
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from media_store import spool
from tests.faults import sending
from tests.faults.sending import SOURCES, Call, media_in
from tests.faults.witness import Witness
from tests.installation import ROOT, Installation, Web
from tests.processes import free_ports

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

# Where bytes are new, and what a kill at each moment leaves of them: the states of their blobs.
NEW_BYTES: dict[str, list[str]] = {
    "ingest.pending_written": ["pending"],
    "ingest.object_put": ["pending"],
    "ingest.promote.owner_locked": ["pending"],
    "ingest.promote.ready": ["pending"],
    "ingest.promote.inserted": ["pending"],
    "ingest.committed": ["ready"],
}
# Where objects are files: the bytes are there, beside their place.
HALF_PUT = "storage.file_beside"
KNOWN_BYTES = ("ingest.attach.owner_locked", "ingest.attach.blob_locked", "ingest.attach.inserted")
# Only a race leads there, inside the transaction of the other moments of promote; the interleavings make it.
RACE = "ingest.promote.lost"
REFUSED_BYTES = "ingest.condemn"
REMOVAL = ("retention.remove.noted", "retention.remove.tombstone")
DESTRUCTION = ("destruction.noted", "destruction.batch_removed")

FINISH_DESTROYED = """
import django
django.setup()
from django.utils import timezone
from media_store.destruction import finish_destroyed
finish_destroyed(now=timezone.now())
"""


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


class Deaths:
    """Servers that die at one moment each, started when first asked for; their masters start the next worker."""

    def __init__(self, installed: Installation, stack: ExitStack) -> None:
        self._installed = installed
        self._stack = stack
        self._servers: dict[tuple[str, str], Web] = {}

    def at(self, failpoint: str, call: Call, **env: str) -> None:
        """Make the call at the server that dies there, and see it die."""
        server = self._servers.get((failpoint, str(env))) or self._start(failpoint, env)
        assert call.at(server) is None, f"{failpoint} was not reached"

    def _start(self, failpoint: str, env: dict[str, str]) -> Web:
        started = self._installed.web(FAILPOINTS=f"{failpoint}=kill", WEB_CONCURRENCY="1", **env)
        self._servers[failpoint, str(env)] = self._stack.enter_context(started)
        return self._servers[failpoint, str(env)]


@pytest.fixture(scope="module")
def killed(installed: Installation) -> Iterator[Deaths]:
    """Where to be killed."""
    with ExitStack() as stack:
        yield Deaths(installed, stack)


def assert_spool_empties(installed: Installation) -> None:
    """Without being asked to: the server sees its worker die, and takes away what that left."""
    deadline = time.monotonic() + 20
    while files := list(installed.spool.glob("*")):
        assert time.monotonic() < deadline, f"left in the spool: {files}"
        time.sleep(0.02)


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
        assert witness.states_of(content) == NEW_BYTES[failpoint]
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
        self, installed: Installation, healthy: Web, killed: Deaths, witness: Witness, call: Call, content: bytes
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
        witness.check()

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
        self, installed: Installation, healthy: Web, killed: Deaths, witness: Witness, call: Call, content: bytes
    ) -> None:
        with store_out_of_reach(installed) as env:
            killed.at(REFUSED_BYTES, call, **env)
        assert witness.states_of(content) == ["pending"]
        witness.check()
        assert_spool_empties(installed)
        media_in(call.at(healthy))
        assert witness.states_of(content) == ["pending", "ready"]
        witness.check()

    def test_in_the_middle_of_its_body_leaves_only_its_spool_file(
        self, installed: Installation, healthy: Web, witness: Witness, call: Call, content: bytes
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
        witness.check()


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


@contextmanager
def store_out_of_reach(installed: Installation) -> Iterator[dict[str, str]]:
    """While inside, no object can be written; answers what a server must be told for it."""
    if "MEDIA_BUCKET" in installed.own_env:
        yield {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_ports(1)[0]}"}
        return
    folder = installed.var / "media" / "blobs"
    kept = folder.with_name("kept")
    if folder.exists():
        folder.rename(kept)
    folder.parent.mkdir(exist_ok=True)
    folder.touch()
    try:
        yield {}
    finally:
        folder.unlink()
        if kept.exists():
            kept.rename(folder)


class TestKilledRemoval:
    @pytest.mark.parametrize("failpoint", REMOVAL)
    def test_is_as_if_it_had_not_begun_and_can_run_again(
        self,
        installed: Installation,
        healthy: Web,
        killed: Deaths,
        witness: Witness,
        stored: dict[str, str],
        content: bytes,
        failpoint: str,
    ) -> None:
        removal = sending.removal(installed, stored["id"])
        killed.at(failpoint, removal)
        got = sending.download(installed, stored["media_path"]).at(healthy)
        assert got is not None
        assert got.document == content
        assert notes_of(witness, content) == 0
        again = removal.at(healthy)
        assert again is not None
        assert again.status == 204
        assert notes_of(witness, content) == 1
        assert witness.ready_media_of(content) == 0
        witness.check()


class TestKilledDestruction:
    @pytest.mark.parametrize("failpoint", DESTRUCTION)
    def test_goes_on_where_it_was_killed(
        self, installed: Installation, healthy: Web, witness: Witness, content: bytes, failpoint: str
    ) -> None:
        device_id = another_device(installed, healthy)
        message = sending.base64_message(installed, content)
        path = message.path.replace(installed.device_id, device_id)
        media_in(Call(method="POST", path=path, key=installed.key, body=message.body).at(healthy))
        Call(method="DELETE", path=f"/v1/devices/{device_id}", key=installed.key).at(healthy)
        assert finish_destroyed(installed, FAILPOINTS=f"{failpoint}=kill") == -9
        witness.check()
        assert finish_destroyed(installed) == 0
        assert witness.ready_media_of(content) == 0
        assert notes_of(witness, content) == 1
        assert witness.rows("SELECT count(*) FROM devices_device WHERE destroyed_at IS NOT NULL") == [(0,)]
        witness.check()


def another_device(installed: Installation, web: Web) -> str:
    body = f'{{"name": "{secrets.token_hex(8)}"}}'.encode()
    answer = Call(method="POST", path="/v1/devices", key=installed.key, body=body).at(web)
    assert answer is not None
    return str(answer.document["id"])


def finish_destroyed(installed: Installation, **env: str) -> int:
    """The exit code of a process that does nothing else."""
    settings = {"DJANGO_SETTINGS_MODULE": "mediahub.settings"}
    command = [sys.executable, "-c", FINISH_DESTROYED]
    return subprocess.run(command, cwd=ROOT, env={**installed.env, **settings, **env}, check=False).returncode


def notes_of(witness: Witness, content: bytes) -> int:
    """How often the blob of these bytes was let go."""
    statement = (
        "SELECT count(*) FROM media_store_blobrelease note JOIN media_store_blob blob ON blob.id = note.blob_id"
        " WHERE blob.sha256 = ?"
    )
    return int(witness.rows(statement, hashlib.sha256(content).hexdigest())[0][0])


class TestTheseTests:
    def test_know_every_moment_that_has_a_name(self) -> None:
        sources = (ROOT / "media_store").rglob("*.py")
        named = {name for path in sources for name in re.findall(r'reached\("([a-z_.]+)"\)', path.read_text())}
        tried = {*NEW_BYTES, HALF_PUT, RACE, *KNOWN_BYTES, REFUSED_BYTES, *REMOVAL, *DESTRUCTION}
        assert tried == named
