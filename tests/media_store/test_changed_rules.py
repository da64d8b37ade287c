"""A changed rule reaches the media that are there, by statements that both databases understand."""

import itertools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from media_store import failpoints, retention, tasks
from media_store.models import Media, RetentionRule
from media_store.retention import applying
from tests.media_files import jpeg
from tests.media_store.rows import blob_of, media_of
from tests.people import Person


@pytest.fixture
def five_in_batches_of_two(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "BATCH_ROWS", {"postgresql": 2, "sqlite": 2})
    for _ in range(5):
        media_of(alice.app)


def once() -> Callable[[], bool]:
    """Time for one batch."""
    asked = itertools.count()
    return lambda: next(asked) == 0


def batches_in(queries: CaptureQueriesContext) -> int:
    return sum(query["sql"].startswith('UPDATE "media_store_media"') for query in queries)


class TestAChangedRule:
    def test_moves_what_is_stored_and_remembers_from_where(self, alice: Person) -> None:
        media = Media.objects.get(pk=alice.sent(jpeg())["id"])
        before = media.expires_at
        retention.set_rule(app=None, direction="outbound", keep_days=14, now=timezone.now(), by="test")
        assert retention.apply_changed_rules(now=timezone.now()) == 1
        media.refresh_from_db()
        assert media.expires_at == media.created_at + timedelta(days=14)
        assert media.brought_forward_from == before
        assert media.expiry_rule == "every app: outbound, 14 days"

    @pytest.mark.usefixtures("five_in_batches_of_two")
    def test_locks_a_batch_at_a_time(self, alice: Person) -> None:
        retention.set_rule(app=alice.app, keep_days=14, now=timezone.now(), by="test")
        with CaptureQueriesContext(connection) as queries:
            assert retention.apply_changed_rules(now=timezone.now()) == 5
        assert batches_in(queries) == 3
        assert set(Media.objects.values_list("expiry_rule", flat=True)) == {"this app: all media, 14 days"}

    @pytest.mark.usefixtures("five_in_batches_of_two")
    def test_is_gone_on_with_where_a_run_had_no_more_time(self, alice: Person) -> None:
        retention.set_rule(app=alice.app, keep_days=14, now=timezone.now(), by="test")
        assert retention.apply_changed_rules(now=timezone.now(), may_go_on=once()) == 2
        assert retention.is_unfinished()
        with CaptureQueriesContext(connection) as queries:
            assert retention.apply_changed_rules(now=timezone.now()) == 3
        assert batches_in(queries) == 2
        assert not retention.is_unfinished()
        assert set(Media.objects.values_list("expiry_rule", flat=True)) == {"this app: all media, 14 days"}

    @pytest.mark.usefixtures("five_in_batches_of_two")
    def test_that_is_changed_on_the_way_begins_again(self, alice: Person) -> None:
        now = timezone.now()
        retention.set_rule(app=alice.app, keep_days=14, now=now, by="test")
        assert retention.apply_changed_rules(now=now, may_go_on=once()) == 2
        retention.set_rule(app=alice.app, keep_days=10, now=now + timedelta(seconds=1), by="test")
        assert retention.apply_changed_rules(now=now) == 5
        assert set(Media.objects.values_list("expiry_rule", flat=True)) == {"this app: all media, 10 days"}

    @pytest.mark.usefixtures("five_in_batches_of_two")
    def test_that_is_changed_within_a_run_begins_again_with_the_next(self, alice: Person) -> None:
        now = timezone.now()
        retention.set_rule(app=alice.app, keep_days=14, now=now, by="test")
        asked = itertools.count()

        def change_on_the_way() -> bool:
            if next(asked) == 1:
                retention.set_rule(app=alice.app, keep_days=10, now=now + timedelta(seconds=1), by="test")
            return True

        retention.apply_changed_rules(now=now, may_go_on=change_on_the_way)
        assert RetentionRule.objects.get().passed_to is None
        retention.apply_changed_rules(now=now)
        assert set(Media.objects.values_list("expiry_rule", flat=True)) == {"this app: all media, 10 days"}

    @pytest.mark.usefixtures("five_in_batches_of_two")
    def test_is_settled_by_a_pass_that_began_when_no_upload_was_under_way(self, alice: Person) -> None:
        """Not by one that only ended then: it may have passed where such an upload arrived."""
        now = timezone.now()
        retention.set_rule(app=alice.app, keep_days=14, now=now, by="test")
        retention.apply_changed_rules(now=now, may_go_on=once())
        late = now + timedelta(hours=3)
        retention.apply_changed_rules(now=late)
        assert RetentionRule.objects.get().applied_at is None
        retention.apply_changed_rules(now=late)
        assert RetentionRule.objects.get().applied_at == late

    def test_that_was_applied_is_written_to_no_row_again(self, alice: Person) -> None:
        media = media_of(alice.app)
        retention.set_rule(app=alice.app, keep_days=14, now=timezone.now(), by="test")
        assert retention.apply_changed_rules(now=timezone.now()) == 1
        brought_forward_from = Media.objects.get().brought_forward_from
        assert retention.apply_changed_rules(now=timezone.now()) == 0
        assert Media.objects.get(pk=media.pk).brought_forward_from == brought_forward_from is not None

    def test_is_left_to_the_next_task_where_the_time_of_one_is_up(
        self, alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[object] = []
        monkeypatch.setattr(tasks, "hint", asked.append)
        media_of(alice.app)
        retention.set_rule(app=alice.app, keep_days=14, now=timezone.now(), by="test")
        settings.TASK_WORK_SECONDS = 0
        assert tasks.apply_retention_rules() == 0
        assert asked == [tasks.apply_retention_rules]
        settings.TASK_WORK_SECONDS = 300
        assert tasks.apply_retention_rules() == 1
        assert asked == [tasks.apply_retention_rules]

    def test_is_asked_for_where_it_was_changed_behind_the_look_of_a_task(
        self, alice: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its own hint finds that task at work, and goes."""
        asked: list[object] = []
        monkeypatch.setattr(tasks, "hint", asked.append)

        def change_another() -> None:
            retention.set_rule(app=alice.app, kind="image", keep_days=10, now=timezone.now(), by="test")
            assert tasks.apply_retention_rules() == 0

        retention.set_rule(app=alice.app, keep_days=14, now=timezone.now(), by="test")
        with failpoints.at("retention.rule_applied", change_another):
            tasks.apply_retention_rules()
        assert asked == [tasks.apply_retention_rules]

    def test_leaves_alone_what_is_being_destroyed(self, alice: Person) -> None:
        alice.sent(jpeg())
        alice.device.delete()
        retention.set_rule(app=alice.app, keep_days=14, now=timezone.now(), by="test")
        assert retention.apply_changed_rules(now=timezone.now()) == 0


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
class TestRulesThatAreAppliedAtOnce:
    def test_do_not_wait_for_one_another_in_a_ring(self, alice: Person, bob: Person) -> None:
        """Rows lie in another order than their indexes have them, as each change moves them."""
        for person in (alice, bob):
            blob, now = blob_of(person.app), timezone.now()
            for _ in range(300):
                media_of(person.app, blob=blob, expires_at=now + timedelta(days=random.randint(1, 90)))

        def change(whose: Person | None, days: int) -> Callable[[], None]:
            def work() -> None:
                try:
                    for more in range(3):
                        app = whose.app if whose else None
                        retention.set_rule(app=app, keep_days=days + more, now=timezone.now(), by="test")
                        retention.apply_changed_rules(now=timezone.now())
                finally:
                    connections.close_all()

            return work

        works = [change(alice, 10), change(bob, 20), change(None, 30), change(None, 40)]
        with ThreadPoolExecutor(len(works)) as pool:
            for done in [pool.submit(work) for work in works]:
                done.result()
        assert set(Media.objects.filter(app=alice.app).values_list("expiry_rule", flat=True)) == {
            "this app: all media, 12 days"
        }
