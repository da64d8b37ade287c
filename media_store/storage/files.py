"""Objects as files of this machine."""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import structlog
from django.core.files.storage import FileSystemStorage

from media_store.errors import StorageUnavailable, of_disk
from media_store.failpoints import reached
from media_store.storage.folder_walk import unfinished_name, walk
from media_store.storage.objects import MARK_KEY, PAGE_KEYS, PREFIX, Listed, refuse_foreign_prefix

READ_BYTES = 262_144
PUT_ATTEMPTS = 5

log = structlog.get_logger(__name__)


class FileStore(FileSystemStorage):
    """A folder of files, each written beside its place, flushed to the disk, and renamed into it."""

    def put_file(self, key: str, path: Path) -> None:
        """See `ObjectStore`. The file and its folders are synced: a row that says READY outlives a power cut."""
        with _faults(key):
            target = Path(self.path(key))
            for attempt in range(PUT_ATTEMPTS):
                try:
                    _make_folders(target.parent, below=Path(self.location))
                    _put(path, target)
                except FileNotFoundError:
                    # Collection has just pruned the folder, or one that it stands in, which was empty.
                    if attempt + 1 == PUT_ATTEMPTS:
                        raise
                else:
                    return

    def read_range(self, key: str, *, start: int, length: int) -> Iterator[bytes]:
        """See `ObjectStore`."""
        return _pieces(self._open_at(key, start, length=length), length, key)

    def local_file(self, key: str, *, length: int) -> BinaryIO | None:
        """See `ObjectStore`."""
        return self._open_at(key, 0, length=length)

    def delete(self, keys: Sequence[str]) -> dict[str, str]:  # type: ignore[override]  # many names, and it answers
        """See `ObjectStore`. Folders that this leaves empty go too."""
        failed: dict[str, str] = {}
        folders: dict[Path, list[str]] = {}
        for key in keys:
            path = Path(self.path(key))
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                failed[key] = _reason(error)
            folders.setdefault(path.parent, []).append(key)
        for folder, theirs in folders.items():
            try:
                self._settle(folder)
            except OSError as error:
                # What was deleted in it may come back after a power cut: for these keys nothing is done yet.
                failed.update(dict.fromkeys(theirs, _reason(error)))
        return failed

    def delete_unfinished(self, key: str) -> None:
        """See `ObjectStore`."""
        with _faults(key):
            beside = _beside(Path(self.path(key)))
            beside.unlink(missing_ok=True)
            self._settle(beside.parent)

    def listing(self, *, prefix: str, start_after: str = "") -> Iterator[list[Listed]]:
        """See `ObjectStore`."""
        refuse_foreign_prefix(prefix)
        found = walk(Path(self.location), below=PREFIX, prefix=prefix, start_after=start_after)
        ours = (entry for entry in found if entry.key != MARK_KEY)
        while page := self._page(ours):
            yield page

    def _page(self, entries: Iterator[Listed]) -> list[Listed]:
        with _faults("listing"):
            return list(islice(entries, PAGE_KEYS))

    def size_of(self, key: str) -> int | None:
        """See `ObjectStore`."""
        with _faults(key):
            try:
                found = Path(self.path(key)).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def read_mark(self) -> str | None:
        """See `ObjectStore`."""
        with _faults(MARK_KEY):
            try:
                return Path(self.path(MARK_KEY)).read_text(errors="replace")
            except FileNotFoundError:
                return None

    def write_mark(self, token: str) -> None:
        """See `ObjectStore`."""
        with _faults(MARK_KEY):
            target = Path(self.path(MARK_KEY))
            _make_folders(target.parent, below=Path(self.location))
            beside = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
            beside.write_text(token)
            _sync(beside)
            beside.replace(target)
            _sync(target.parent)

    def _settle(self, folder: Path) -> None:
        """Make deletions in this folder last, and prune it and its parents where they are empty."""
        kept = Path(self.path(PREFIX))
        while folder != kept:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                _sync(folder)
                return
            folder = folder.parent
        if folder.is_dir():
            _sync(folder)

    def probe(self) -> None:
        """Write, sync and remove a file."""
        with _faults("probe"):
            folder = Path(self.location)
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe.{secrets.token_hex(4)}"
            try:
                probe.write_bytes(b"probe")
            finally:
                probe.unlink(missing_ok=True)

    def _open_at(self, key: str, start: int, *, length: int) -> BinaryIO:
        with _faults(key):
            file = Path(self.path(key)).open("rb")  # noqa: SIM115 - handed on to whoever sends it
            file.seek(start)
        found = os.fstat(file.fileno()).st_size - start
        if found < length:
            log.error("storage_short", storage_key=key, expected=length, found=found)
            file.close()
            raise StorageUnavailable
        return file


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown").lower()


@contextmanager
def _faults(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.error("storage_fault", storage_key=key, errno=error.errno, error=error.strerror)
        raise of_disk(error) from error


def _make_folders(folder: Path, *, below: Path) -> None:
    """Make the folder and its parents, and sync the parent of each that is new."""
    if folder.is_dir():
        return
    if folder != below:
        _make_folders(folder.parent, below=below)
    folder.mkdir(parents=folder == below, exist_ok=True)
    _sync(folder.parent)


def _put(source: Path, target: Path) -> None:
    beside = _beside(target)
    try:
        _link_or_copy(source, beside)
        reached("storage.file_beside")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    _sync(target.parent)


def _beside(target: Path) -> Path:
    """A name made of the key: what a killed process leaves beside the place is found by the blob's row."""
    return target.with_name(unfinished_name(target.name))


def _link_or_copy(source: Path, target: Path) -> None:
    # A link costs nothing where the spool is on the same disk; the spool's own name goes away later.
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        shutil.copyfile(source, target)
    _sync(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pieces(file: BinaryIO, length: int, key: str) -> Iterator[bytes]:
    with file, _faults(key):
        while length > 0 and (chunk := file.read(min(READ_BYTES, length))):
            length -= len(chunk)
            yield chunk
