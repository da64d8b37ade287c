"""Inbound: what a gateway hands in becomes media, or the record of media that was not carried; each is told of.

The message id says which message it is: handed in again, it is answered with the first, whatever has become of that
since. What was recorded without its bytes takes them when they come after all.
"""

from datetime import datetime
from functools import partial

from devices import webhooks
from media_store.errors import TryAgain
from media_store.ingest import policies, storing
from media_store.ingest.arrival import Arrival
from media_store.ingest.drafting import draft, unseen
from media_store.ingest.inspection import Facts, inspect
from media_store.ingest.receiving import Outcome, once
from media_store.ingest.telling import telling
from media_store.models import Media
from media_store.spool import Spool

TOO_LARGE = "too_large"


def take_in(arrival: Arrival, spool: Spool, *, now: datetime) -> Outcome:
    """Store what was handed in, unless the device's policy is against it; then it is recorded as omitted.

    Errors: `Empty`, `ChecksumMismatch`; those of storing; `DuplicateMessageId` for other bytes under the same id;
    `TryAgain` where others were faster with the bytes of a message that had none.
    """
    facts = inspect(arrival, spool)
    objection = policies.objection(arrival, kind=facts.kind, size=facts.size)
    if objection:
        return omit(arrival, reason=objection, facts=facts, now=now)
    media = draft(arrival, facts, now=now)
    write = telling(storing.insert, webhooks.Event.MESSAGE, now=now)
    keep = partial(storing.store, spool=spool, now=now, write=write)
    outcome = once(media, keep, is_same=partial(_is_same, sha256=facts.sha256))
    if outcome.media.status == Media.Status.OMITTED:
        _complete(outcome.media, media, spool, now=now)
    return outcome


def _complete(first: Media, media: Media, spool: Spool, *, now: datetime) -> None:
    """Give the bytes to a message that was recorded without them: whoever hands them in would have them kept.

    They are kept from now on, not from when the message was told of without them.
    """
    for name in ("kind", "mime_type", "size", "sha256", "source", "created_at"):
        setattr(first, name, getattr(media, name))
    first.reason = ""
    write = telling(storing.fulfil, webhooks.Event.MEDIA_READY, now=now)
    try:
        storing.store(first, spool, now=now, write=write)
    except storing.MediaWentError as went:
        raise TryAgain from went


def omit(arrival: Arrival, *, reason: str, size: int = 0, facts: Facts | None = None, now: datetime) -> Outcome:
    """Record media that was not carried, with what is known of it: `facts` where its bytes were seen.

    Errors: `DuplicateMessageId` where the id names media that it cannot be; `NotFound`.
    """
    media = draft(arrival, facts or unseen(arrival), now=now)
    media.status, media.reason = Media.Status.OMITTED, reason
    media.size, media.sha256 = media.size or size, ""
    keep = partial(storing.announce, write=telling(storing.insert, webhooks.Event.MESSAGE, now=now))
    return once(media, keep, is_same=partial(_is_same, sha256=facts.sha256 if facts else ""))


def _is_same(first: Media, media: Media, *, sha256: str) -> bool:
    """Other bytes are other media; where one of the two had none, nothing says that they differ."""
    if media.reason == TOO_LARGE and first.sha256:
        return False
    return not first.sha256 or not sha256 or first.sha256 == sha256
