"""Media whose bytes the store has lost: they say so for as long as any other tombstone tells of what was there."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from media_store import retention
from media_store.models import BYTES_MISSING, Media
from media_store.retention import entomb
from tests.media_files import jpeg
from tests.people import Person, refusal

pytestmark = pytest.mark.django_db


class TestMediaWithoutBytes:
    def test_are_told_of_until_the_audit_window_ends_however_old_they_were(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        now = timezone.now()
        created_at = now - timedelta(days=settings.FAILED_KEEP_DAYS + 1)
        Media.objects.filter(pk=media["id"]).update(created_at=created_at)
        entomb([media["id"]], app_id=alice.app.pk, reason=BYTES_MISSING, status=Media.Status.FAILED, now=now)
        last = now + timedelta(days=settings.AUDIT_DAYS)
        retention.sweep_windows(now=last - timedelta(seconds=1))
        assert refusal(alice.api.download(media["media_path"])) == (410, "media_gone")
        retention.sweep_windows(now=last)
        assert refusal(alice.api.download(media["media_path"])) == (404, "not_found")
