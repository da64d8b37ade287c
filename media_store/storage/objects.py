"""What every store can do, and how the configured one is reached."""

import secrets
import uuid
from collections.abc import Iterator, Sequence
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
    return f"{PREFIX}{app_id.hex}/{name[:2]}/{name}"
