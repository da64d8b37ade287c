"""Expiry is enforced on read: from its moment on nothing opens a media, whether or not a purge has come by."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from media_store import retention
from media_store.models import Blob, Media
from tests.media_files import jpeg
from tests.people import Person, bytes_of, refusal

HOUR = timedelta(hours=1)


@pytest.fixture
def expired(alice: Person) -> dict[str, Any]:
    media = alice.sent(jpeg(), message_id="m1")
    Media.objects.update(expires_at=timezone.now() - HOUR)
    return media


class TestWhatHasExpired:
    def test_answers_410_with_the_rule_s_moment_before_any_purge(self, alice: Person, expired: dict[str, Any]) -> None:
        gone = alice.api.download(expired["media_path"])
        assert refusal(gone) == (410, "media_gone")
        assert gone.json()["reason"] == "retention"
        assert gone.json()["gone_at"] == Media.objects.get().expires_at.isoformat()
        assert Blob.objects.get().state == Blob.State.READY

    def test_is_told_as_expired_in_every_answer(self, alice: Person, expired: dict[str, Any]) -> None:
        one = alice.api.get(f"/v1/media/{expired['id']}").json()
        (listed,) = alice.api.get("/v1/media", {"status": "expired"}).json()["results"]
        assert one == listed
        assert (one["status"], one["reason"], one["purged_at"]) == ("expired", "retention", None)
        assert alice.api.get("/v1/media", {"status": "ready"}).json()["results"] == []

    def test_answers_the_same_after_the_purge_but_for_the_moment(self, alice: Person, expired: dict[str, Any]) -> None:
        before = alice.api.download(expired["media_path"]).json()
        retention.purge(Media.objects.all(), now=timezone.now())
        after = alice.api.download(expired["media_path"]).json()
        assert {name for name in before if before[name] != after[name]} <= {"gone_at", "request_id"}

    def test_takes_no_new_upload_of_its_bytes_with_it(self, alice: Person, expired: dict[str, Any]) -> None:
        again = alice.uploaded(jpeg())
        now = timezone.now()
        assert retention.purge(Media.objects.expired(now=now), now=now).rows == 1
        assert bytes_of(alice.api.download(again["media_path"])) == jpeg()

    def test_is_gone_in_the_moment_itself_on_both_sides_of_the_clock(self, alice: Person) -> None:
        """What the row says to a reader and what it says to the purge is the same to the microsecond."""
        alice.sent(jpeg())
        row = Media.objects.get()
        for now, is_gone in ((row.expires_at - timedelta(microseconds=1), False), (row.expires_at, True)):
            assert (row.status_at(now) == "expired") is is_gone
            assert Media.objects.expired(now=now).exists() is is_gone
