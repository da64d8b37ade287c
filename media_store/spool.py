"""Spool: where incoming bytes rest while they are measured, before anything is decided about them."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

import structlog

from media_store.errors import TooLarge, of_disk

HEAD_BYTES = 65_536
READ_BYTES = 262_144
SUFFIX = ".spool"

log = structlog.get_logger(__name__)


class Spool:
    """A temporary file that counts, caps and hashes in the one loop that sees every byte.

    The file is locked while its writer lives, so that a sweep can tell an upload in progress from what a
    killed process left behind. Errors: `TooLarge` from `write`; `StorageFull`, `StorageUnavailable` where the disk
    refuses.
    """

    def __init__(self, *, folder: Path, max_bytes: int) -> None:
        with _faults():
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _locked_file(folder)
        self.path = Path(self._file.name)
        self._sha256 = hashlib.sha256()
        self._head = bytearray()
        self.max_bytes = max_bytes
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, chunk: bytes) -> None:
        """Add bytes; `TooLarge` as soon as they are more than `max_bytes`."""
        self.size += len(chunk)
        if self.size > self.max_bytes:
            raise TooLarge(limit_bytes=self.max_bytes)
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        self._sha256.update(chunk)
        self._write_whole(chunk)

    def _write_whole(self, chunk: bytes) -> None:
        # An unbuffered file may take fewer bytes than it was given (a disk that is nearly full).
        view = memoryview(chunk)
        with _faults():
            while view:
                view = view[self._file.write(view) :]

    @property
    def sha256(self) -> str:
        """Of all bytes so far, 64 hex digits."""
        return self._sha256.hexdigest()

    @property
    def head(self) -> bytes:
        """The first 64 KiB: enough to tell a type by."""
        return bytes(self._head)

    def open(self) -> BinaryIO:
        """A reader of its own over what was written."""
        return self.path.open("rb")

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the start, 256 KiB at a time."""
        with self.open() as reader:
            while chunk := reader.read(READ_BYTES):
                yield chunk

    def close(self) -> None:
        """Remove the file; safe to call twice."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self._file.close()


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.error("spool_fault", errno=error.errno, error=error.strerror)
        raise of_disk(error) from error


def _locked_file(folder: Path) -> IO[bytes]:
    """A new file that a sweep leaves alone: one that was swept before it was locked is made again."""
    while True:
        file: IO[bytes] = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed by the spool
            dir=folder, suffix=SUFFIX, buffering=0, delete=False
        )
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()


def sweep(*, folder: Path) -> int:
    """Remove the files of writers that were killed; answers how many there were."""
    if not folder.is_dir():
        return 0
    return sum(_remove_if_orphaned(path) for path in folder.glob(f"*{SUFFIX}"))


def _remove_if_orphaned(path: Path) -> bool:
    """A file that nobody holds locked has no writer any more: a lock ends with its process."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except (BlockingIOError, FileNotFoundError):
        return False
    return True
