"""Patience: how long to wait before the next try, and how a wait ends early because somebody wants to stop."""

import random
from threading import Event

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0
# A server that asks for more is asked again all the same: its clock may be wrong.
MOST_ASKED_SECONDS = 300.0


class Patience:
    """Waits that double from try to try, by chance between half and whole: many gateways do not come at once."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._seconds = FIRST_SECONDS

    def reset(self) -> None:
        """It worked."""
        self._seconds = FIRST_SECONDS

    def wait(self, *, asked: float | None = None) -> None:
        """Wait, never for less than was asked for, up to five minutes; return at once when it is time to stop."""
        jittered = self._seconds * random.uniform(0.5, 1)  # noqa: S311 - spread, not secrecy
        self._seconds = min(2 * self._seconds, MOST_SECONDS)
        self._stop.wait(max(jittered, min(asked or 0, MOST_ASKED_SECONDS)))
