"""A changed rule reaches the media that are there, by statements that both databases understand."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from media_store import retention
from media_store.models import Media
from media_store.retention import expiry
from tests.media_files import jpeg
from tests.media_store.rows import blob_of, media_of
from tests.people import Person


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

    def test_locks_a_batch_at_a_time(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(expiry, "BATCH_ROWS", {"postgresql": 2, "sqlite": 2})
        for _ in range(5):
            media_of(alice.app)
        retention.set_rule(app=alice.app, keep_days=14, now=timezone.now(), by="test")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert retention.apply_changed_rules(now=timezone.now()) == 5
        assert sum(query["sql"].startswith('UPDATE "media_store_media"') for query in queries) == 3
        assert set(Media.objects.values_list("expiry_rule", flat=True)) == {"this app: all media, 14 days"}

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
