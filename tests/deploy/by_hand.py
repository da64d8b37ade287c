"""The compose file without Docker: its commands and healthchecks, as processes of this machine.

The image is a folder with what the Dockerfile copies. Names of services become ports of the loopback.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy import check
from tests.processes import die_with_parent

SECONDS = 60
VARIABLE = re.compile(r"\$\$|\$\{(?P<name>[A-Z0-9_]+)(?P<how>:[-?])?(?P<word>[^{}]*)\}")


def made_env(folder: Path) -> dict[str, str]:
    """What the line at the head of the compose file makes."""
    (folder / "deploy").mkdir()
    line = next(line for line in check.COMPOSE.read_text().splitlines() if line.startswith("#     (umask"))
    subprocess.run(["sh", "-c", line.lstrip("# ")], cwd=folder, check=True)
    again = subprocess.run(["sh", "-c", line.lstrip("# ")], cwd=folder, check=False, capture_output=True)
    assert again.returncode != 0, "secrets that are in use were written over"
    assert (folder / "deploy" / ".env").stat().st_mode & 0o077 == 0
    return dict(line.split("=", 1) for line in (folder / "deploy" / ".env").read_text().splitlines())


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """As Compose does it."""
    if isinstance(value, dict):
        return {name: interpolated(each, variables) for name, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each, variables) for each in value]
    if not isinstance(value, str):
        return value
    # A default may hold another variable: from the inside out.
    inner = VARIABLE.sub(lambda found: _word(found, variables), value)
    return inner if inner == value or "${" not in inner else interpolated(inner, variables)


def _word(found: "re.Match[str]", variables: Mapping[str, str]) -> str:
    if found[0] == "$$":
        return "$"
    if value := variables.get(found["name"]):
        return value
    assert found["how"] == ":-", f"{found['name']} is missing"
    return str(found["word"])


class ByHand:
    """The services, each with what stands for another machine's name or folder replaced."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.services = interpolated(check.services(), variables)
        self._variables = variables
        self.replaced: dict[str, str] = {}
        self.image = folder / "image"
        self.image.mkdir()
        for name in check.copied():
            source = check.ROOT / name
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            if source.is_dir():
                shutil.copytree(source, self.image / name, ignore=ignored)
            else:
                shutil.copy(source, self.image / name)

    def here(self, text: str) -> str:
        """With addresses of this machine."""
        for there, here in self.replaced.items():
            text = text.replace(there, here)
        return text

    def env(self, name: str) -> dict[str, str]:
        """What the service's processes see, and what finds the programs of this machine."""
        service = self.services[name]
        ours = {**check.image_environment(), **self._variables} if service.get("build") else {}
        given = {**ours, **service.get("environment", {})}
        found = {variable: self.here(value) for variable, value in given.items()}
        return {**found, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def run(self, name: str, *, what: str = "command") -> str:
        """Run the command of a service that ends."""
        command = [self.here(word) for word in self.services[name][what]]
        done = subprocess.run(
            command, cwd=self.image, env=self.env(name), check=False, capture_output=True, text=True, timeout=SECONDS
        )
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    @contextmanager
    def running(
        self, name: str, command: list[str], *, end: signal.Signals = signal.SIGTERM, **more: str
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """The service, from when its healthcheck is content until the block ends."""
        log = self.folder / f"{name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [self.here(word) for word in command],
                cwd=self.image,
                env={**self.env(name), **more},
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
            )
        try:
            self._wait(name, process, log)
            yield process
        finally:
            process.send_signal(end)
            try:
                process.wait(SECONDS)
            finally:
                process.kill()
                process.wait(SECONDS)

    def _wait(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        ends_at = time.monotonic() + SECONDS
        while not self.is_healthy(name):
            assert process.poll() is None, f"{name} ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < ends_at, f"{name} is not healthy: {log.read_text()[-2000:]}"
            time.sleep(0.2)

    def is_healthy(self, name: str) -> bool:
        """What its healthcheck says."""
        how, *words = [self.here(word) for word in self.services[name]["healthcheck"]["test"]]
        command = ["sh", "-c", *words] if how == "CMD-SHELL" else words
        done = subprocess.run(
            command, cwd=self.image, env=self.env(name), check=False, capture_output=True, timeout=SECONDS
        )
        return done.returncode == 0
