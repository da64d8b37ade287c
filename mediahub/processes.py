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
STOP_SECONDS = 2.0
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
            signal.setitimer(signal.ITIMER_REAL, 0)
            # A group outlives the process it was made for where that one was killed.
            _send(signal.SIGKILL, os.killpg, self._pids())

    def terminate(self) -> None:
        """Ask all to stop, and kill those that do not."""
        if not self._terminating:
            signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)
        super().terminate()

    def _start(self) -> None:
        super()._start()
        self._on_started()

    def _killall(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - honcho's signature
        if force:
            _send(signal.SIGKILL, os.killpg, self._pids())
        else:
            # Not to the groups: celery would take its children, told by us, for lost ones and start others.
            _send(signal.SIGTERM, os.kill, self._pids(running=True))

    def _pids(self, *, running: bool = False) -> list[int]:
        processes = [known for known in self._processes.values() if not (running and "returncode" in known)]
        return [process["pid"] for process in processes if "pid" in process]

    def _system_print(self, data: str) -> None:
        if "stopped" in data and not self._terminating:
            super()._system_print(data)


def _send(signum: int, send: Callable[[int, int], None], pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            send(pid, signum)
