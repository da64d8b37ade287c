"""The brake: no filter and no changed rule takes more than a share of an app's media unasked.

What merely expired always goes, all of an app's media in one hour included. Anything else that would take more
than BRAKE_PERCENT of what an app has stored, and more than BRAKE_MIN_MEDIA, stops and says so. What a rule brings
forward is weighed as a whole: until a change has been through all its media, none of them goes.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from devices.models import App
from media_store.failpoints import reached
from media_store.models import LegalHold, Media, MediaQuerySet, RetentionRule


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


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What may go: these rows, and of each app so many at most; and the apps of which it is too much."""

    rows: MediaQuerySet
    most: Mapping[uuid.UUID, int]
    braked: list[Braked]


@dataclass(frozen=True)
class Changing:
    """The apps of which a changed rule has not been through all media; None among them stands for all."""

    app_ids: frozenset[uuid.UUID | None]

    def holds(self, app_id: uuid.UUID) -> bool:
        """Whether what a rule brought forward of this app waits."""
        return None in self.app_ids or app_id in self.app_ids

    def pass_over(self, rows: MediaQuerySet, *, now: datetime) -> MediaQuerySet:
        """These rows without those that wait."""
        if not self.app_ids:
            return rows
        waiting = Q(expires_at__lte=now, brought_forward_from__gt=now)
        return rows.exclude(waiting if None in self.app_ids else waiting & Q(app_id__in=self.app_ids))


def changing() -> Changing:
    """As of now."""
    return Changing(frozenset(RetentionRule.objects.unpassed().values_list("app_id", flat=True)))


def weigh(rows: MediaQuerySet, *, limit: int, now: datetime) -> Weighed:
    """Weigh these rows, `limit` of them at most. They hold nothing that merely expired.

    What joins them later was not weighed: as many go as were counted, and no more.
    """
    seen = None
    # A rule that was changed and applied meanwhile may have been counted in part: then all is counted anew.
    while seen != (seen := _changes()):
        weighed = changing().pass_over(rows, now=now)
        app_ids = apps_of(weighed, now=now)
        most = {app_id: min(weighed.filter(app_id=app_id).count(), limit) for app_id in app_ids}
        reached("retention.weighed")
    stopped = braked(most, now=now)
    return Weighed(rows=weighed.exclude(app_id__in=[one.app_id for one in stopped]), most=most, braked=stopped)


def _changes() -> frozenset[tuple[object, ...]]:
    unapplied = RetentionRule.objects.filter(applied_at=None)
    return frozenset(unapplied.values_list("pk", "changed_at", "passed_at"))


def apps_of(rows: MediaQuerySet, *, now: datetime) -> Iterator[uuid.UUID]:
    """The living apps that have any that may go: asked app by app, by the index, so that not a million rows are read.

    A held app is passed over: each look would read all that has expired of it, for as long as it is held.
    """
    held = LegalHold.objects.active(now=now).of_scope("app")
    apps = App.objects.living().exclude(pk__in=held.values("app_id"))
    for app_id in apps.order_by("pk").values_list("pk", flat=True):
        if rows.filter(app_id=app_id).are_there(by="expires_at"):
            yield app_id


def braked(chosen: Mapping[uuid.UUID, int], *, now: datetime) -> list[Braked]:
    """The apps of which so many media are too many."""
    apps = App.objects.filter(pk__in=list(chosen)).order_by("pk")
    found = (too_many(app_id=app.pk, app_name=app.name, chosen=chosen[app.pk], now=now) for app in apps)
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
