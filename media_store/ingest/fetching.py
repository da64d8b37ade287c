"""Fetching: the bytes of an announced media come from its URL, through the guarded client, into a Spool.

From there they go as all bytes do. What may pass (no answer, a server in trouble, a full disk) is tried again
later, with jitter; what will not change (a forbidden address, the wrong type, too many bytes) fails for good, and
the code of the refusal stays on the row.
"""

import random
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

import safe_http
from devices import webhooks
from media_store import news
from media_store.errors import StorageFull, StorageUnavailable, TryAgain
from media_store.failpoints import reached
from media_store.ingest import storing
from media_store.ingest.arrival import Arrival
from media_store.ingest.inspection import inspect, kinds_of
from media_store.ingest.telling import telling
from media_store.models import Media, MediaQuerySet
from media_store.spool import Spool
from problems.errors import NotFound, Problem

# Between one attempt and the next, in seconds; one more attempt than there are waits.
WAITS = (10, 60, 300, 1_800)
DETAIL_CHARACTERS = 255

log = structlog.get_logger(__name__)


def fetch(media: Media, *, now: datetime) -> str:
    """Fetch a media that `claim` gave us; answers the status that it has afterwards, as far as we know."""
    # As it was claimed: with its bytes the media learns of other things.
    ours = _own(media)
    if media.fetch_attempts > len(WAITS) + 1:
        # Each time its fetcher died before it could say why.
        return _fail(media, ours, code="internal_error", detail="Fetching it was given up after several attempts.")
    try:
        _fetch(media, now=now)
    except safe_http.Refused as refused:
        log.info("fetch_refused", media_id=str(media.pk), code=refused.code, detail=refused.detail_for_log)
        return _refused(media, ours, code=refused.code, detail=refused.sentence, may_pass=refused.may_pass)
    except (StorageUnavailable, StorageFull, TryAgain) as problem:
        return _refused(media, ours, code=problem.code, detail=problem.detail, may_pass=True)
    except (NotFound, storing.MediaWentError):
        # Removed or destroyed while it was fetched: nobody waits for it any more.
        return ""
    except Problem as problem:
        return _fail(media, ours, code=problem.code, detail=problem.detail)
    return Media.Status.READY


def _fetch(media: Media, *, now: datetime) -> None:
    arrival = _arrival(media)
    most = kinds_of(media.app)[arrival.kind].most_bytes if arrival.kind else settings.MEDIA_MAX_BYTES
    with Spool(folder=settings.SPOOL_DIR, max_bytes=most) as spool:
        safe_http.fetch(
            media.url,
            sink=spool.write,
            max_bytes=most,
            deadline_seconds=settings.FETCH_DEADLINE_SECONDS,
            policy=settings.FETCH_POLICY,
            proxy=settings.EGRESS_PROXY,
        )
        reached("ingest.fetched")
        facts = inspect(arrival, spool)
        media.kind, media.mime_type = facts.kind, facts.mime_type
        media.size, media.sha256 = facts.size, facts.sha256
        media.url, media.fetch_at, media.is_fetching = "", None, False
        media.reason = media.reason_detail = ""
        # Told with the moment when it is true, not the one when its claim began.
        write = telling(storing.fulfil, webhooks.Event.MEDIA_READY, now=timezone.now())
        storing.store(media, spool, now=now, write=write)


def _arrival(media: Media) -> Arrival:
    """The words that came with the URL, as they stand on the row."""
    return Arrival(
        app=media.app,
        device=media.device,
        direction=media.direction,
        source=media.source,
        kind=media.kind if media.direction == Media.Direction.OUTBOUND else None,
        declared_mime_type=media.declared_mime_type,
        sha256=media.promised_sha256 or None,
    )


def _refused(media: Media, ours: MediaQuerySet, *, code: str, detail: str, may_pass: bool) -> str:
    if not may_pass or media.fetch_attempts > len(WAITS):
        return _fail(media, ours, code=code, detail=detail)
    wait = WAITS[media.fetch_attempts - 1] * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret
    # The moment when it failed, not the one when it began.
    again = {"fetch_at": timezone.now() + timedelta(seconds=wait), "is_fetching": False}
    ours.update(**again, reason=code, reason_detail=detail[:DETAIL_CHARACTERS])
    return Media.Status.PENDING


def _fail(media: Media, ours: MediaQuerySet, *, code: str, detail: str) -> str:
    failed = {"status": Media.Status.FAILED, "reason": code, "reason_detail": detail[:DETAIL_CHARACTERS]}
    with transaction.atomic():
        # None where it is somebody else's by now, or nobody waits for it any more.
        if ours.update(**failed, fetch_at=None, is_fetching=False):
            _tell_failed(media, **failed)
    reached("ingest.fetch_failed")
    return Media.Status.FAILED


def _tell_failed(media: Media, *, status: str, reason: str, reason_detail: str) -> None:
    media.status, media.reason, media.reason_detail = status, reason, reason_detail
    webhooks.announce(news.of(media, webhooks.Event.MEDIA_FAILED), now=timezone.now())
    reached("news.announced")


def _own(media: Media) -> MediaQuerySet:
    """The row while it is still ours: a claim that ran out is another's, which ends at another moment."""
    claimed = {"fetch_attempts": media.fetch_attempts, "fetch_at": media.fetch_at, "is_fetching": True}
    return Media.objects.pending().filter(pk=media.pk, **claimed)
