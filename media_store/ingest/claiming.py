"""Claiming: who fetches which URL next, so that no app's slow sources hold up another's.

The rows are the queue. A claim is a moment on the row until which its holder is believed to live; a killed one's
row is due again after it. An app has at most FETCHES_PER_APP fetches under way, counted over all workers.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from media_store.failpoints import reached
from media_store.models import Lease, Media, MediaQuerySet

# What comes after the fetch itself: judging the bytes and storing them.
STORING_SECONDS = 120
_TURNSTILE = "fetch-claims"


def due(*, now: datetime) -> MediaQuerySet:
    """The media that may be fetched now, those of apps that have enough under way left out."""
    under_way = Media.objects.pending().filter(is_fetching=True, fetch_at__gt=now)
    counts = under_way.order_by().values("app").annotate(count=Count("pk"))
    busy = [row["app"] for row in counts.filter(count__gte=settings.FETCHES_PER_APP)]
    waiting = Media.objects.pending().reachable().filter(fetch_at__lte=now, app__destroyed_at=None)
    return waiting.exclude(app_id__in=busy)


def claim(*, now: datetime) -> Media | None:
    """The media that has waited longest, ours until its claim runs out; None where there is nothing to do."""
    with transaction.atomic():
        # One at a time: two who counted at once would both take an app's last place.
        _pass_turnstile(now)
        waiting = due(now=now).order_by("fetch_at").select_for_update(skip_locked=True, of=("self",))
        # With its app and device: whoever destroys them meanwhile takes their rows away.
        media = waiting.select_related("app", "device").first()
        reached("ingest.claim.chosen")
        if media is None:
            return None
        media.fetch_attempts += 1
        media.is_fetching = True
        media.fetch_at = now + timedelta(seconds=settings.FETCH_DEADLINE_SECONDS + STORING_SECONDS)
        media.save(update_fields=("fetch_attempts", "is_fetching", "fetch_at"), force_update=True)
    reached("ingest.claimed")
    return media


def _pass_turnstile(now: datetime) -> None:
    row = Lease.objects.filter(name=_TURNSTILE)
    if row.select_for_update().first() is None:
        Lease.objects.bulk_create([Lease(name=_TURNSTILE, holder="", until=now)], ignore_conflicts=True)
        row.select_for_update().get()
