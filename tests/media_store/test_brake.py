"""The brake: what merely expired always goes; a changed rule or a filter takes no large share unasked."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices.models import App
from media_store import failpoints, retention, tasks
from media_store.models import Media, PurgeRun
from media_store.retention import applying
from tests.media_store.rows import expired_of, media_of

DAY = timedelta(days=1)


@pytest.fixture
def app(db: None, settings: Settings) -> App:
    settings.BRAKE_MIN_MEDIA = 3
    return App.objects.create(name="alice")


def aged(app: App, *, days: int, count: int = 1) -> list[Media]:
    return [media_of(app, created_at=timezone.now() - timedelta(days=days)) for _ in range(count)]


def shorten(app: App | None, *, keep_days: int) -> None:
    retention.set_rule(app=app, keep_days=keep_days, now=timezone.now(), by="operator")
    retention.apply_changed_rules(now=timezone.now())


def purge(**options: Any) -> retention.Purged:
    now = timezone.now()
    return retention.purge(Media.objects.expired(now=now), now=now, **options)


def once() -> Callable[[], bool]:
    """Time for one batch."""
    asked = itertools.count()
    return lambda: next(asked) == 0


@contextmanager
def shortened_further(app: App, *, at: str) -> Iterator[None]:
    """To four days now, and to two at the first such moment."""
    shorten(app, keep_days=4)
    is_first = once()
    with failpoints.at(at, lambda: shorten(app, keep_days=2) if is_first() else None):
        yield


def stored(app: App) -> int:
    return Media.objects.stored().filter(app=app).count()


class TestWhatMerelyExpired:
    def test_goes_though_it_is_all_that_an_app_has(self, app: App) -> None:
        expired_of(app, count=10)
        assert purge().rows == 10

    def test_goes_though_a_rule_was_changed_since(self, app: App) -> None:
        """It would have gone by now under the rule before as well."""
        aged(app, days=31, count=10)
        shorten(app, keep_days=2)
        assert purge().rows == 10

    def test_goes_where_the_rest_is_stopped(self, app: App) -> None:
        aged(app, days=31, count=2)
        aged(app, days=5, count=6)
        shorten(app, keep_days=2)
        purged = purge()
        assert (purged.rows, len(purged.braked), stored(app)) == (2, 1, 6)


class TestAShortenedRule:
    def test_that_would_take_most_of_an_app_stops_and_says_so(self, app: App) -> None:
        aged(app, days=5, count=6)
        aged(app, days=1, count=4)
        shorten(app, keep_days=2)
        purged = purge()
        assert purged.rows == 0
        (stopped,) = purged.braked
        assert (stopped.app_id, stopped.chosen, stopped.stored) == (app.pk, 6, 10)
        assert "6 of the 10 media that the app 'alice' has stored" in stopped.sentence

    def test_that_takes_half_goes(self, app: App) -> None:
        aged(app, days=5, count=5)
        aged(app, days=1, count=5)
        shorten(app, keep_days=2)
        assert (purge().rows, stored(app)) == (5, 5)

    def test_that_takes_few_goes_whatever_the_share(self, app: App) -> None:
        aged(app, days=5, count=3)
        shorten(app, keep_days=2)
        assert purge().rows == 3

    def test_stops_for_that_app_only(self, app: App) -> None:
        bob = App.objects.create(name="bob")
        aged(app, days=5, count=6)
        aged(bob, days=5, count=4)
        aged(bob, days=1, count=4)
        shorten(None, keep_days=2)
        purged = purge()
        assert [stopped.app_name for stopped in purged.braked] == ["alice"]
        assert (stored(app), stored(bob)) == (6, 4)

    def test_goes_by_force(self, app: App) -> None:
        aged(app, days=5, count=6)
        shorten(app, keep_days=2)
        purged = purge(force=True)
        assert (purged.rows, purged.braked) == (6, [])

    def test_goes_once_its_media_would_have_expired_anyway(self, app: App) -> None:
        aged(app, days=5, count=6)
        shorten(app, keep_days=2)
        later = timezone.now() + 26 * DAY
        assert retention.purge(Media.objects.expired(now=later), now=later).rows == 6

    def test_that_was_mended_takes_nothing(self, app: App) -> None:
        aged(app, days=5, count=6)
        shorten(app, keep_days=2)
        shorten(app, keep_days=30)
        assert (purge().rows, purge().braked) == (0, [])

    def test_counts_nothing_that_is_held(self, app: App) -> None:
        held = aged(app, days=5, count=6)
        for media in held[:3]:
            retention.hold(media, reason="a case", until=None, by="operator", now=timezone.now())
        shorten(app, keep_days=2)
        assert (purge().rows, stored(app)) == (3, 3)

    def test_that_has_been_through_a_part_of_its_media_takes_none(
        self, app: App, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each part would be small enough to pass, one after the other."""
        monkeypatch.setattr(applying, "BATCH_ROWS", {"postgresql": 2, "sqlite": 2})
        aged(app, days=5, count=6)
        retention.set_rule(app=app, keep_days=2, now=timezone.now(), by="operator")
        for _ in range(3):
            retention.apply_changed_rules(now=timezone.now(), may_go_on=once())
            assert (purge().rows, tasks.purge_expired(), stored(app)) == (0, 0, 6)
        assert not PurgeRun.objects.exists(), "nothing was to be done"
        retention.apply_changed_rules(now=timezone.now())
        assert (purge().rows, len(purge().braked), stored(app)) == (0, 1, 6)
        assert purge(force=True).rows == 6

    def test_that_was_taken_back_on_its_way_takes_none(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(applying, "BATCH_ROWS", {"postgresql": 2, "sqlite": 2})
        aged(app, days=5, count=6)
        rule = retention.set_rule(app=app, keep_days=2, now=timezone.now(), by="operator")
        retention.apply_changed_rules(now=timezone.now(), may_go_on=once())
        retention.remove_rule(rule, now=timezone.now(), by="operator")
        assert (purge().rows, stored(app)) == (0, 6)
        retention.apply_changed_rules(now=timezone.now())
        assert (purge().rows, purge().braked, stored(app)) == (0, [], 6)

    def test_that_is_on_its_way_keeps_nothing_that_merely_expired(self, app: App) -> None:
        expired_of(app, count=4)
        aged(app, days=5, count=2)
        retention.set_rule(app=app, keep_days=2, now=timezone.now(), by="operator")
        assert (purge().rows, stored(app)) == (4, 2)

    def test_of_every_app_is_on_its_way_in_all_of_them(self, app: App) -> None:
        bob = App.objects.create(name="bob")
        aged(bob, days=5, count=2)
        shorten(bob, keep_days=2)
        retention.set_rule(app=None, kind="video", keep_days=2, now=timezone.now(), by="operator")
        assert purge().rows == 0
        retention.apply_changed_rules(now=timezone.now())
        assert purge().rows == 2

    def test_of_another_app_is_no_reason_to_wait(self, app: App) -> None:
        bob = App.objects.create(name="bob")
        aged(bob, days=5, count=2)
        shorten(bob, keep_days=2)
        retention.set_rule(app=app, keep_days=2, now=timezone.now(), by="operator")
        assert purge().rows == 2

    def test_that_was_applied_while_a_purge_ran_takes_no_more_than_was_weighed(self, app: App) -> None:
        aged(app, days=5, count=4)
        aged(app, days=3, count=6)
        with shortened_further(app, at="retention.batch_purged"):
            assert purge(batch_rows=1).rows == 4
        assert (purge().rows, len(purge().braked), stored(app)) == (0, 1, 6)

    def test_that_was_applied_while_it_was_weighed_is_weighed_whole(self, app: App) -> None:
        aged(app, days=5, count=2)
        aged(app, days=3, count=8)
        with shortened_further(app, at="retention.weighed"):
            purged = purge()
        assert (purged.rows, [stopped.chosen for stopped in purged.braked], stored(app)) == (0, [10], 10)

    @pytest.mark.parametrize(("percent", "goes"), [(0, False), (60, True), (100, True)])
    def test_is_weighed_against_the_setting(self, app: App, settings: Settings, percent: int, goes: bool) -> None:
        settings.BRAKE_PERCENT = percent
        aged(app, days=5, count=6)
        aged(app, days=1, count=4)
        shorten(app, keep_days=2)
        assert bool(purge().rows) is goes


class TestAFilter:
    def test_that_would_take_most_of_an_app_stops(self, app: App) -> None:
        aged(app, days=1, count=6)
        purged = retention.purge(Media.objects.all(), now=timezone.now())
        assert (purged.rows, len(purged.braked)) == (0, 1)

    def test_with_a_limit_below_the_share_goes(self, app: App) -> None:
        aged(app, days=1, count=10)
        purged = retention.purge(Media.objects.all(), now=timezone.now(), limit=5)
        assert (purged.rows, purged.braked) == (5, [])

    def test_with_a_limit_that_the_brake_lets_go_in_any_case_goes(self, app: App) -> None:
        aged(app, days=1, count=5)
        purged = retention.purge(Media.objects.all(), now=timezone.now(), limit=3)
        assert (purged.rows, purged.braked) == (3, [])


class TestTheBeatsRun:
    def test_tells_that_it_was_stopped(self, app: App) -> None:
        aged(app, days=5, count=6)
        shorten(app, keep_days=2)
        assert tasks.purge_expired() == 0
        run = PurgeRun.objects.get()
        assert (run.outcome, run.rows) == (PurgeRun.Outcome.STOPPED, 0)
        assert "--force takes them all the same" in run.error
