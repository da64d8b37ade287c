"""The processes of the Procfile, run together until one is told to stop, and none left behind."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Popen, Process

# What has not stopped by then is killed.
STOP_SECONDS = 2.5
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(signum: int) -> None:
    """Ask the kernel for this signal when the parent dies, however it dies (Linux: prctl(2))."""
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signum)


class Lasting:
    """Standard output that may be taken away: a closed terminal is no reason to leave processes behind."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        """Whether colours would be seen."""
        return self._stream.isatty()

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what can be handed on."""
        with suppress(OSError):
            self._stream.flush()


class Leashed(Process):  # type: ignore[misc]  # the library has no types
    """A process that outlives neither its manager nor the one that reads its output."""

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Called in a process of its own, between the manager and the command."""
        die_with_parent(signal.SIGKILL)
        self._child_ctor = partial(Popen, preexec_fn=partial(die_with_parent, signal.SIGTERM))
        super().run(*args, **kwargs)


class ProcfileManager(Manager):  # type: ignore[misc]  # the library has no types
    """honcho's manager, but that it stops within seconds, also on SIGHUP, and says only what matters."""

    def __init__(self, *, output: Lasting, on_started: Callable[[], None]) -> None:
        super().__init__(Printer(output))
        self._process_ctor = Leashed
        self._on_started = on_started

    def add_procfile(self, path: Path, *, env: Mapping[str, str]) -> None:
        """Add every process of the file."""
        for name, command in parse_procfile(path.read_text()).processes.items():
            self.add_process(name, command, env=dict(env), cwd=str(path.parent))

    def loop(self) -> None:
        """Run until one process ends or a signal comes; afterwards none is left."""
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        signal.signal(signal.SIGALRM, lambda *_: self.kill())
        try:
            super().loop()
        finally:
            # A group outlives the process it was made for where that one was killed.
            self._signal_groups(self._processes.values(), signal.SIGKILL)

    def terminate(self) -> None:
        """Ask all to stop, and kill those that do not."""
        super().terminate()
        signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)

    def _start(self) -> None:
        super()._start()
        self._on_started()

    def _killall(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - honcho's signature
        running = [process for process in self._processes.values() if "returncode" not in process]
        self._signal_groups(running, signal.SIGKILL if force else signal.SIGTERM)

    @staticmethod
    def _signal_groups(processes: Any, signum: int) -> None:
        for pid in [process["pid"] for process in processes if "pid" in process]:
            with suppress(ProcessLookupError):
                os.killpg(pid, signum)

    def _system_print(self, data: str) -> None:
        if "stopped" in data and not self._terminating:
            super()._system_print(data)
