"""An operator at the installation: each of his commands is a process, which may be made to die on the way."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.installation import ROOT, Installation

# How a process ends that was made to: by SIGKILL, or by an exit without clean-up.
DEATHS = {"kill": -9, "exit": 70}
MODULE = [sys.executable, "-m", "tests.faults.verbs"]


def environment(installation: Installation, **settings: str) -> dict[str, str]:
    """The settings of his processes: what is let go of may be collected at once."""
    ours = {"DJANGO_SETTINGS_MODULE": "mediahub.settings", "RELEASE_GRACE_SECONDS": "0"}
    return {**installation.env, **ours, **settings}


def command(verb: str, **arguments: object) -> list[str]:
    """One that starts from nothing."""
    return [*MODULE, verb, json.dumps(arguments)]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Has what tests/faults/verbs.py names done by a process that forks another for each."""

    process: "subprocess.Popen[str]"

    def does(self, verb: str, **arguments: object) -> Any:
        """What the verb answers."""
        code, told = self._run(verb, arguments, {})
        assert code == 0, f"{verb}: {told[-3000:]}"
        return json.loads(told)

    def dies(self, verb: str, *, at: str, death: str = "kill", **arguments: object) -> None:
        """See the process die at that moment."""
        code, told = self._run(verb, arguments, {at: death})
        assert code == DEATHS[death], f"{verb} did not die at {at}: {told[-3000:]}"

    def _run(self, verb: str, arguments: dict[str, object], failpoints: dict[str, str]) -> tuple[int, str]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"verb": verb, "arguments": arguments, "failpoints": failpoints}) + "\n")
        self.process.stdin.flush()
        done = json.loads(self.process.stdout.readline())
        return done["code"], done["told"]


@contextmanager
def at_work(installation: Installation, **settings: str) -> Iterator[Operator]:
    """Until the block ends."""
    process = subprocess.Popen(
        [*MODULE, "serve"],
        cwd=ROOT,
        env=environment(installation, **settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Operator(process=process)
    finally:
        # It ends with its input.
        process.communicate()
