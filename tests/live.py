"""The worker of the Procfile as a test starts it, on the test's own database, store and broker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.installation import ROOT, START_SECONDS, stop
from tests.processes import die_with_parent

READY = " ready."


@contextmanager
def celery_worker(*, var: Path, env: Mapping[str, str], **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker that takes tasks, until the block ends."""
    log = var / "worker.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["sh", "-c", _procfile_line("worker")],
            cwd=ROOT,
            env={**env, "PATH": _path(), "WORKER_CONCURRENCY": "4", "LOG_LEVEL": "info", **settings},
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )
        try:
            _wait_until_ready(process, log)
            yield process
        finally:
            stop(process)


def _procfile_line(name: str) -> str:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    return lines[name]


def _path() -> str:
    # The programs of this interpreter's environment come first.
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while READY not in (text := log.read_text()):
        assert process.poll() is None, f"the worker ended: {text[-2000:]}"
        assert time.monotonic() < deadline, f"the worker is not ready: {text[-2000:]}"
        time.sleep(0.05)
