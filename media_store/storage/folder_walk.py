"""A walk through folders of files in the order of their keys, as an S3 store lists them.

Only the names of one folder and of those above it are held at a time.
"""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from media_store.storage.objects import Listed

_UNFINISHED = re.compile(r"\.([0-9a-f]{32})\.part")


def unfinished_name(name: str) -> str:
    """What the file is called that is to become the object of this name."""
    return f".{name}.part"


def walk(root: Path, *, below: str, prefix: str, start_after: str) -> Iterator[Listed]:
    """The files in `root`/`below` whose key begins with `prefix` and comes after `start_after`.

    A file or folder that goes away meanwhile is passed over; any other `OSError` is raised. Folders are not entered
    through links.
    """
    yield from _below(root, below, prefix=os.fsencode(prefix), after=os.fsencode(start_after))


def _below(root: Path, folder: str, *, prefix: bytes, after: bytes) -> Iterator[Listed]:
    for place, name in _names(root / folder):
        key = os.fsencode(folder) + place
        if place.endswith(b"/"):
            if _may_hold(key, prefix=prefix, after=after):
                yield from _below(root, f"{folder}{name}/", prefix=prefix, after=after)
        elif key.startswith(prefix) and key > after:
            yield from _listed(root / folder / name, key=os.fsdecode(key))


def _names(folder: Path) -> list[tuple[bytes, str]]:
    """Each with its place in the order of keys: a folder's ends in a slash, an unfinished file's is the whole one's."""
    try:
        with os.scandir(folder) as entries:
            return sorted((_place(entry), entry.name) for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        # Pruned since its name was read.
        return []


def _place(entry: "os.DirEntry[str]") -> bytes:
    if entry.is_dir(follow_symlinks=False):
        return os.fsencode(entry.name) + b"/"
    return os.fsencode(_whole_name(entry.name))


def _whole_name(name: str) -> str:
    unfinished = _UNFINISHED.fullmatch(name)
    return unfinished[1] if unfinished else name


def _may_hold(folder: bytes, *, prefix: bytes, after: bytes) -> bool:
    is_under = folder.startswith(prefix) or prefix.startswith(folder)
    return is_under and (folder > after or after.startswith(folder))


def _listed(path: Path, *, key: str) -> Iterator[Listed]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    # The later of the two: a file that was brought back from a backup bears its old time of modification.
    changed = max(found.st_mtime, found.st_ctime)
    yield Listed(
        key=key,
        size=found.st_size,
        modified_at=datetime.fromtimestamp(changed, tz=UTC),
        unfinished=path.name != _whole_name(path.name),
    )
