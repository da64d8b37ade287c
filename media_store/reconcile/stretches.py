"""Stretches: the store and the rows side by side, in the order of their keys, a bounded piece of both at a time.

A page of the store's listing is taken first, and the rows of the same range of keys after it: an upload writes its
row before its object, so what is listed has its row by then. Only keys as we make them are borders of ranges: for
them alone every database and every store agree about the order. Where one did not, nothing worse would come of it
than questions: each row and each object that seems to be alone is looked for by its key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from media_store.failpoints import reached
from media_store.models import Blob
from media_store.storage import Listed, is_well_formed, keys_under, objects

# More than a page has keys, so that a page and its rows are one stretch nearly always.
STRETCH_ROWS = 2_000


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """All objects and all rows behind the last stretch's `until`, up to this one's; '' where no key of ours was met."""

    objects: Sequence[Listed]
    rows: Sequence[Blob]
    until: str


def stretches(*, prefix: str, start_after: str) -> Iterator[Stretch]:
    """From behind `start_after`, a well-formed key or '', to the last key under the prefix."""
    done = start_after
    for page in objects().listing(prefix=prefix, start_after=start_after):
        reached("reconcile.listed")
        border = next((listed.key for listed in reversed(page) if is_well_formed(listed.key)), None)
        if border is None:
            yield Stretch(objects=page, rows=[], until=done)
            continue
        yield from _split(page, prefix=prefix, after=done, until=border)
        done = border
    # Rows behind the last object.
    under = keys_under(prefix)
    yield from _split([], prefix=prefix, after=done, until=under[1] if under else done)


def _split(page: Sequence[Listed], *, prefix: str, after: str, until: str) -> Iterator[Stretch]:
    """The page with its rows; where these are too many, in pieces that end with a row each."""
    while len(rows := _rows(prefix, after=after, until=until)) == STRETCH_ROWS:
        after = rows[-1].storage_key
        here = [listed for listed in page if listed.key <= after]
        page = [listed for listed in page if listed.key > after]
        yield Stretch(objects=here, rows=rows, until=after)
    yield Stretch(objects=page, rows=rows, until=until)


def _rows(prefix: str, *, after: str, until: str) -> list[Blob]:
    under = keys_under(prefix)
    if under is None:
        return []
    rows = Blob.objects.in_key_order(first=under[0], last=until, after=after)
    return list(rows.only("pk", "app_id", "storage_key", "state", "size")[:STRETCH_ROWS])
