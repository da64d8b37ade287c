"""`manage.py run` as its user meets it: started in a terminal, called by the lines of the README, stopped."""

import json
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest

from tests.mediahub.started import ROOT, environment, manage
from tests.processes import die_with_parent, free_ports

GREETING = "Ctrl-C stops it."
# The shell blocks of the README, in the indent of the lists they are in.
BLOCK = re.compile(r"^(?P<indent> *)```sh\n(?P<lines>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
SEPARATOR = "---- next call ----"
CALLS = 13
# What is promised, and room for a machine that is busy with other tests.
STOP_SECONDS = 3 + 7

pytestmark = pytest.mark.timeout(120)


class Running:
    """A run, its output as far as it was read, and the processes it is made of."""

    def __init__(self, var: Path, **settings: str) -> None:
        self.var = var
        self.port = free_ports(1)[0]
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=environment(var, PORT=str(self.port), **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),
        )

    def read_until(self, words: str) -> str:
        assert self.process.stdout
        while words not in self.output:
            line = self.process.stdout.readline()
            assert line, f"it ended without {words!r}: {self.output}"
            self.output += line
        return self.output

    def read_rest(self) -> str:
        assert self.process.stdout
        if not self.process.stdout.closed:
            with self.process.stdout:
                self.output += self.process.stdout.read()
        return self.output

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()

    def processes(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            env = process.environ()
            place = (env.get("MEDIAHUB_VAR"), env.get("PORT"))
            return place == (str(self.var), str(self.port)) and process.status() != psutil.STATUS_ZOMBIE
        return False

    def stop(self, signum: signal.Signals) -> int:
        self.process.send_signal(signum)
        return self.process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all, so that only the first start has to migrate and collect."""
    return tmp_path_factory.mktemp("checkout") / "var"


@pytest.fixture(scope="module")
def kept() -> Iterator[list[Running]]:
    """Those that several tests look at, one after the other."""
    kept: list[Running] = []
    yield kept
    for running in kept:
        end(running)


@pytest.fixture
def shared(kept: list[Running], var: Path) -> Running:
    """One that is looked at, or stopped; the next test starts another then."""
    if not kept or kept[-1].process.poll() is not None:
        kept.append(Running(var))
        kept[-1].read_until(GREETING)
    return kept[-1]


@pytest.fixture
def running(var: Path, kept: list[Running]) -> Iterator[Running]:
    """One of the test's own, to be stopped; its folder is that of the one that others look at, which ends first."""
    for one in kept:
        end(one)
    running = Running(var)
    try:
        running.read_until(GREETING)
        yield running
    finally:
        end(running)


def end(running: Running) -> None:
    for process in running.processes():
        with suppress(psutil.NoSuchProcess):
            process.kill()
    running.process.wait()
    running.read_rest()


def pasted() -> list[str]:
    """What stands in the README's shell blocks, without their indent."""
    text = (ROOT / "README.md").read_text()
    return [re.sub(f"^{found['indent']}", "", found["lines"], flags=re.MULTILINE) for found in BLOCK.finditer(text)]


class TestRun:
    def test_serves_pages_and_prints_the_first_calls(self, shared: Running) -> None:
        assert shared.get("/healthz") == (200, '{"status": "ok"}')
        assert '"status": "ready"' in shared.get("/readyz")[1]
        assert "<h1>MediaHub</h1>" in shared.get("/")[1]
        static = re.findall(r'(?:src|href)="(/static/[^"]+)"', shared.get("/api/docs")[1])
        assert static
        assert {shared.get(path)[0] for path in static} == {200}
        assert "curl" in shared.read_until("/admin/")

    @pytest.mark.faults
    def test_keeps_keys_for_the_owner_and_from_one_run_to_the_next(self, running: Running) -> None:
        file = running.var / "demo.env"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        before = without_url(file)
        running.stop(signal.SIGTERM)
        again = Running(running.var)
        again.read_until(GREETING)
        assert without_url(file) == before
        again.stop(signal.SIGTERM)
        again.read_rest()

    def test_writes_a_line_for_each_request_without_its_query_and_key(self, shared: Running) -> None:
        key = dict(line.split("=", 1) for line in (shared.var / "demo.env").read_text().split())["MEDIAHUB_KEY"]
        shared.get(f"/media?path={key}", **{"Authorization": f"Bearer {key}", "X-Request-ID": "a-request"})
        [line] = [line for line in shared.read_until("a-request").splitlines() if "a-request" in line]
        for part in ("method=GET", "path=/media ", "status=404", "bytes=", "ms=", "app_id="):
            assert part in f"{line} "
        assert key not in shared.output

    def test_answers_the_first_calls_as_they_are_printed_in_the_readme(self, shared: Running) -> None:
        """Pasted one after the other, in a folder that looks like the checkout."""
        shutil.copytree(ROOT / "docs", shared.var.parent / "docs")
        credentials, *calls = pasted()
        assert len(calls) == CALLS
        script = f"\necho '{SEPARATOR}'\n".join(["set -e\n" + credentials, *calls])
        done = subprocess.run(
            ["bash"],  # the newcomer's shell
            input=script,
            cwd=shared.var.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        answers = [answer.strip() for answer in done.stdout.split(SEPARATOR)[1:]]
        me, sent, filed, uploaded, resent, listed, one, compared, ranged, gone, inbound, claimed, noted = answers
        assert json.loads(me)["app"]["name"] == "Demo"
        picture = (ROOT / "docs/sample.jpg").stat().st_size
        for answer in (sent, filed, resent):
            media = json.loads(answer)["media"]
            assert (media["status"], media["mime_type"], media["size"]) == ("ready", "image/jpeg", picture)
        assert json.loads(one) == json.loads(uploaded)
        ids = [media["message_id"] for media in json.loads(listed)["results"]]
        assert ids == ["hello-3", "hello-2", "hello-1"]
        assert compared == "byte for byte the same"
        assert f"Content-Range: bytes 0-3/{picture}" in ranged
        assert "206 Partial Content" in ranged
        assert json.loads(gone)["code"] == "media_gone"
        received = json.loads(inbound)
        assert (received["status"], received["direction"], received["caption"]) == ("ready", "inbound", "My slip")
        [message] = json.loads(claimed)["messages"]
        assert (message["message_id"], message["to"]) == ("hello-1", "6281234567890")
        with urllib.request.urlopen(message["content_url"], timeout=30) as content:
            assert len(content.read()) == picture
        assert [result["outcome"] for result in json.loads(noted)["results"]] == ["noted"]
        assert "verified" in shared.read_until('"message_id": "from-them-1"')

    def test_is_the_only_one_on_its_folder(self, shared: Running) -> None:
        """A second one would lead the first one's webhooks to itself, where they are refused."""
        before = (shared.var / "demo.env").read_text()
        for port in (shared.port, free_ports(1)[0]):
            done = manage("run", env=environment(shared.var, PORT=str(port)))
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr == (
                f"{shared.var} is in use by another `make run`: stop that one first, "
                "or give this one a folder of its own with MEDIAHUB_VAR.\n"
            )
        assert (shared.var / "demo.env").read_text() == before

    def test_stops_when_it_is_told_and_leaves_no_process(self, shared: Running) -> None:
        """By Ctrl-C."""
        assert len(shared.processes()) > 5
        assert shared.stop(signal.SIGINT) == 0
        assert shared.processes() == []

    @pytest.mark.faults
    @pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
    def test_stops_by_other_signals_as_well(self, running: Running, signum: signal.Signals) -> None:
        assert len(running.processes()) > 5
        assert running.stop(signum) == 0
        assert running.processes() == []

    @pytest.mark.faults
    def test_leaves_no_process_when_it_is_killed(self, running: Running) -> None:
        processes = running.processes()
        running.stop(signal.SIGKILL)
        # Those that nobody waits for stay zombies, which psutil counts as alive.
        deadline = time.monotonic() + 30
        while running.processes() and time.monotonic() < deadline:
            psutil.wait_procs(processes, timeout=0.2)
        assert running.processes() == []
        again = Running(running.var)
        again.read_until(GREETING)
        end(again)

    @pytest.mark.faults
    def test_ends_with_an_error_when_one_of_its_processes_does(self, running: Running) -> None:
        [beat] = [process for process in running.processes() if "beat" in process.cmdline()]
        beat.kill()
        assert running.process.wait(STOP_SECONDS) != 0
        assert "beat stopped" in running.read_until("beat stopped")
        assert running.processes() == []

    def test_a_busy_port_is_one_sentence(self, var: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = manage("run", env=environment(var, PORT=str(port)))
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr == (
            f"Port {port} cannot be used (address already in use): "
            f"stop what uses it, or choose another one with PORT={port + 1}.\n"
        )

    @pytest.mark.faults
    def test_a_database_that_does_not_answer_is_one_sentence(self, var: Path) -> None:
        closed, own = free_ports(2)
        url = f"postgres://alice:hunter2@127.0.0.1:{closed}/media"
        done = manage("run", env=environment(var, PORT=str(own), DATABASE_URL=url))
        assert done.returncode == 1
        assert done.stderr.startswith("The database does not answer; see DATABASE_URL.")
        assert len(done.stderr.splitlines()) == 1
        assert "hunter2" not in done.stderr

    @pytest.mark.faults
    def test_an_interrupt_while_it_gets_ready_is_no_traceback(self, var: Path) -> None:
        running = Running(var)
        running.read_until("getting ready")
        assert running.stop(signal.SIGINT) == 0
        assert "Traceback" not in running.read_rest()
        assert running.processes() == []


def without_url(file: Path) -> list[str]:
    """The lines of the demo's file that do not change with the port."""
    return [line for line in file.read_text().splitlines() if not line.startswith("MEDIAHUB_URL=")]
