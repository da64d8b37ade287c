"""What every store can do, and how the configured one is reached."""

import re
import secrets
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from django.core.files.storage import storages

# MediaHub's own prefix: nothing outside it is ever listed or deleted.
PREFIX = "blobs/"
# The object that says whose store this is; see media_store/store_mark.py.
MARK_KEY = f"{PREFIX}.mediahub"
READ_BYTES = 262_144
# As many keys as one DeleteObjects takes.
DELETE_KEYS = 1_000
# As many entries as one page of a listing has, in every store.
PAGE_KEYS = 1_000
# What new_key makes, and nothing else. Such keys are in the same order for every database and every store.
_WELL_FORMED = re.compile(f"{PREFIX}[0-9a-f]{{32}}/[0-9a-f]{{2}}/[0-9a-f]{{32}}")
_EXAMPLE_KEY = f"{PREFIX}{'0' * 32}/00/{'0' * 32}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """An object as the store lists it. `size` in bytes; `modified_at` by the store's own clock.

    What a put left that was cut off is listed by its key too where the store shows it, as `unfinished`: bytes that
    are no object.
    """

    key: str
    size: int
    modified_at: datetime
    unfinished: bool = False


class ObjectStore(Protocol):
    """Objects by key. Every method raises `StorageUnavailable` where the store does not do as asked."""

    def put_file(self, key: str, path: Path) -> None:
        """Store the file's bytes; when this returns they are durable. `StorageFull` where there is no room."""

    def read_range(self, key: str, *, start: int, length: int) -> Iterator[bytes]:
        """The bytes from `start`, opened before this returns, so that a fault is known before any header is sent."""

    def local_file(self, key: str, *, length: int) -> BinaryIO | None:
        """The whole object as a file of this machine, where it is one: the server may hand it to the kernel."""

    def delete(self, keys: Sequence[str]) -> dict[str, str]:
        """Delete up to `DELETE_KEYS` objects, for good once this returns; one that is not there counts as deleted.

        Answers the keys that are still there, each with the store's reason.
        """

    def delete_unfinished(self, key: str) -> None:
        """Remove what a put of exactly this key left that was cut off before there was an object."""

    def listing(self, *, prefix: str, start_after: str = "") -> Iterator[list[Listed]]:
        """What lies under the prefix, well-formed keys in their order, in pages of at most `PAGE_KEYS`.

        Other names may stand anywhere: SeaweedFS lists folder by folder. A page is asked for when it is taken;
        `start_after` goes on behind that well-formed key. The store's mark is left out. `ValueError` for a prefix
        that is not below MediaHub's own.
        """

    def size_of(self, key: str) -> int | None:
        """The object's size in bytes; None where there is none."""

    def read_mark(self) -> str | None:
        """The store's mark; None where it bears none."""

    def write_mark(self, token: str) -> None:
        """Mark the store."""

    def probe(self) -> None:
        """Prove that the store is there and takes our credentials."""


def objects() -> ObjectStore:
    """The configured store; one instance, and one client, for the whole process."""
    return cast("ObjectStore", storages["media"])


def probe() -> None:
    """Prove that the configured store is there."""
    objects().probe()


def new_key(*, app_id: uuid.UUID) -> str:
    """A random key. The app's id stands in it so that an operator can tell whose bytes fill a bucket."""
    name = secrets.token_hex(16)
    return f"{prefix_of(app_id=app_id)}{name[:2]}/{name}"


def prefix_of(*, app_id: uuid.UUID) -> str:
    """What the keys of this app's objects begin with."""
    return f"{PREFIX}{app_id.hex}/"


def is_well_formed(key: str) -> bool:
    """Whether this is a key as `new_key` makes them."""
    return _WELL_FORMED.fullmatch(key) is not None


def keys_under(prefix: str) -> tuple[str, str] | None:
    """The first and the last well-formed key that can begin so; None where none can."""
    rest = _EXAMPLE_KEY[len(prefix) :]
    first, last = prefix + rest, prefix + rest.replace("0", "f")
    return (first, last) if is_well_formed(first) and is_well_formed(last) else None


def refuse_foreign_prefix(prefix: str) -> None:
    """Raise `ValueError` for a prefix that reaches beyond MediaHub's own."""
    if not prefix.startswith(PREFIX):
        raise ValueError(f"{prefix!r} does not begin with {PREFIX!r}; nothing else is ours to look at.")
