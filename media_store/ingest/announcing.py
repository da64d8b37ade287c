"""Announcing: media that is to come from a URL gets its row and its path before a byte of it is fetched."""

import hashlib
from datetime import datetime

from django.conf import settings

import safe_http
from media_store import retention
from media_store.errors import NotRefetchable, SourceForbidden
from media_store.failpoints import reached
from media_store.ingest import storing
from media_store.ingest.arrival import Arrival
from media_store.ingest.drafting import draft, unseen
from media_store.ingest.receiving import Outcome, once
from media_store.models import Media
from problems.errors import NotFound

HOST_CHARACTERS = 255


def announce(arrival: Arrival, url: str, *, now: datetime) -> Outcome:
    """Insert the media PENDING, due at once. The same message id with the same URL answers with the first.

    Errors: `SourceForbidden` for what its spelling alone forbids; `DuplicateMessageId`; `NotFound`.
    """
    media = draft(arrival, unseen(arrival), now=now)
    media.url = url
    media.url_sha256 = hashlib.sha256(url.encode()).hexdigest()
    media.source_detail = _host(url)[:HOST_CHARACTERS]
    media.promised_sha256 = (arrival.sha256 or "").lower()
    media.fetch_at = now
    outcome = once(media, storing.announce, is_same=_same_url)
    if not outcome.created and outcome.media.status == Media.Status.FAILED and outcome.media.url:
        return Outcome(media=_again(outcome.media, now=now), created=False)
    return outcome


def refetch(media: Media, *, now: datetime) -> None:
    """Have a media that failed fetched again, as if for the first time. Error: `NotRefetchable`.

    It is kept from now on: counted from when it was first asked for, it could expire before it is here.
    """
    failed = Media.objects.filter(pk=media.pk, status=Media.Status.FAILED).exclude(url="")
    again = {"status": Media.Status.PENDING, "reason": "", "reason_detail": "", "fetch_at": now, "fetch_attempts": 0}
    media.created_at = now
    retention.set_expiry(media)
    again |= {name: getattr(media, name) for name in ("created_at", "expires_at", "expiry_rule")}
    if not failed.update(**again, is_fetching=False):
        raise NotRefetchable("Only media that failed while its url was fetched can be fetched again.")
    reached("ingest.refetch")
    for name, value in again.items():
        setattr(media, name, value)


def _again(failed: Media, *, now: datetime) -> Media:
    """The media on its way once more, had fetched by us or by whoever asked in the same moment."""
    try:
        refetch(failed, now=now)
    except NotRefetchable:
        found = storing.same_message(failed)
        if found is None:
            raise NotFound from None
        return found
    return failed


def _same_url(first: Media, media: Media) -> bool:
    return first.url_sha256 == media.url_sha256


def _host(url: str) -> str:
    try:
        return safe_http.parse_url(url, policy=settings.FETCH_POLICY).display_host
    except safe_http.Refused as refused:
        raise SourceForbidden(refused.sentence) from refused
