"""The operators' commands as a shell sees them: exit codes, streams, signals, pipes and a terminal."""

import ctypes
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from media_store.models import DestroyedMedia, Media, PurgeRun
from tests.installation import ROOT, Installation
from tests.media_files import jpeg
from tests.media_store.commands.conftest import Stores, age, expire, path_of, purged
from tests.people import Person
from tests.processes import die_with_parent

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
ENDS_WITHIN_SECONDS = 30


@pytest.fixture
def person(transactional_db: None, stores: Stores, spool: Path) -> Person:
    """Alice, whose rows other processes see."""
    return Person.named("alice")


class Shell:
    """Starts commands with the database of the tests and the files of this one."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.env, **options.pop("env", {})},
            text=True,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        """Nothing that was started stays, whatever a test thought of it."""
        for process in self._started:
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def run(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments, **options)
        out, talk = process.communicate(timeout=ENDS_WITHIN_SECONDS)
        assert "Traceback" not in talk
        return subprocess.CompletedProcess(process.args, process.returncode, out, talk)


@pytest.fixture
def shell(person: Person, _installation: Installation, settings: Settings, tmp_path: Path) -> Iterator[Shell]:
    env = {name: value for name, value in _installation.env.items() if not name.startswith(("AWS_", "MEDIA_"))}
    own = {"MEDIAHUB_VAR": str(tmp_path), "RELEASE_GRACE_SECONDS": "0", "BRAKE_MIN_MEDIA": "2"}
    with closing(Shell({**env, **own})) as started:
        yield started


def sent(person: Person, count: int) -> list[str]:
    return [path_of(person.sent(jpeg(shade=shade))) for shade in range(count)]


def wait_for(what: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + ENDS_WITHIN_SECONDS
    while not what():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


class TestExitCodes:
    def test_0_with_one_object_on_stdout(self, person: Person, shell: Shell) -> None:
        expire(*sent(person, 2))
        done = shell.run("purge_media", "--json")
        assert done.returncode == 0
        assert len(done.stdout.splitlines()) == 1
        assert json.loads(done.stdout)["rows"] == 2
        assert "go: expired" in done.stderr

    def test_1_where_the_store_is_not_ours(self, person: Person, shell: Shell, tmp_path: Path) -> None:
        expire(*sent(person, 1))
        done = shell.run("purge_media", env={"MEDIAHUB_VAR": str(tmp_path / "elsewhere")})
        assert (done.returncode, done.stdout, purged(person)) == (1, "", set())
        assert "bears no mark" in done.stderr

    def test_1_where_its_folder_is_read_only(self, person: Person, shell: Shell, tmp_path: Path) -> None:
        expire(*sent(person, 1))
        folder = tmp_path / "media"
        folder.chmod(0o555)
        done = shell.run("purge_media", preexec_fn=_obey_modes)
        folder.chmod(0o755)
        assert (done.returncode, purged(person)) == (1, set())
        assert "may not read and write there" in done.stderr
        assert shell.run("purge_media").returncode == 0

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--before", "yesterday"),
            ("--kind", "gif"),
            ("--limit", "0"),
            (os.fsdecode(b"--app=\xff\xfe"),),
            ("--explain", "x", "--yes", "--dry-run"),
            ("--before", "1d"),
        ],
    )
    def test_2_for_wrong_usage_in_a_sentence(self, person: Person, shell: Shell, arguments: tuple[str, ...]) -> None:
        age(sent(person, 1)[0], days=3)
        done = shell.run("purge_media", *arguments)
        assert (done.returncode, done.stdout, purged(person)) == (2, "", set())
        assert len(done.stderr.splitlines()[-1]) < 200

    def test_3_where_the_brake_stopped_it(self, person: Person, shell: Shell) -> None:
        paths = sent(person, 4)
        for path in paths:
            age(path, days=40)
        expire(paths[0])
        done = shell.run("purge_media", "--before", "30d", "--yes", "--json")
        assert (done.returncode, json.loads(done.stdout)["outcome"]) == (3, "stopped")
        assert "--force" in done.stderr
        assert purged(person) == {paths[0]}
        assert shell.run("purge_media", "--before", "30d", "--yes", "--force").returncode == 0

    def test_1_where_the_database_is_not_there(self, shell: Shell, tmp_path: Path) -> None:
        done = shell.run("list_holds", env={"DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"})
        assert done.returncode == 1
        assert "is it there, and migrated?" in done.stderr


class TestSignals:
    @pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
    def number(self, request: pytest.FixtureRequest) -> signal.Signals:
        return signal.Signals(request.param)

    def test_end_a_purge_after_the_batch_in_hand(self, person: Person, shell: Shell, number: signal.Signals) -> None:
        expire(*sent(person, 30))
        process = shell.start("purge_media", "--batch-size", "1", "--json", env={"RELEASE_GRACE_SECONDS": "600"})
        wait_for(lambda: Media.objects.filter(status="purged").exists())
        process.send_signal(number)
        out, talk = process.communicate(timeout=ENDS_WITHIN_SECONDS)
        assert process.returncode == 130
        assert json.loads(out)["outcome"] == "interrupted"
        assert json.loads(out)["rows"] == len(purged(person))
        assert "running it again goes on" in talk
        assert "Traceback" not in talk
        again = json.loads(shell.run("purge_media", "--json").stdout)
        assert (len(purged(person)), again["objects_deleted"]) == (30, 30)

    def test_end_the_wait_before_collection(self, person: Person, shell: Shell, number: signal.Signals) -> None:
        expire(*sent(person, 2))
        process = shell.start("purge_media", "--json", env={"RELEASE_GRACE_SECONDS": "600"})
        wait_for(lambda: PurgeRun.objects.filter(outcome="done").exists())
        process.send_signal(number)
        out, _ = process.communicate(timeout=ENDS_WITHIN_SECONDS)
        assert (process.returncode, json.loads(out)["objects_deleted"]) == (130, 0)
        assert json.loads(shell.run("purge_media", "--json").stdout)["objects_deleted"] == 2

    def test_end_the_removal_of_a_device_which_running_it_again_finishes(
        self, person: Person, shell: Shell, number: signal.Signals
    ) -> None:
        sent(person, 3)
        device = str(person.device.pk)
        process = shell.start("destroy_device", device, "--yes", "--json", env={"RELEASE_GRACE_SECONDS": "600"})
        wait_for(lambda: DestroyedMedia.objects.count() == 3)
        process.send_signal(number)
        out, _ = process.communicate(timeout=ENDS_WITHIN_SECONDS)
        assert (process.returncode, json.loads(out)["objects_left"]) == (130, 3)
        done = json.loads(shell.run("destroy_device", device, "--json").stdout)
        assert (done["status"], done["objects_deleted"]) == ("done", 3)


class TestPipes:
    def test_whose_reader_went_away_are_no_traceback(self, person: Person, shell: Shell) -> None:
        sent(person, 1)
        shell.run("destroy_device", str(person.device.pk), "--yes")
        row = DestroyedMedia.objects.values("app_id", "device_id", "size", "sha256", "created_at", "destroyed_at").get()
        more = ({**row, "path": f"media/{number}", "media_id": f"{number:032x}"} for number in range(5_000))
        DestroyedMedia.objects.bulk_create(DestroyedMedia(**values) for values in more)
        arguments = ("export_destruction", "--app", "alice", "--device", str(person.device.pk))
        process = shell.start(*arguments)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        assert process.wait(ENDS_WITHIN_SECONDS) == 141
        assert len(shell.run(*arguments).stdout.splitlines()) == 5_001


class TestATerminal:
    def test_shows_a_bar_and_asks(self, person: Person, shell: Shell) -> None:
        age(sent(person, 1)[0], days=40)
        code, screen = _at_terminal(shell, "purge_media", "--before", "30d", "--force", answer="y\n")
        assert (code, len(purged(person))) == (0, 1)
        assert "[y/N]" in screen
        assert "Purging: 100%" in screen, screen
        assert "Deleting: 100%" in screen, screen

    @pytest.mark.parametrize("answer", ["n\n", "\n", "\x04", "maybe\n"])
    def test_takes_anything_but_yes_for_no(self, person: Person, shell: Shell, answer: str) -> None:
        age(sent(person, 1)[0], days=40)
        code, screen = _at_terminal(shell, "purge_media", "--before", "30d", answer=answer)
        assert (code, purged(person)) == (1, set())
        assert "Nothing was touched" in screen

    def test_whose_question_is_answered_by_ctrl_c_touches_nothing(self, person: Person, shell: Shell) -> None:
        sent(person, 1)
        code, screen = _at_terminal(shell, "destroy_device", str(person.device.pk), answer="\x03")
        assert code == 130
        assert "Traceback" not in screen
        person.device.refresh_from_db()
        assert person.device.destroyed_at is None

    def test_shows_no_bar_to_whoever_wants_quiet(self, person: Person, shell: Shell) -> None:
        expire(*sent(person, 1))
        code, screen = _at_terminal(shell, "purge_media", "--quiet", answer="")
        assert (code, screen.strip()) == (0, "")


def _at_terminal(shell: Shell, *arguments: str, answer: str) -> tuple[int, str]:
    """The exit code, and all that the terminal showed; the answer is typed once the question stands there."""
    ours, theirs = pty.openpty()

    def own_terminal() -> None:
        os.login_tty(theirs)
        die_with_parent(signal.SIGTERM)

    process = shell.start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_terminal)
    os.close(theirs)
    screen = ""
    for piece in _pieces(ours):
        screen += piece
        if answer and "[y/N] " in screen:
            os.write(ours, answer.encode())
            answer = ""
    os.close(ours)
    return process.wait(ENDS_WITHIN_SECONDS), screen


def _pieces(terminal: int) -> Iterator[str]:
    # Linux answers EIO once nobody has the other end any more.
    with suppress(OSError):
        while piece := os.read(terminal, 4_096):
            yield piece.decode(errors="replace")


def _obey_modes() -> None:
    """Even root is to obey the modes of files, in the program that comes next."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
