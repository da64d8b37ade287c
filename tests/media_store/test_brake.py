"""The brake: what merely expired always goes; a changed rule or a filter takes no large share unasked."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices.models import App
from media_store import retention, tasks
from media_store.models import Media, PurgeRun
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
