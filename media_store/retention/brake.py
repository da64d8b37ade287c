"""The brake: no filter and no changed rule takes more than a share of an app's media unasked.

What merely expired always goes, all of an app's media in one hour included. Anything else that would take more
than BRAKE_PERCENT of what an app has stored, and more than BRAKE_MIN_MEDIA, stops and says so.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

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


def braked(rows: MediaQuerySet, *, app_ids: Iterable[uuid.UUID], limit: int) -> list[Braked]:
    """The apps of which these rows, `limit` of them at most, are too many. They hold nothing that merely expired.

    `app_ids` are those that have any: counted app by app, by the index that purge goes by.
    """
    return [found for app_id in app_ids if (found := _weigh(app_id, min(rows.filter(app_id=app_id).count(), limit)))]


def _weigh(app_id: uuid.UUID, chosen: int) -> Braked | None:
    if chosen <= settings.BRAKE_MIN_MEDIA:
        return None
    stored = Media.objects.stored().filter(app_id=app_id).count()
    app = App.objects.filter(pk=app_id).first()
    if app is None or chosen * 100 <= stored * settings.BRAKE_PERCENT:
        return None
    return Braked(app_id=app_id, app_name=app.name, chosen=chosen, stored=stored)
