"""Places: how many threads of this process do one kind of work at a time, so that the others stay free for the rest."""

from threading import Lock


class Places:
    """Whoever finds none free turns back at once, and whoever leaves next is told of it.

    So what was asked for is not forgotten: it may be younger than the last look at the rows of those inside.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._turned_away = 0
        self._lock = Lock()

    def enter(self) -> bool:
        """Take a place; False where none is free."""
        with self._lock:
            if self._taken == self._most:
                self._turned_away += 1
                return False
            self._taken += 1
            return True

    def leave(self) -> int:
        """Give the place back; answers how many were turned away since somebody left last."""
        with self._lock:
            self._taken -= 1
            turned_away, self._turned_away = self._turned_away, 0
            return turned_away
