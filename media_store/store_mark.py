"""The store's mark: proof that this store is the one whose objects our rows name.

A database has a token from its first migration on. The first time its store is written to, the store gets the
token as an object; from then on a store without it, or with another one, is a misconfiguration (a misspelt bucket,
a disk that is not mounted), and nothing is put there or concluded from it. Deleting from a wrong store would
report success for every object and leave the rows of none.
"""

import secrets
from datetime import datetime

import structlog

from media_store.errors import WrongStore
from media_store.models import StoreMark
from media_store.storage import ObjectStore, objects

log = structlog.get_logger(__name__)

_PROVED = "mediahub_proved"


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
        found = _mark(store, mark.token)
    if found != mark.token:
        log.error("wrong_store", mark="missing" if found is None else "another's")
        raise WrongStore(missing=found is None)
    if mark.marked_at is None:
        StoreMark.objects.filter(marked_at=None).update(marked_at=now)


def _mark(store: ObjectStore, token: str) -> str:
    store.write_mark(token)
    return token
