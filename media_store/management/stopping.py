"""Stopping: Ctrl-C lets what is in hand come to its end; a second one does not wait for it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether somebody pressed Ctrl-C; `may_go_on` is asked between batches."""

    def __init__(self, say: Callable[[], object]) -> None:
        self._say = say
        self.is_asked = False

    def may_go_on(self) -> bool:
        """Until it was pressed."""
        return not self.is_asked

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Hear the signal."""
        if self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True
        self._say()


@contextmanager
def after_this_batch(say: Callable[[], object]) -> Iterator[Stop]:
    """While inside, Ctrl-C only asks for an end, and `say` answers it."""
    stop = Stop(say)
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
