"""Findings: where a row and the store do not say the same, asked again before anything is said about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from media_store import collection
from media_store.failpoints import reached
from media_store.models import Blob
from media_store.reconcile.stretches import Stretch
from media_store.storage import Listed, is_well_formed, objects


class Kind(StrEnum):
    """What can be wrong."""

    MISSING = "missing"  # a READY blob without its object
    ORPHAN = "orphan"  # an object without a row
    YOUNG = "young"  # the same, too young to be judged
    WRONG_SIZE = "wrong_size"
    FOREIGN = "foreign"  # a name below our prefix that is not ours
    ALTERED = "altered"  # an object whose bytes are not those of its row
    UNREADABLE = "unreadable"  # an object that its store does not give


class Fixed(StrEnum):
    """What was done about it."""

    NOT = ""
    FAILED = "failed"  # its media were marked failed, all but those that are held
    DELETED = "deleted"


@dataclass(kw_only=True)
class Finding:
    """One of them. Sizes in bytes: what the row says, what the store says; None where there is none."""

    kind: Kind
    key: str
    blob: Blob | None = None
    listed: Listed | None = None
    store_size: int | None = None
    fixed: Fixed = Fixed.NOT
    # What it took, and what it left; why it could not be fixed.
    media_failed: int = 0
    media_left: int = 0
    error: str = ""

    @property
    def size(self) -> int:
        """How many bytes it is about."""
        return self.blob.size if self.blob is not None else self.store_size or 0

    @property
    def is_left(self) -> bool:
        """Whether somebody still has to look at it."""
        return self.fixed == Fixed.NOT


def findings_in(stretch: Stretch, *, older_than: timedelta, now: datetime) -> list[Finding]:
    """What is wrong in this stretch, in the order of keys; each was still so when it was asked again."""
    rows = {blob.storage_key: blob for blob in stretch.rows}
    whole = {listed.key: listed for listed in stretch.objects if not listed.unfinished}
    nobodys = [listed for listed in stretch.objects if listed.key not in rows]
    foreign = (_about(Kind.FOREIGN, listed) for listed in nobodys if not is_well_formed(listed.key))
    orphans = _still_orphans(listed for listed in nobodys if is_well_formed(listed.key))
    ripe = {True: Kind.ORPHAN, False: Kind.YOUNG}
    judged = (_about(ripe[collection.is_ripe(listed, older_than=older_than, now=now)], listed) for listed in orphans)
    damaged = _still_damaged(blob for key, blob in rows.items() if _looks_damaged(blob, whole.get(key)))
    return sorted([*foreign, *judged, *damaged], key=lambda finding: finding.key)


def _about(kind: Kind, listed: Listed) -> Finding:
    return Finding(kind=kind, key=listed.key, listed=listed, store_size=listed.size)


def _still_orphans(suspects: Iterable[Listed]) -> Iterator[Listed]:
    """Without those that collection has deleted since they were listed, and their rows after them."""
    suspected = list(suspects)
    keys = [listed.key for listed in suspected]
    known = set(Blob.objects.filter(storage_key__in=keys).values_list("storage_key", flat=True))
    for listed in suspected:
        if listed.key not in known and (listed.unfinished or objects().size_of(listed.key) is not None):
            yield listed


def _looks_damaged(blob: Blob, listed: Listed | None) -> bool:
    return blob.state == Blob.State.READY and (listed is None or listed.size != blob.size)


def _still_damaged(suspects: Iterable[Blob]) -> Iterator[Finding]:
    """The store first, then the row: what is still READY after that was not condemned when the store was asked."""
    found = [finding for blob in suspects if (finding := damage_of(blob))]
    reached("reconcile.store_asked")
    ready = still_ready(finding.blob for finding in found)
    return (finding for finding in found if finding.blob and finding.blob.pk in ready)


def damage_of(blob: Blob) -> Finding | None:
    """What the store, asked for this one object, says that its row does not."""
    size = objects().size_of(blob.storage_key)
    if size == blob.size:
        return None
    kind = Kind.MISSING if size is None else Kind.WRONG_SIZE
    return Finding(kind=kind, key=blob.storage_key, blob=blob, store_size=size)


def still_ready(blobs: Iterable[Blob | None]) -> set[object]:
    """The ids of those that are READY now."""
    ids = [blob.pk for blob in blobs if blob is not None]
    return set(Blob.objects.ready().filter(pk__in=ids).values_list("pk", flat=True))
