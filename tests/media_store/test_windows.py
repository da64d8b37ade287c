"""Windows: what has lost its use is kept for a while, and then swept."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from media_store import destruction, ingest, retention
from media_store.errors import NotRefetchable
from media_store.models import DestroyedMedia, LegalHold, Media, PurgeRun
from media_store.retention import windows
from tests.interleaving import Actor, just_before
from tests.media_files import jpeg
from tests.media_store.rows import expired_of, media_of
from tests.media_store.story import aside
from tests.people import Person

LATER = timedelta(days=400)


@pytest.mark.django_db
class TestSweep:
    def test_of_nothing_at_all_is_no_fault(self) -> None:
        assert retention.sweep_windows(now=timezone.now() + LATER) == 0

    def test_takes_tombstones_past_the_audit_window_and_no_other(self, alice: Person) -> None:
        now = timezone.now()
        media = alice.sent(jpeg())
        retention.remove(Media.objects.get(pk=media["id"]), reason="client", now=now, by="test")
        assert retention.sweep_windows(now=now + timedelta(days=179)) == 0
        assert retention.sweep_windows(now=now + timedelta(days=181)) == 1
        assert not Media.objects.filter(pk=media["id"]).exists()

    def test_takes_runs_and_holds_that_are_over(self, alice: Person) -> None:
        now = timezone.now()
        PurgeRun.objects.create(work=PurgeRun.Work.PURGE, by="test", started_at=now)
        held = retention.hold(alice.device, reason="a case", until=None, by="test", now=now)
        assert retention.sweep_windows(now=now + LATER) == 1
        retention.release_hold(held, by="test", now=now)
        assert retention.sweep_windows(now=now + LATER) == 1
        assert not LegalHold.objects.exists()
        assert not DestroyedMedia.objects.exists()


@pytest.mark.django_db
class TestWindows:
    def test_of_failed_media_and_of_accounts_are_their_own(self, alice: Person) -> None:
        now = timezone.now()
        failed = media_of(alice.app, status="failed", reason="source_forbidden")
        Media.objects.filter(pk=failed.pk).update(blob=None)
        alice.sent(jpeg())
        alice.device.delete()
        destruction.finish_destroyed(now=now)
        swept = [retention.sweep_windows(now=now + timedelta(days=days)) for days in (29, 31, 179, 181)]
        assert swept == [0, 1, 0, 1]

    def test_never_take_what_has_its_bytes(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        assert retention.sweep_windows(now=timezone.now() + 10 * LATER) == 0
        assert Media.objects.filter(pk=media["id"]).exists()

    def test_are_swept_in_batches_app_by_app(self, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(windows, "BATCH_ROWS", {"postgresql": 2, "sqlite": 2})
        now = timezone.now()
        for person in (alice, bob):
            for media in expired_of(person.app, count=3):
                retention.remove(media, reason="client", now=now, by="test")
        heard: list[int] = []
        assert retention.sweep_windows(now=now + LATER, on_batch=heard.append) == 6
        assert sorted(heard) == [1, 1, 2, 2]
        assert retention.sweep_windows(now=now + LATER, may_go_on=lambda: False) == 0

    def test_do_not_end_where_one_app_is_held(self, alice: Person, bob: Person) -> None:
        now = timezone.now()
        for person in (alice, bob):
            retention.remove(expired_of(person.app)[0], reason="client", now=now, by="test")
        retention.hold(alice.app, reason="a case", until=None, by="operator", now=now)
        assert retention.sweep_windows(now=now + LATER) == 1
        assert [media.app_id for media in Media.objects.all()] == [alice.app.pk]

    @pytest.mark.services
    @pytest.mark.django_db(transaction=True)
    def test_wait_for_nobody_who_has_a_row_in_hand(self, alice: Person) -> None:
        """To wait with the other rows locked would be to wait in a ring, where he wants one of them."""
        now = timezone.now()
        media = expired_of(alice.app, count=2)
        for one in media:
            retention.remove(one, reason="client", now=now, by="test")
        with transaction.atomic():
            Media.objects.select_for_update().get(pk=media[0].pk)
            assert aside(lambda: retention.sweep_windows(now=now + LATER)).result == 1
        assert [one.pk for one in Media.objects.all()] == [media[0].pk]

    @pytest.mark.services
    @pytest.mark.django_db(transaction=True)
    def test_take_nothing_that_is_just_being_fetched_again(self, alice: Person) -> None:
        """Whoever asked for it is told so, and not promised what goes the next moment."""
        now = timezone.now()
        failed = media_of(alice.app, status="failed", reason="bad_status", url="https://files.example.com/a.jpg")
        Media.objects.filter(pk=failed.pk).update(blob=None)
        client = Actor("client", lambda: ingest.refetch(failed, now=now))

        def come() -> None:
            client.start()
            client.begin()
            client.step()

        with just_before('DELETE FROM "media_store_media"', come):
            assert retention.sweep_windows(now=now + LATER) == 1
        client.end()
        assert isinstance(client.error, NotRefetchable)
