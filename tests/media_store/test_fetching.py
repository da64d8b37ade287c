"""Fetching what was announced: once, by whoever claims it, and with an end that the row tells."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices import destruction as devices_destruction
from media_store import destruction, failpoints, ingest, retention
from media_store.ingest.fetching import WAITS
from media_store.models import Blob, Lease, Media
from tests.media_files import jpeg, pdf, png
from tests.people import NOTHING, Person, bytes_of, refusal
from tests.sources import Source

LATER = timedelta(hours=1)


def announced(person: Person, url: str, **fields: Any) -> Media:
    answer = person.api.send(person.device, url=url, **fields)
    assert answer.status_code == 202, answer.content
    return Media.objects.get(pk=answer.json()["media"]["id"])


def fetched(*, now: datetime | None = None) -> Media:
    """The next one, fetched as a worker does."""
    now = now or timezone.now()
    media = ingest.claim(now=now)
    assert media is not None
    ingest.fetch(media, now=now)
    return Media.objects.get(pk=media.pk)


class TestAFetch:
    def test_makes_the_media_ready_byte_for_byte(self, alice: Person, source: Source) -> None:
        media = announced(alice, source.has("/slip.jpg", jpeg()), message_id="m1")
        assert fetched().status == "ready"
        answer = alice.api.download(media.path)
        assert (answer.status_code, bytes_of(answer)) == (200, jpeg())
        assert answer["Content-Type"] == "image/jpeg"

    def test_keeps_the_path_and_the_host_and_wipes_the_url(self, alice: Person, source: Source) -> None:
        before = announced(alice, source.has("/slip.jpg?token=secret", jpeg()), mime_type="image/png")
        media = fetched()
        assert (media.path, media.source_detail, media.url) == (before.path, "127.0.0.1", "")
        assert (media.mime_type, media.declared_mime_type) == ("image/jpeg", "image/png")

    def test_shares_the_object_of_bytes_that_the_app_has(self, alice: Person, source: Source) -> None:
        first = alice.sent(jpeg())
        announced(alice, source.has("/a", jpeg()))
        media = fetched()
        assert media.blob_id == Media.objects.get(pk=first["id"]).blob_id
        assert Blob.objects.filter(app=alice.app).count() == 1

    def test_leaves_nothing_in_the_spool(self, alice: Person, source: Source) -> None:
        announced(alice, source.has("/a", jpeg()))
        fetched()
        assert alice.left_behind()["spool"] == []

    def test_of_an_upload_takes_any_type(self, alice: Person, source: Source) -> None:
        answer = alice.api.post_json("/v1/media", {"url": source.has("/a.pdf", pdf())})
        assert answer.status_code == 202
        media = fetched()
        assert (media.status, media.kind, media.mime_type) == ("ready", "document", "application/pdf")

    def test_follows_a_redirect(self, alice: Person, source: Source) -> None:
        source.has("/there", jpeg())
        announced(alice, source.has("/here", status=302, headers={"Location": "/there"}))
        assert fetched().status == "ready"


class TestRefusals:
    @pytest.mark.parametrize(
        ("page", "code"),
        [
            ({"content": b"not here", "status": 404}, "bad_status"),
            ({"content": png()}, None),
            ({"content": pdf()}, "mime_mismatch"),
            ({"content": b""}, "empty"),
            ({"content": b"x" * (6 * 1024 * 1024)}, "too_large"),
            ({"status": 302, "headers": {"Location": "http://169.254.169.254/latest"}}, "source_forbidden"),
            ({"status": 302, "headers": {"Location": "https://10.0.0.1/"}}, "source_forbidden"),
        ],
    )
    def test_stay_on_the_row_as_a_code(
        self, alice: Person, source: Source, page: dict[str, Any], code: str | None
    ) -> None:
        announced(alice, source.has("/a", **page))
        media = fetched()
        if code is None:
            assert media.status == "ready"
            return
        assert (media.status, media.reason) == ("failed", code)
        assert refusal(alice.api.download(media.path)) == (422, "media_failed")
        assert "127.0.0.1" not in alice.api.download(media.path).content.decode()
        assert alice.left_behind() == NOTHING

    def test_of_a_promised_checksum(self, alice: Person, source: Source) -> None:
        announced(alice, source.has("/a", jpeg()), sha256="0" * 64)
        assert fetched().reason == "checksum_mismatch"

    @pytest.mark.parametrize("status", [500, 503, 429])
    def test_that_may_pass_are_tried_again_later(self, alice: Person, source: Source, status: int) -> None:
        url = source.has("/a", status=status)
        announced(alice, url)
        before = timezone.now()
        media = fetched()
        assert (media.status, media.reason, media.is_fetching) == ("pending", "bad_status", False)
        assert media.fetch_at is not None
        assert before + timedelta(seconds=WAITS[0] / 2) <= media.fetch_at
        assert ingest.claim(now=timezone.now()) is None
        source.has("/a", jpeg())
        assert fetched(now=timezone.now() + LATER).status == "ready"

    def test_that_do_not_pass_end_as_failed(self, alice: Person, source: Source) -> None:
        announced(alice, source.has("/a", status=503))
        states = [fetched(now=timezone.now() + LATER * number).status for number in range(len(WAITS) + 1)]
        assert states == ["pending"] * len(WAITS) + ["failed"]
        assert ingest.claim(now=timezone.now() + LATER * 9) is None

    @pytest.mark.once
    def test_that_are_slow_end_within_the_deadline(self, alice: Person, source: Source, settings: Settings) -> None:
        settings.FETCH_DEADLINE_SECONDS = 1
        announced(alice, source.has("/a", jpeg(), held=True))
        assert fetched().reason == "source_too_slow"


class TestRefetch:
    def test_brings_what_had_failed(self, alice: Person, source: Source) -> None:
        url = source.has("/a", status=404)
        media = announced(alice, url)
        fetched()
        source.has("/a", jpeg())
        answer = alice.api.post(f"/v1/media/{media.pk}/refetch", b"", content_type="application/json")
        assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (202, "pending", None)
        assert fetched().status == "ready"

    def test_of_anything_else_is_refused(self, alice: Person, source: Source) -> None:
        sent = alice.sent(jpeg())
        waiting = announced(alice, source.has("/a", jpeg()))
        for media_id in (sent["id"], waiting.pk):
            answer = alice.api.post(f"/v1/media/{media_id}/refetch", b"", content_type="application/json")
            assert refusal(answer) == (409, "not_refetchable")

    def test_of_anothers_is_not_found(self, alice: Person, bob: Person, source: Source) -> None:
        media = announced(alice, source.has("/a", status=404))
        fetched()
        answer = bob.api.post(f"/v1/media/{media.pk}/refetch", b"", content_type="application/json")
        assert refusal(answer) == (404, "not_found")


class TestClaims:
    def test_are_for_one(self, alice: Person, source: Source) -> None:
        announced(alice, source.has("/a", jpeg()))
        now = timezone.now()
        assert ingest.claim(now=now) is not None
        assert ingest.claim(now=now) is None

    def test_of_the_dead_run_out(self, alice: Person, source: Source) -> None:
        announced(alice, source.has("/a", jpeg()))
        assert ingest.claim(now=timezone.now()) is not None
        media = fetched(now=timezone.now() + LATER)
        assert (media.status, media.fetch_attempts) == ("ready", 2)

    def test_that_kill_whoever_holds_them_end(self, alice: Person, source: Source) -> None:
        announced(alice, source.has("/a", jpeg()))
        for number in range(len(WAITS) + 1):
            assert ingest.claim(now=timezone.now() + LATER * number) is not None
        media = fetched(now=timezone.now() + LATER * 9)
        assert (media.status, media.reason) == ("failed", "internal_error")

    def test_leave_the_places_of_others(self, alice: Person, bob: Person, source: Source, settings: Settings) -> None:
        settings.FETCHES_PER_APP = 2
        for number in range(5):
            announced(alice, source.has(f"/{number}", jpeg(shade=number)))
        announced(bob, source.has("/bob", jpeg()))
        now = timezone.now()
        apps = []
        while (media := ingest.claim(now=now)) is not None:
            apps.append(media.app_id)
        assert apps == [alice.app.pk, alice.app.pk, bob.app.pk]

    def test_pass_one_at_a_time(self, alice: Person, source: Source) -> None:
        announced(alice, source.has("/a", jpeg()))
        ingest.claim(now=timezone.now())
        assert Lease.objects.filter(name="fetch-claims").count() == 1


class TestMeanwhile:
    """What happens to a media while its bytes are on their way."""

    def during_the_fetch(self, work: Callable[[], object]) -> Media | None:
        now = timezone.now()
        media = ingest.claim(now=now)
        assert media is not None

        def meanwhile() -> None:
            work()

        with failpoints.at("ingest.fetched", meanwhile):
            ingest.fetch(media, now=now)
        return Media.objects.filter(pk=media.pk).first()

    def test_removed_by_its_owner_it_stays_removed(self, alice: Person, source: Source) -> None:
        media = announced(alice, source.has("/a", jpeg()))
        after = self.during_the_fetch(lambda: alice.api.delete(f"/v1/media/{media.pk}"))
        assert after is not None
        assert (after.status, after.url, after.blob_id) == ("purged", "", None)
        assert [blob.state for blob in Blob.objects.filter(app=alice.app)] == ["condemned"]

    def test_destroyed_with_its_device_it_is_dropped(self, alice: Person, source: Source) -> None:
        announced(alice, source.has("/a", jpeg()))

        def destroy() -> None:
            devices_destruction.destroy(alice.device, now=timezone.now(), by="test")
            destruction.finish_destroyed(now=timezone.now())

        assert self.during_the_fetch(destroy) is None
        assert [blob.state for blob in Blob.objects.filter(app=alice.app)] == ["condemned"]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("gone", ["device", "app"])
    def test_destroyed_before_it_began_it_is_dropped(self, alice: Person, source: Source, gone: str) -> None:
        announced(alice, source.has("/a", jpeg()))
        now = timezone.now()
        media = ingest.claim(now=now)
        assert media is not None
        if gone == "device":
            devices_destruction.destroy(alice.device, now=now, by="test")
        else:
            devices_destruction.destroy_app(alice.app, now=now, by="test")
        destruction.finish_destroyed(now=now)
        assert ingest.fetch(media, now=now) == ""
        assert not Media.objects.exists()

    def test_fetched_by_another_it_has_one_object(self, alice: Person, source: Source) -> None:
        media = announced(alice, source.has("/a", jpeg()))

        def fetch_too() -> None:
            if Media.objects.get(pk=media.pk).fetch_attempts == 1:
                fetched(now=timezone.now() + LATER)

        after = self.during_the_fetch(fetch_too)
        assert after is not None
        assert after.status == "ready"
        assert bytes_of(alice.api.download(after.path)) == jpeg()
        assert Blob.objects.filter(app=alice.app).ready().count() == 1

    def test_taken_over_by_another_its_failure_is_nobodys(self, alice: Person, source: Source) -> None:
        media = announced(alice, source.has("/a", pdf()))

        def take_over() -> None:
            ingest.claim(now=timezone.now() + LATER)

        after = self.during_the_fetch(take_over)
        assert after is not None
        assert (after.status, after.fetch_attempts, after.is_fetching) == ("pending", 2, True)
        assert Media.objects.get(pk=media.pk).url

    def test_reported_on_it_expires_by_that(self, alice: Person, source: Source) -> None:
        media = announced(alice, source.has("/a", jpeg()))
        now = timezone.now()
        retention.set_rule(app=alice.app, direction="outbound", keep_days=2, now=now, by="test")
        retention.set_rule(app=alice.app, direction="outbound", delivery="delivered", keep_days=90, now=now, by="test")
        after = self.during_the_fetch(lambda: retention.note_delivery(media.pk, state="delivered", at=now, now=now))
        assert after is not None
        assert (after.status, after.delivery, after.delivered_at) == ("ready", "delivered", now)
        assert after.expires_at == now + timedelta(days=90)

    @pytest.mark.parametrize(("content", "ends"), [(jpeg(), "ready"), (pdf(), "pending")])
    def test_failed_by_another_and_asked_for_again_it_is_no_longer_as_it_was_claimed(
        self, alice: Person, source: Source, content: bytes, ends: str
    ) -> None:
        """Its bytes are as good as any; its failure fails nobody else's fetch, though both are a first attempt."""
        media = announced(alice, source.has("/a", content))
        later = timezone.now() + 9 * LATER

        def fail_and_ask_again() -> None:
            if Media.objects.get(pk=media.pk).fetch_attempts > 1:
                return
            source.has("/a", status=404)
            assert fetched(now=later).status == "failed"
            ingest.refetch(Media.objects.get(pk=media.pk), now=later)
            assert ingest.claim(now=later) is not None

        after = self.during_the_fetch(fail_and_ask_again)
        assert after is not None
        assert (after.status, after.created_at) == (ends, later)
        assert after.expires_at == later + timedelta(days=30)
