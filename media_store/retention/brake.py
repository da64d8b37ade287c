"""The brake: no filter and no changed rule takes more than a share of an app's media unasked.

What merely expired always goes, all of an app's media in one hour included. Anything else that would take more
than BRAKE_PERCENT of what an app has stored, and more than BRAKE_MIN_MEDIA, stops and says so.
"""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count

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


def braked(rows: MediaQuerySet, *, limit: int) -> list[Braked]:
    """The apps of which these rows, `limit` of them at most, are too many. They hold nothing that merely expired."""
    counts = rows.order_by().values("app_id", "app__name").annotate(chosen=Count("pk"))
    many = counts.filter(chosen__gt=settings.BRAKE_MIN_MEDIA)
    return [found for row in many if (found := _weigh(row["app_id"], row["app__name"], min(row["chosen"], limit)))]


def _weigh(app_id: uuid.UUID, app_name: str, chosen: int) -> Braked | None:
    stored = Media.objects.stored().filter(app_id=app_id).count()
    if chosen * 100 <= stored * settings.BRAKE_PERCENT:
        return None
    return Braked(app_id=app_id, app_name=app_name, chosen=chosen, stored=stored)
