"""Output: what commands write, so that no terminal acts on a stranger's text, and what cannot be written is told."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, cast

from django.core.management.base import OutputWrapper

from devices.names import FORBIDDEN

# What no name may have, and the marks that turn the direction of what stands beside them.
_ACTED_ON = re.compile(rf"[{FORBIDDEN}\u061c\u200e\u200f]")

Style = Callable[[str], str]


def shown(text: str) -> str:
    """The text on one line, with what a terminal would act on written out, line breaks too; still JSON if it was."""
    return _ACTED_ON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shown_lines(text: str) -> str:
    """The same of a text of several lines, which stay."""
    return "\n".join(shown(line) for line in text.split("\n"))


def flattened(text: str) -> str:
    """Prose of somebody's, whose line breaks are blanks."""
    return shown(" ".join(text.split()))


class NotWritten(Exception):  # noqa: N818 - a state of the output, no fault of ours
    """The result could not be written."""

    def __init__(self, error: OSError) -> None:
        self.reader_went = isinstance(error, BrokenPipeError)
        why = f"The result could not be written: {(error.strerror or str(error)).lower()}."
        super().__init__("The reader of the output went away." if self.reader_went else why)


class Result(OutputWrapper):
    """Standard output. Nothing is held back: whether it could be written is known before anything is said about it."""

    def write(self, msg: str = "", style_func: Style | None = None, ending: str | None = None) -> None:  # type: ignore[override]  # as Django has it
        """Write lines. Raises NotWritten."""
        with self.stream():
            super().write(shown_lines(msg), style_func, ending)

    @contextmanager
    def stream(self) -> Iterator[TextIO]:
        """The stream itself, for what is written in many pieces. Raises NotWritten."""
        out = cast("TextIO", self._out)
        try:
            yield out
            out.flush()
        except OSError as error:
            _let_go(out)
            raise NotWritten(error) from error


class Talk(OutputWrapper):
    """Standard error. Where nobody can hear it, the work goes on."""

    def write(self, msg: str = "", style_func: Style | None = None, ending: str | None = None) -> None:  # type: ignore[override]  # as Django has it
        """Say lines."""
        try:
            super().write(shown_lines(msg), style_func, ending)
            super().flush()
        except OSError:
            _let_go(cast("TextIO", self._out))


def _let_go(stream: TextIO) -> None:
    """Python would complain once more, when at its end it flushes what is still held back."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
