"""Verifying: bytes are read again and held against the checksum that their row has."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from media_store import store_mark
from media_store.errors import StorageUnavailable
from media_store.failpoints import reached
from media_store.models import Blob
from media_store.reconcile.findings import Finding, Kind, damage_of, still_ready
from media_store.storage import PREFIX, keys_under, objects

PAGE_ROWS = 1_000


@dataclass(kw_only=True)
class Verified:
    """What was read and found. Whoever goes on, goes on behind `last_key`."""

    passed_over: int = 0
    read: int = 0
    bytes: int = 0
    found: Counter[Kind] = field(default_factory=Counter)
    last_key: str = ""
    is_complete: bool = False


def verify(  # noqa: PLR0913 - what is read, and how a run is to go, each by its name
    *,
    prefix: str = PREFIX,
    start_after: str = "",
    is_drawn: Callable[[], bool] = lambda: True,
    on_finding: Callable[[Finding], None] = lambda _: None,
    on_read: Callable[[Verified], None] = lambda _: None,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Verified:
    """Read the objects of READY blobs under the prefix in the order of their keys, a piece of one at a time.

    `is_drawn` decides about each, `may_go_on` is asked before each; `start_after` is the `last_key` of an earlier
    run. Nothing is changed.

    Errors: `WrongStore`, `StorageUnavailable` where the store itself is not there; everything up to the last
    `on_read` is done.
    """
    store_mark.prove_marked()
    sums = Verified(last_key=start_after)
    for blob in _in_order(prefix, start_after=start_after):
        if not may_go_on():
            return sums
        if is_drawn():
            _verify(blob, sums, on_finding)
        else:
            sums.passed_over += 1
        sums.last_key = blob.storage_key
        on_read(sums)
    sums.is_complete = True
    return sums


def _in_order(prefix: str, *, start_after: str) -> Iterator[Blob]:
    """Page by page, so that no cursor is open for as long as it takes to read what lies in a store."""
    under = keys_under(prefix)
    if under is None:
        return
    first, last = under
    while page := list(Blob.objects.ready().in_key_order(first=first, last=last, after=start_after)[:PAGE_ROWS]):
        yield from page
        start_after = page[-1].storage_key


def _verify(blob: Blob, sums: Verified, on_finding: Callable[[Finding], None]) -> None:
    finding = damage_of(blob) or _altered(blob)
    sums.read += 1
    sums.bytes += blob.size
    if finding is None:
        return
    # What was condemned meanwhile may have gone as it should, and a store that is not ours proves nothing.
    reached("reconcile.verified")
    store_mark.prove_marked()
    if still_ready([blob]):
        sums.found[finding.kind] += 1
        on_finding(finding)


def _altered(blob: Blob) -> Finding | None:
    try:
        digest = hashlib.sha256()
        for piece in objects().read_range(blob.storage_key, start=0, length=blob.size):
            digest.update(piece)
    except StorageUnavailable:
        # This object, or the store? `prove_marked` tells; and one that vanished while it was read is missing.
        return damage_of(blob) or Finding(kind=Kind.UNREADABLE, key=blob.storage_key, blob=blob, store_size=blob.size)
    if digest.hexdigest() == blob.sha256:
        return None
    return Finding(kind=Kind.ALTERED, key=blob.storage_key, blob=blob, store_size=blob.size)
