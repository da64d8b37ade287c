"""The worker and the beat of the Procfile, started, killed with all that is theirs, and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.installation import ROOT, Installation, stop
from tests.processes import die_with_parent


class Part:
    """One line of the Procfile, on an installation. `number` tells two of the same apart."""

    def __init__(self, name: str, installation: Installation, settings: Mapping[str, str], *, number: int = 1) -> None:
        lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
        self._line = lines[name]
        self.log = installation.var / f"{name}.{number}.log"
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        # Celery's advice to whoever is root is nothing to these tests.
        self._env = {**installation.env, "PATH": path, "C_FORCE_ROOT": "1", **settings}
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as out:
            return subprocess.Popen(
                ["sh", "-c", self._line],
                cwd=ROOT,
                env=self._env,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )

    def kill(self) -> None:
        """SIGKILL, for it and its children."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def start_again(self) -> None:
        """After it was killed."""
        self.process = self._start()


@contextmanager
def running(*parts: Part) -> Iterator[None]:
    """Until the block ends."""
    try:
        yield
    finally:
        for part in parts:
            stop(part.process)
