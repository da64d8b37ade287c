"""Windows: what has lost its use is kept for a while, and then swept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from media_store import retention
from media_store.models import DestroyedMedia, LegalHold, Media, PurgeRun
from tests.media_files import jpeg
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
