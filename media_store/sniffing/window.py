"""The bytes under inspection: the head in memory, and the rest of the file for formats that hide their facts."""

from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, Self


class Window:
    """Random access to the bytes; the file is opened only when something beyond the head is asked for.

    Reading past the end answers fewer bytes than were asked for, never an error: what a hostile length points
    at is simply not there. `OSError` where the file cannot be read.
    """

    def __init__(self, *, head: bytes, size: int, open_file: Callable[[], BinaryIO]) -> None:
        self.head = head
        self.size = max(size, len(head))
        self._open_file = open_file
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset` on."""
        end = min(offset + length, self.size)
        if offset < 0 or end <= offset:
            return b""
        if end <= len(self.head):
            return self.head[offset:end]
        return self._read_file(offset, end - offset)

    def _read_file(self, offset: int, length: int) -> bytes:
        if self._file is None:
            self._file = self._open_file()
        self._file.seek(offset)
        return self._file.read(length)
