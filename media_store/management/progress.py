"""Progress: a bar on a terminal, a line now and then in a log, nothing where nobody wants it."""

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

LINE_EVERY_SECONDS = 2.0


class Progress:
    """How far a piece of work is. `say` writes a line; `total` may be wrong, and is then stretched."""

    def __init__(self, what: str, *, unit: str, total: int, say: Callable[[str], None], on_terminal: bool) -> None:
        self._what, self._unit, self._total = what, unit, total
        self._say = say
        self._bar: tqdm[Any] | None = None
        if on_terminal:
            # A terminal that does not know its size gets the usual one; tqdm would show nothing.
            size = shutil.get_terminal_size()
            self._bar = tqdm(
                desc=what, unit=f" {unit}", total=total, file=sys.stderr, ncols=size.columns, nrows=size.lines
            )
        self._said_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def reached(self, count: int) -> None:
        """So many are done, counted from the beginning."""
        if self._bar is not None:
            self._bar.total = self._total = max(self._total, count)
            self._bar.update(count - self._bar.n)
        elif time.monotonic() - self._said_at >= LINE_EVERY_SECONDS:
            self._said_at = time.monotonic()
            self._say(f"{self._what}: {count:,} of {max(self._total, count):,} {self._unit} …")
