"""A scheduler that runs verbs side by side, one step between two failpoints at a time, in any order given.

Each actor is a thread with a database connection of its own. A step lets one actor run until it reaches its
next failpoint, ends, or waits for a lock that another actor holds; PostgreSQL itself is asked whether it waits.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

from media_store import failpoints

# A step takes milliseconds; on a machine that is busy with other things, nobody knows.
STEP_SECONDS = 60
ASK_SECONDS = 0.01


class Actor(threading.Thread):
    """One verb at work. `error` is what it raised, `result` what it answered."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._may_go = threading.Semaphore(0)
        self._paused = threading.Event()
        self.backend: int | None = None
        self.done = False
        self.result: Any = None
        self.error: Exception | None = None
        self.trail: list[str] = []

    def run(self) -> None:
        """Wait for the first step, work, and close the connection."""
        try:
            connection.ensure_connection()
            self.backend = connection.connection.info.backend_pid
            self.pause("start")
            self.result = self._work()
        except Exception as error:  # noqa: BLE001 - whatever it was, the test judges it
            self.error = error
        finally:
            connections.close_all()
            self.done = True
            self._paused.set()

    def begin(self) -> None:
        """Return once the actor stands before its first step."""
        assert self._paused.wait(STEP_SECONDS), f"{self.name} did not start"

    def pause(self, name: str) -> None:
        """Stop here until the next step."""
        self.trail.append(name)
        self._paused.set()
        self._may_go.acquire()

    def step(self) -> None:
        """Run on until the next failpoint, the end, or a lock."""
        self._paused.clear()
        self._may_go.release()
        self.settle()

    def end(self) -> None:
        """Return once it has ended."""
        self.join(STEP_SECONDS)
        assert self.done, f"{self.name} has not ended after {self.trail}"

    def settle(self) -> None:
        """Return once the actor stands still."""
        deadline = time.monotonic() + STEP_SECONDS
        # Whoever comes to stand wakes this at once; PostgreSQL is asked only about who takes longer than most steps.
        while not self._paused.wait(ASK_SECONDS):
            if self.is_waiting():
                return
            assert time.monotonic() < deadline, f"{self.name} neither moves nor waits after {self.trail}"

    def is_waiting(self) -> bool:
        """Whether PostgreSQL has it waiting for a lock."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [self.backend])
            row = cursor.fetchone()
        return bool(row) and row[0] == "Lock"

    @property
    def can_step(self) -> bool:
        """Whether it stands at a failpoint."""
        return not self.done and self._paused.is_set()


def run(actors: Sequence[Actor], schedule: Sequence[int]) -> None:
    """Step the actors in the order of the schedule (an index into those that can move), then to their ends."""
    names = {actor.name: actor for actor in actors}

    def observer(name: str) -> None:
        actor = names.get(threading.current_thread().name)
        if actor is not None:
            actor.pause(name)

    with failpoints.observed(observer):
        for actor in actors:
            actor.start()
            actor.begin()
        choices = iter(schedule)
        while movable := _movable(actors):
            movable[next(choices, 0) % len(movable)].step()
        for actor in actors:
            actor.end()


def _movable(actors: Sequence[Actor]) -> list[Actor]:
    """Those that can step, once there are any; none when all have ended.

    Where nobody can and somebody has not ended, a lock that he waits for has just been let go.
    """
    deadline = time.monotonic() + STEP_SECONDS
    while True:
        movable = [actor for actor in actors if actor.can_step]
        if movable or all(actor.done for actor in actors):
            return movable
        assert time.monotonic() < deadline, f"deadlock: {[(a.name, a.trail) for a in actors]}"
        time.sleep(0.002)


@contextmanager
def just_before(statement: str, deed: Callable[[], object]) -> Iterator[None]:
    """Where no failpoint is: while inside, run `deed` right before this connection sends its first such statement."""
    deeds = [deed]

    def send(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if deeds and sql.startswith(statement):
            deeds.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(send):
        yield
    assert not deeds, f"nothing was sent that begins with {statement}"
