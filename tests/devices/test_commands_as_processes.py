"""The commands as an operator's shell sees them: exit codes, and what goes to which stream."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.installation import ROOT, Installation, Prepared


@pytest.fixture(scope="module")
def installed(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return prepared.copy(tmp_path_factory.mktemp("var"))


def manage(installed: Installation, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    options = {"env": installed.env, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(command, cwd=ROOT, text=True, timeout=60, check=False, **options)


@pytest.mark.faults
class TestExitCodes:
    def test_0_with_the_result_alone_on_stdout(self, installed: Installation) -> None:
        issued = manage(installed, "issue_api_key", "--app", installed.app_id, "--scope", "media:read")
        assert issued.returncode == 0
        assert issued.stdout.startswith("mhk_")
        assert len(issued.stdout.splitlines()) == 1
        assert issued.stdout.strip() not in issued.stderr

    def test_1_for_a_refusal_told_in_one_sentence(self, installed: Installation) -> None:
        refused = manage(installed, "create_device", "--app", "nobody", "--name", "x")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "There is no app" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_2_for_wrong_usage(self, installed: Installation) -> None:
        wrong = manage(installed, "issue_api_key", "--app", "x", "--scope", "root")
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert "there is no scope 'root'" in wrong.stderr


@contextmanager
def full_disk() -> Iterator[dict[str, Any]]:
    with Path("/dev/full").open("w") as file:
        yield {"stdout": file}


@contextmanager
def closed() -> Iterator[dict[str, Any]]:
    """As a shell's `>&-`."""
    yield {"stdout": None, "preexec_fn": lambda: os.close(1)}


@contextmanager
def reader_that_went() -> Iterator[dict[str, Any]]:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w") as pipe:
        yield {"stdout": pipe}


FULL = (full_disk, 1, "The result could not be written: no space left on device.")
CLOSED = (closed, 1, "The result could not be written: bad file descriptor.")
WENT = (reader_that_went, 141, "The reader of the output went away.")
PRESSED = "import os, time\nos.kill(os.getpid(), 2)\ntime.sleep(9)\n"
PRESSED_IN_A_CALLBACK = """
import os, time, weakref
it = set()
watch = weakref.ref(it, lambda _: [os.kill(os.getpid(), 2), time.sleep(9)])
del it
time.sleep(9)
"""
URL = "https://hooks.example.com/media"


@pytest.mark.faults
class TestAResultThatCannotBeWritten:
    @pytest.fixture(params=[FULL, CLOSED, WENT], ids=["full", "closed", "went"])
    def untold(self, request: pytest.FixtureRequest, installed: Installation) -> Callable[..., str]:
        """Runs a command whose output goes nowhere; what it says then, after the sentence that is always the same."""
        output, code, sentence = request.param

        def run(*arguments: str) -> str:
            with output() as options:
                ended = manage(installed, *arguments, **options)
            assert ended.returncode == code, ended.stderr
            assert len(ended.stderr.splitlines()) == 1, ended.stderr
            assert ended.stderr.startswith(f"CommandError: {sentence}")
            return ended.stderr.removeprefix(f"CommandError: {sentence}").strip()

        return run

    def test_of_a_new_key_says_how_it_is_revoked(self, installed: Installation, untold: Callable[..., str]) -> None:
        said = untold("issue_api_key", "--app", installed.app_id, "--scope", "media:read")
        newest = json.loads(manage(installed, "list_api_keys", "--app", installed.app_id, "--json").stdout)[-1]
        assert said == (
            f"The key {newest['key_id']} was issued all the same, and nobody has seen it; "
            f"revoke it: manage.py revoke_api_key {newest['key_id']}"
        )

    def test_of_a_webhook_says_how_to_get_another_secret(
        self, installed: Installation, untold: Callable[..., str]
    ) -> None:
        said = untold("create_webhook", "--app", installed.app_id, "--url", URL, "--event", "message")
        newest = json.loads(manage(installed, "list_webhooks", "--app", installed.app_id, "--json").stdout)[-1]
        assert f"manage.py rotate_webhook_secret {newest['webhook_id']} --overlap-seconds 0" in said
        again = untold("rotate_webhook_secret", newest["webhook_id"])
        assert f"nobody has seen it; rotate it again: manage.py rotate_webhook_secret {newest['webhook_id']}" in again
        manage(installed, "delete_webhook", newest["webhook_id"])

    def test_says_what_was_done(self, installed: Installation, untold: Callable[..., str]) -> None:
        assert "Created the app 'Web shop'" in untold("create_app", "Web shop", "--json")

    def test_of_a_list_is_the_sentence_alone(self, installed: Installation, untold: Callable[..., str]) -> None:
        assert untold("list_api_keys", "--app", installed.app_id) == ""

    def test_of_an_operation_too(self, untold: Callable[..., str]) -> None:
        assert untold("purge_media", "--json", "--quiet") == ""

    @pytest.mark.parametrize(
        "arguments", [("help",), ("list_api_keys", "--help"), ("showmigrations",), ("run", "--help")]
    )
    @pytest.mark.parametrize("output", [full_disk, closed, reader_that_went])
    def test_of_any_other_command_is_no_traceback(
        self, installed: Installation, arguments: tuple[str, ...], output: Callable[..., Any]
    ) -> None:
        with output() as options:
            ended = manage(installed, *arguments, **options)
        assert (ended.returncode > 0, len(ended.stderr.splitlines())) == (True, 1), ended.stderr
        assert "Error" not in ended.stderr


@pytest.mark.faults
class TestTalkThatCannotBeWritten:
    @pytest.mark.parametrize("output", [full_disk, closed, reader_that_went])
    def test_ends_nothing(self, installed: Installation, output: Callable[..., Any]) -> None:
        with output() as options:
            into = {"stderr": options["stdout"]}
            into |= {"preexec_fn": lambda: os.close(2)} if into["stderr"] is None else {}
            issued = manage(installed, "issue_api_key", "--app", installed.app_id, "--scope", "media:read", **into)
        assert (issued.returncode, issued.stdout[:4]) == (0, "mhk_")


@pytest.mark.faults
class TestCtrlC:
    @pytest.mark.parametrize("module", ["django", "interrupted"])
    @pytest.mark.parametrize("lines", [PRESSED, PRESSED_IN_A_CALLBACK])
    def test_while_it_starts_is_no_traceback(
        self, installed: Installation, tmp_path: Path, module: str, lines: str
    ) -> None:
        """Pressed by the first import, or by the settings."""
        (tmp_path / f"{module}.py").write_text(lines)
        env = {**installed.env, "PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "interrupted"}
        ended = manage(installed, "list_api_keys", "--app", "alice", env=env)
        assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "Interrupted.\n")
