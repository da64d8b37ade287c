"""An installation of MediaHub of its own: a folder, a database, a store, an app with a device and a key.

For what must be seen from outside: processes that are killed, memory that is measured. Everything goes through
the commands an operator would type and the processes of the Procfile.
"""

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.error import URLError

import psutil

from tests.processes import die_with_parent, free_ports

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 20
SCOPES = ("media:read", "media:write", "devices")
# Runs the commands of its argument, and writes what each of them wrote.
RUN_EACH = """
import io, json, os, sys
import django
from django.core.management import call_command
os.environ["DJANGO_SETTINGS_MODULE"] = "mediahub.settings"
django.setup()
told = []
for command in json.loads(sys.argv[1]):
    out = io.StringIO()
    call_command(*command, stdout=out)
    told.append(out.getvalue())
json.dump(told, sys.stdout)
"""


@dataclass(frozen=True, kw_only=True)
class Web:
    """A running web process. `master` is gunicorn's; the workers are its children."""

    port: int
    master: psutil.Process

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[psutil.Process]:
        """The processes that serve requests."""
        return self.master.children()


class Installation:
    """`env` switches it to the real services; with none it is SQLite and files below `var`."""

    def __init__(self, *, var: Path, env: Mapping[str, str]) -> None:
        self.var = var
        self.own_env = dict(env)

    @property
    def env(self) -> dict[str, str]:
        """What its processes are started with."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        ours = {"MEDIAHUB_VAR": str(self.var), "MEDIAHUB_ENV_FILE": os.devnull, "LOG_LEVEL": "warning"}
        return {**kept, **ours, "PYTHONPATH": str(ROOT), **self.own_env}

    @property
    def spool(self) -> Path:
        """Where its uploads rest."""
        return self.var / "spool"

    @property
    def web_log(self) -> Path:
        """What its web processes wrote, one after the other."""
        return self.var / "web.log"

    def manage(self, *arguments: str) -> str:
        """What the command writes."""
        return self._python("manage.py", *arguments)

    def _python(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.env, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{shlex.join(arguments)}: {done.stderr}"
        return done.stdout

    def migrate(self) -> None:
        """Make the tables."""
        self.manage("migrate", "--verbosity=0")

    def migrate_and_move_in(self) -> None:
        """Make the tables, and the app with its key and its device, by one process: each takes a second to start."""
        commands = [
            ["migrate", "--verbosity=0"],
            ["create_app", "alice", "--json"],
            ["issue_api_key", "--app", "alice", *_every_scope(), "--json"],
            ["create_device", "--app", "alice", "--name", "alice's phone", "--json"],
        ]
        _, app, key, device = json.loads(self._python("-c", RUN_EACH, json.dumps(commands)))
        self.app_id, self.key = json.loads(app)["app_id"], json.loads(key)["key"]
        self.device_id = json.loads(device)["device_id"]

    @cached_property
    def app_id(self) -> str:
        """An app, made when it is first asked for."""
        return str(json.loads(self.manage("create_app", "alice", "--json"))["app_id"])

    @cached_property
    def key(self) -> str:
        """A key of the app."""
        return self.key_of(self.app_id)

    def another_key(self, name: str) -> str:
        """A key of another app, which is made for it."""
        return self.key_of(str(json.loads(self.manage("create_app", name, "--json"))["app_id"]))

    def key_of(self, app_id: str) -> str:
        """A new key of this app."""
        return str(json.loads(self.manage("issue_api_key", "--app", app_id, *_every_scope(), "--json"))["key"])

    @cached_property
    def device_id(self) -> str:
        """A device of the app."""
        made = self.manage("create_device", "--app", self.app_id, "--name", "alice's phone", "--json")
        return str(json.loads(made)["device_id"])

    @contextmanager
    def web(self, **env: str) -> Iterator[Web]:
        """The web process of the Procfile, until the block ends."""
        port = free_ports(1)[0]
        with self.web_log.open("ab") as out:
            process = subprocess.Popen(
                web_command(),
                cwd=ROOT,
                env={**self.env, **env, "PORT": str(port)},
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )
            try:
                wait_until_up(port, process, self.web_log)
                yield Web(port=port, master=psutil.Process(process.pid))
            finally:
                stop(process)


class Prepared:
    """An embedded installation with its tables, an app, a device and a key, of which others are copies.

    It is made by whichever process of the run comes first; none changes it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._var, self._said = folder / "var", folder / "said.json"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._said.exists():
                self._said.write_text(self._prepare())

    def _prepare(self) -> str:
        installation = Installation(var=self._var, env={})
        installation.migrate_and_move_in()
        return json.dumps([installation.app_id, installation.key, installation.device_id])

    def copy(self, var: Path) -> Installation:
        """An installation of one's own."""
        shutil.copytree(self._var, var, dirs_exist_ok=True)
        copy = Installation(var=var, env={})
        copy.app_id, copy.key, copy.device_id = json.loads(self._said.read_text())
        return copy


def _every_scope() -> list[str]:
    return [word for scope in SCOPES for word in ("--scope", scope)]


def web_command() -> list[str]:
    """The line of the Procfile, with the programs of this interpreter's environment."""
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if ": " in line)
    words = shlex.split(lines["web"])
    program = words[1] if words[0] == "exec" else words[0]
    return [str(Path(sys.executable).parent / program), *words[words.index(program) + 1 :]]


def wait_until_up(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return once the server answers. A server that died shows the end of its log."""
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        assert process.poll() is None, f"the web process ended: {log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"the web process does not answer: {log.read_text()[-2000:]}"
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the process and its children; a throwaway server needs no grace."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)
