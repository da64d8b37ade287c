"""The hard time limit of tasks, in a worker that works in threads.

Celery's own limit kills a child of its process pool; a thread cannot be killed. So a worker with a task past its limit
begins anew in its own place (execve(2)): its threads, connections and locks end with the process, as in a crash, which
every task survives, and its supervisor sees no process end. What it had in hand is not acknowledged: the broker gives
it to somebody else after its visibility timeout, which is longer than this limit, and the beat asks for it before that.
"""

import os
import sys
import threading
import time

import structlog
from django.conf import settings

LOOK_SECONDS = 1.0

log = structlog.get_logger(__name__)

_began_at: dict[str, tuple[str, float]] = {}


def note_begin(task_id: str, name: str) -> None:
    """A task has begun, now."""
    _began_at[task_id] = (name, time.monotonic())


def note_end(task_id: str) -> None:
    """It has ended, however."""
    _began_at.pop(task_id, None)


def watch() -> None:
    """Look at the tasks under way from now on, in a thread of its own."""
    threading.Thread(target=_watch, name="task-limit", daemon=True).start()


def _watch() -> None:
    while (overdue := _overdue()) is None:
        time.sleep(LOOK_SECONDS)
    log.critical("task_over_limit", task=overdue, limit_seconds=settings.TASK_LIMIT_SECONDS)
    _begin_anew()


def _overdue() -> str | None:
    """The name of a task that is past its limit."""
    latest = time.monotonic() - settings.TASK_LIMIT_SECONDS
    # A copy: tasks begin and end meanwhile.
    return next((name for name, began_at in list(_began_at.values()) if began_at < latest), None)


def _begin_anew() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this process's own command, no shell
