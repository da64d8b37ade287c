"""Stopping: Ctrl-C, SIGTERM and SIGHUP end a command after the batch in hand, and a second one at once."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from media_store import leases

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ASK_AGAIN_SECONDS = 0.1

MayGoOn = Callable[[], bool]


class Stop:
    """Whether somebody asked this command to end."""

    def __init__(self, say: Callable[[], object]) -> None:
        self.asked = False
        self._say = say

    def may_go_on(self) -> bool:
        """Whether nobody did: what to ask between batches."""
        return not self.asked

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        """Note it; whoever asks again is in a hurry, and a batch that is cut off is rolled back."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._say()


@contextmanager
def on_signals(say: Callable[[], object] = lambda: None) -> Iterator[Stop]:
    """Until the block ends, signals to end are noted, and answered by `say`, instead of obeyed.

    Only a main thread hears of any.
    """
    stop = Stop(say)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def going(work: str, stop: Stop) -> Iterator[MayGoOn]:
    """What to ask between batches. With the work's lease where it is free, so that the workers leave it to us.

    Where a worker has it already, both work: that does no harm, and each counts what it did itself.
    """
    with leases.lease(work) as held:

        def may_go_on() -> bool:
            if held is not None:
                held.renew()
            return not stop.asked

        yield may_go_on


def wait(seconds: float, *, may_go_on: MayGoOn) -> bool:
    """Sleep so long, or until asked to stop; whether to go on."""
    ends_at = time.monotonic() + seconds
    while (left := ends_at - time.monotonic()) > 0 and may_go_on():
        time.sleep(min(ASK_AGAIN_SECONDS, left))
    return may_go_on()
