"""The store's mark: proof that this store is the one whose objects our rows name.

A database has a token from its first migration on. The first time its store is written to, the store gets the
token as an object; from then on a store without it, or with another one, is a misconfiguration (a misspelt bucket,
a disk that is not mounted), and nothing is put there or concluded from it. Deleting from a wrong store would
report success for every object and leave the rows of none.

No store is marked unasked that holds objects of which our rows know none: they are another database's, or this one is
not the one it should be, and to a reconciliation they would be orphans. An operator may say that it is ours.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog

from devices import audit
from devices.models import AuditEvent
from media_store.errors import OccupiedStore, UnmarkedStore, WrongStore
from media_store.models import Blob, StoreMark
from media_store.storage import PREFIX, ObjectStore, is_well_formed, objects

log = structlog.get_logger(__name__)

_PROVED = "mediahub_proved"
# So many of our oldest objects and of our newest are looked for where a store has to be known by them.
LOOKED_FOR = 10


@dataclass(frozen=True, kw_only=True)
class Look:
    """A store as an operator sees it: whose mark it bears, and of some of our objects how many are there."""

    is_ours: bool
    is_marked: bool
    holds_objects: bool
    looked_for: int
    found: int


def new_token() -> str:
    """A token that no other database has."""
    return secrets.token_hex(16)


def give_token() -> None:
    """Give this database a token, if it has none yet."""
    StoreMark.objects.get_or_create(id=1, defaults={"token": new_token()})


def ensure(*, now: datetime) -> None:
    """`prove` once in the life of this process: before it puts its first object."""
    store = objects()
    if not getattr(store, _PROVED, False):
        prove(now=now)
        setattr(store, _PROVED, True)


def prove(*, now: datetime) -> None:
    """Return if the store is ours. Errors: `WrongStore`, `StorageUnavailable`, `StorageFull`."""
    give_token()
    store = objects()
    store.probe()
    mark = StoreMark.objects.get()
    found = store.read_mark()
    if found is None and mark.marked_at is None:
        found = _mark_unasked(store, mark.token)
    _compare(found, mark)
    if mark.marked_at is None:
        StoreMark.objects.filter(marked_at=None).update(marked_at=now)


def recognise() -> None:
    """Return if the store is ours, or may still become it: nothing was ever stored, and it bears nobody's mark.

    Errors: `WrongStore` (`OccupiedStore` too), `StorageUnavailable`.
    """
    store = objects()
    mark, found = StoreMark.objects.first(), store.read_mark()
    if found is None and (mark is None or mark.marked_at is None):
        if _is_occupied(store):
            raise OccupiedStore
        return
    if mark is None or found != mark.token:
        raise WrongStore(missing=found is None)


def look() -> Look:
    """Look at the configured store; nothing is written. Errors: `StorageUnavailable`."""
    store = objects()
    store.probe()
    found, mark = store.read_mark(), StoreMark.objects.first()
    are_there = list(_are_ours_there(store))
    return Look(
        is_ours=found is not None and mark is not None and found == mark.token,
        is_marked=found is not None,
        holds_objects=bool(_some_keys(store)),
        looked_for=len(are_there),
        found=sum(are_there),
    )


def adopt(*, by: str, now: datetime) -> None:
    """Mark a store that bears nobody's mark, whatever it holds: an operator says that it is ours.

    Errors: `WrongStore` where it bears another's, `StorageUnavailable`, `StorageFull`.
    """
    give_token()
    store = objects()
    store.probe()
    mark = StoreMark.objects.get()
    found = store.read_mark()
    _compare(_mark(store, mark.token) if found is None else found, mark)
    StoreMark.objects.update(marked_at=now)
    audit.record(audit.event(AuditEvent.Action.STORE_MARKED, now=now, by=by, details={"was_marked": found is not None}))


def prove_marked() -> None:
    """The same without marking any store: what has no mark may be anybody's, and is not to be cleared of anything.

    Errors: `UnmarkedStore` where this database has never marked one, `WrongStore`, `StorageUnavailable`.
    """
    store = objects()
    store.probe()
    found = store.read_mark()
    mark = StoreMark.objects.first()
    if mark is None or (found is None and mark.marked_at is None):
        raise UnmarkedStore
    _compare(found, mark)


def _compare(found: str | None, mark: StoreMark) -> None:
    if found != mark.token:
        log.error("wrong_store", mark="missing" if found is None else "another's")
        raise WrongStore(missing=found is None)


def _mark_unasked(store: ObjectStore, token: str) -> str | None:
    """The mark of a store that had none: ours where it is empty, or holds what our rows name."""
    if not _is_occupied(store):
        return _mark(store, token)
    # Another process of ours may have marked it meanwhile, and put its first object.
    found = store.read_mark()
    if found is None:
        log.error("wrong_store", mark="missing, and objects that no row names")
        raise OccupiedStore
    return found


def _is_occupied(store: ObjectStore) -> bool:
    """Whether it holds objects, and none that our rows name."""
    keys = _some_keys(store)
    return bool(keys) and not Blob.objects.filter(storage_key__in=keys).exists()


def _some_keys(store: ObjectStore) -> list[str]:
    """Keys of what lies there under names as we make them, a page of them at most."""
    pages = ([one.key for one in page if is_well_formed(one.key)] for page in store.listing(prefix=PREFIX))
    return next(filter(None, pages), [])


def _are_ours_there(store: ObjectStore) -> Iterator[bool]:
    """Whether it has the object, for some of our READY blobs."""
    keys = Blob.objects.ready().values_list("storage_key", flat=True)
    for key in {*keys.order_by("pk")[:LOOKED_FOR], *keys.order_by("-pk")[:LOOKED_FOR]}:
        yield store.size_of(key) is not None


def _mark(store: ObjectStore, token: str) -> str | None:
    store.write_mark(token)
    # Read again: another installation may have marked it in the same moment, and the last one has it.
    return store.read_mark()
