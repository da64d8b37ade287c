"""Orphans: objects that no row speaks of, and that only a listing of the store can find."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from media_store import store_mark
from media_store.failpoints import reached
from media_store.models import Blob
from media_store.storage import Listed, is_well_formed, objects

# Whatever an upload, a clock or a backup that is just being brought back may be about to do, it has done by then.
YOUNGEST = timedelta(days=1)

log = structlog.get_logger(__name__)


def is_ripe(found: Listed, *, older_than: timedelta, now: datetime) -> bool:
    """Whether an object has no claim any more to be on its way; a day is the least, whatever was asked for."""
    return found.modified_at <= now - max(older_than, YOUNGEST)


def delete_orphans(listed: Sequence[Listed], *, older_than: timedelta, now: datetime) -> dict[str, str]:
    """Delete those of these that are ours by name, ripe, and in no row; `DELETE_KEYS` of them at most.

    Answers each key that was tried: '' where it is gone, the store's reason where it is not. Every object's row is
    written before it and deleted after it, so what has no row now will never have one.

    Errors: `WrongStore`, `StorageUnavailable`; what was not answered may be gone or not.
    """
    store_mark.prove_marked()
    ripe = [found for found in listed if is_well_formed(found.key) and is_ripe(found, older_than=older_than, now=now)]
    # Once more, and as late as can be.
    known = set(
        Blob.objects.filter(storage_key__in=[found.key for found in ripe]).values_list("storage_key", flat=True)
    )
    unknown = [found for found in ripe if found.key not in known]
    reached("reconcile.orphans_asked")
    failed = _delete(unknown)
    reached("reconcile.orphans_deleted")
    return {found.key: failed.get(found.key, "") for found in unknown}


def _delete(unknown: Sequence[Listed]) -> dict[str, str]:
    store = objects()
    for found in unknown:
        log.info("deleting_orphan", storage_key=found.key, size=found.size, unfinished=found.unfinished)
        if found.unfinished:
            store.delete_unfinished(found.key)
    return store.delete([found.key for found in unknown if not found.unfinished])
