"""Expiring: apps that listen are told of media that will soon be gone, once for each time that it is so."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Q, Value

from devices import webhooks
from devices.models import App
from media_store import giving_way, news
from media_store.failpoints import reached
from media_store.models import Media, MediaQuerySet

EVENT = webhooks.Event.MEDIA_EXPIRING
# A batch takes a fraction of a second, in which on SQLite nobody else can write. So many events, whoever is told.
BATCH_ROWS = {"postgresql": 2_000, "sqlite": 500}

MayGoOn = Callable[[], bool]


def announce_expiring(*, now: datetime, may_go_on: MayGoOn = lambda: True) -> int:
    """Tell each app that listens of what expires soon; answers how many media. `may_go_on` is asked before a batch."""
    return sum(_announce_of(app_id, now=now, may_go_on=may_go_on) for app_id in _listening())


def _listening() -> list[uuid.UUID]:
    living = App.objects.living().order_by("pk").values_list("pk", flat=True)
    return [app_id for app_id in living if webhooks.listeners(app_id, EVENT)]


def _announce_of(app_id: uuid.UUID, *, now: datetime, may_go_on: MayGoOn) -> int:
    told, since = 0, now
    most = BATCH_ROWS[connection.vendor] // max(1, webhooks.listeners(app_id, EVENT)) or 1
    while may_go_on():
        with giving_way.turn():
            batch = _announce_batch(_soon_gone(app_id, since=since, now=now), most=most, now=now)
        if not batch:
            break
        told += len(batch)
        # What was passed over is not met again.
        since = batch[-1].expires_at
        reached("retention.expiring_committed")
    return told


def _soon_gone(app_id: uuid.UUID, *, since: datetime, now: datetime) -> MediaQuerySet:
    """Those that expire within the hours of the setting and that nobody has told of; in the order of their index."""
    span = timedelta(hours=settings.WEBHOOK_EXPIRING_HOURS)
    rows = Media.objects.reachable().stored().filter(app_id=app_id)
    # Told of before and moved since: it was not about to expire then.
    begins = ExpressionWrapper(F("expires_at") - Value(span), output_field=DateTimeField())
    untold = Q(expiring_announced_at=None) | Q(expiring_announced_at__lt=begins)
    return rows.filter(untold, expires_at__gt=now, expires_at__gte=since, expires_at__lte=now + span)


def _announce_batch(rows: MediaQuerySet, *, most: int, now: datetime) -> list[Media]:
    with transaction.atomic():
        # What somebody else has locked is on its way out, or is met by the next run.
        locked = rows.order_by("expires_at").select_for_update(no_key=True, skip_locked=True, of=("self",))
        batch = list(locked[:most])
        if not batch:
            return []
        webhooks.announce(*(news.of(media, EVENT) for media in batch), now=now)
        reached("news.announced")
        Media.objects.filter(pk__in=[media.pk for media in batch]).update(expiring_announced_at=now)
        reached("retention.expiring_announced")
    return batch
