"""The brake: no filter and no changed rule takes more than a share of an app's media unasked.

What merely expired always goes, all of an app's media in one hour included. Anything else that would take more
than BRAKE_PERCENT of what an app has stored, and more than BRAKE_MIN_MEDIA, stops and says so.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from devices.models import App
from media_store.models import Media, MediaQuerySet


@dataclass(frozen=True, kw_only=True)
class Braked:
    """An app of whose stored media too many would go."""

    app_id: uuid.UUID
    app_name: str
    chosen: int
    stored: int

    @property
    def sentence(self) -> str:
        """For people."""
        return (
            f"{self.chosen} of the {self.stored} media that the app {self.app_name!r} has stored would go, which is "
            f"more than {settings.BRAKE_PERCENT} %. None of them was touched; --force takes them all the same."
        )


def braked(rows: MediaQuerySet, *, app_ids: Iterable[uuid.UUID], limit: int, now: datetime) -> list[Braked]:
    """The apps of which these rows, `limit` of them at most, are too many. They hold nothing that merely expired.

    `app_ids` are those that have any: counted app by app, by the index that purge goes by.
    """
    found = []
    for app in App.objects.filter(pk__in=list(app_ids)).order_by("pk"):
        chosen = min(rows.filter(app=app).count(), limit)
        found.append(too_many(app_id=app.pk, app_name=app.name, chosen=chosen, now=now))
    return [one for one in found if one]


def too_many(*, app_id: uuid.UUID, app_name: str, chosen: int, now: datetime) -> Braked | None:
    """Whether so many of an app's media are more than go unasked; None where they are not.

    They are weighed against what is stored once everything that merely expired has gone, which goes first.
    """
    if chosen <= settings.BRAKE_MIN_MEDIA:
        return None
    stored = Media.objects.stored().filter(app_id=app_id)
    stored_count = stored.count() - stored.merely_expired(now=now).unheld(now=now).count()
    if chosen * 100 <= stored_count * settings.BRAKE_PERCENT:
        return None
    return Braked(app_id=app_id, app_name=app_name, chosen=chosen, stored=stored_count)
