"""Processes of the tests: started so that none outlives the run, interrupted so that each can put its things away."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import NoReturn

import psutil

# What an interrupted command gets to put its own things away.
GRACE_SECONDS = 3
BURIAL_SECONDS = 1
# Below the range from which outgoing connections take theirs, so that none is taken between choice and use.
PORTS = range(20_000, 32_000)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


class Interrupted(BaseException):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def raise_on_signals() -> None:
    """From here on the first signal to end raises Interrupted; those after it find us putting things away."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def signals_held() -> Iterator[None]:
    """While inside, a signal to end waits."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command to its end and answer its exit code; interrupted, see it to its end, and raise Interrupted."""
    child = subprocess.Popen(
        command, env={**os.environ, **environment}, preexec_fn=lambda: die_with_parent(signal.SIGTERM)
    )
    try:
        return _wait(child)
    except Interrupted as interrupted:
        # Ctrl-C reached it already. Told twice, pytest would leave its own clean-up undone.
        if not (interrupted.number == signal.SIGINT and _in_foreground()):
            _press_ctrl_c(child.pid)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
        raise


def die_with_parent(number: signal.Signals) -> None:
    """For a child, before it becomes its program: the kernel sends it this signal should its parent be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Whatever loses its parent below this process becomes its child, so that none can hide from `end_children`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_children(*, but: Collection[int] = ()) -> None:
    """Kill every process below this one, until there is none but those of these ids, with what is below them."""
    while children := [child for child in psutil.Process().children() if child.pid not in but]:
        below = [process for child in children for process in _below(child)]
        for process in (*children, *below):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([*children, *below], timeout=1)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on."""
    with ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            candidate = stack.enter_context(socket.socket())
            port = random.choice(PORTS)
            with suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                ports.append(port)
        return ports


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


def _wait(child: "subprocess.Popen[bytes]") -> int:
    """Its exit code, once it has ended; adopted orphans that have ended are let go of on the way."""
    while True:
        try:
            return child.wait(BURIAL_SECONDS)
        except subprocess.TimeoutExpired:
            _bury_orphans(but=child.pid)


def _bury_orphans(*, but: int) -> None:
    # Nobody else would, and a test that waits for one to go would see it for ever.
    for orphan in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, ChildProcessError):
            if orphan.pid != but and orphan.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(orphan.pid, os.WNOHANG)


def _below(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def _press_ctrl_c(pid: int) -> None:
    """As a terminal does: to the command and to what it works with, such as the workers of pytest."""
    with suppress(psutil.NoSuchProcess):
        command = psutil.Process(pid)
        for process in (*command.children(), command):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGINT)


def _in_foreground() -> bool:
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDWR)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False
