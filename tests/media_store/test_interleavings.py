"""Two verbs at once, in every order of their steps that the search finds, on PostgreSQL.

Each case draws a schedule. After it, whatever the order was: no READY media without a READY blob and its
object, no blob of the same bytes twice among READY, nothing PENDING, and every blob that was let go noted.
"""

import threading

import pytest
from hypothesis import given

from devices import destruction as device_destruction
from devices.models import AuditEvent, Device
from media_store import destruction, failpoints
from media_store.models import Blob, BlobRelease, Media
from problems.errors import NotFound
from tests.interleaving import Actor
from tests.media_store.story import SCHEDULES, Story, aside, raised, searched, together

pytestmark = [
    pytest.mark.services,
    pytest.mark.interleavings,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]


class TestTwoUploadsOfTheSameBytes:
    @searched
    @given(schedule=SCHEDULES)
    def test_end_in_one_blob_and_two_media(self, schedule: list[int]) -> None:
        story = Story()
        actors = together(story.upload(), story.upload(), schedule=schedule)
        assert raised(actors) == []
        assert Media.objects.filter(app=story.app, status="ready").count() == 2
        assert Blob.objects.filter(app=story.app).ready().count() == 1
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_with_the_same_message_id_are_one_message(self, schedule: list[int]) -> None:
        story = Story()
        actors = together(story.upload(message_id="m1"), story.upload(message_id="m1"), schedule=schedule)
        assert raised(actors) == []
        assert sorted(actor.result.created for actor in actors) == [False, True]
        assert Media.objects.filter(app=story.app).count() == 1
        story.check()

    def test_with_a_message_id_that_is_in_a_path_already_are_one_message(self) -> None:
        """Of a message in the other direction: neither is stopped by the path, and they meet at the id."""
        story = Story()
        story.upload(message_id="m1", direction=Media.Direction.INBOUND)()
        others: list[Actor] = []

        def come_second() -> None:
            # The second one passes here too, in a thread of its own.
            if threading.current_thread() is threading.main_thread():
                others.append(Actor("second", story.upload(message_id="m1")))
                others[0].start()
                others[0].begin()
                others[0].step()
                assert others[0].is_waiting()

        with failpoints.at("ingest.attach.inserted", come_second):
            first = story.upload(message_id="m1")()
        others[0].end()
        assert raised(others) == []
        assert (first.created, others[0].result.created) == (True, False)
        assert others[0].result.media.pk == first.media.pk
        story.check()


class TestUploadAgainstRemoval:
    @searched
    @given(schedule=SCHEDULES)
    def test_of_the_only_media_of_these_bytes(self, schedule: list[int]) -> None:
        story = Story()
        first = story.upload()().media
        actors = together(story.upload(), story.remove(first), schedule=schedule)
        assert raised(actors) == []
        assert Media.objects.filter(app=story.app, status="ready").count() == 1
        assert BlobRelease.objects.filter(blob=first.blob_id).count() == 1
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_two_removals_at_once_note_the_blob_once_each(self, schedule: list[int]) -> None:
        story = Story()
        first, second = story.upload()().media, story.upload()().media
        actors = together(story.remove(first), story.remove(second), schedule=schedule)
        assert raised(actors) == []
        assert BlobRelease.objects.filter(blob=first.blob_id).count() == 2
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_two_removals_of_the_same_media_note_it_once(self, schedule: list[int]) -> None:
        story = Story()
        only = story.upload()().media
        actors = together(story.remove(only), story.remove(only), schedule=schedule)
        assert raised(actors) == []
        assert BlobRelease.objects.filter(blob=only.blob_id).count() == 1
        story.check()


class TestUploadAgainstCondemnation:
    @searched
    @given(schedule=SCHEDULES)
    def test_of_the_blob_that_it_would_attach_to(self, schedule: list[int]) -> None:
        story = Story()
        first = story.upload()().media
        story.remove(first)()
        actors = together(story.upload(), story.condemn_released(), schedule=schedule)
        assert raised(actors) == []
        assert Media.objects.filter(app=story.app, status="ready").count() == 1
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_that_gives_the_upload_up(self, schedule: list[int]) -> None:
        story = Story()
        actors = together(story.upload(), story.give_up_uploads(), schedule=schedule)
        ready = Media.objects.filter(app=story.app, status="ready").count()
        assert ready == (0 if raised(actors) else 1)
        story.check()

    @searched
    @given(schedule=SCHEDULES)
    def test_of_the_winner_between_two_uploads(self, schedule: list[int]) -> None:
        story = Story()

        def upload_remove_condemn() -> None:
            media = story.upload()().media
            story.remove(media)()
            story.condemn_released()()

        actors = together(story.upload(), upload_remove_condemn, schedule=schedule)
        assert raised(actors) == []
        assert Media.objects.filter(app=story.app, status="ready").count() == 1
        story.check()

    def test_of_the_winner_in_the_moment_that_it_has_won(self) -> None:
        story = Story()
        won: list[Media] = []

        def win() -> None:
            # The winner passes here too, in a thread of its own.
            if threading.current_thread() is threading.main_thread():
                won.append(aside(story.upload()).result.media)

        def lose_the_winner() -> None:
            aside(story.remove(won[0]))
            aside(story.condemn_released())

        with failpoints.at("ingest.object_put", win), failpoints.at("ingest.promote.lost", lose_the_winner):
            media = story.upload()().media
        assert media.status == "ready"
        assert media.blob_id != won[0].blob_id
        assert Blob.objects.get(app=story.app, state=Blob.State.CONDEMNED).pk == won[0].blob_id
        story.check()


class TestUploadAgainstDestroy:
    @searched
    @given(schedule=SCHEDULES)
    def test_leaves_no_media_of_the_device(self, schedule: list[int]) -> None:
        story = Story()
        story.upload()()
        actors = together(story.upload(), story.destroy(), schedule=schedule)
        assert set(raised(actors)) <= {NotFound}
        destruction.finish_destroyed(now=story.now)
        assert not Media.objects.filter(app=story.app).exists()
        assert not Device.objects.filter(pk=story.device.pk).exists()
        story.check()

    def test_the_mark_waits_for_an_upload_that_holds_the_device(self) -> None:
        story = Story()
        seen: list[bool] = []

        def destroy_while_held() -> None:
            marker = Actor("marker", story.destroy())
            marker.start()
            marker.begin()
            marker.step()
            seen.append(marker.is_waiting())
            waiting.append(marker)

        waiting: list[Actor] = []
        with failpoints.at("ingest.promote.ready", destroy_while_held):
            story.upload()()
        waiting[0].end()
        assert seen == [True]
        assert not Device.objects.filter(pk=story.device.pk).exists()
        story.check()

    def test_an_upload_that_finds_the_mark_is_refused_and_leaves_nothing_attached(self) -> None:
        story = Story()

        def mark() -> None:
            device_destruction.destroy(story.device, now=story.now, by="test")

        with failpoints.at("ingest.object_put", mark), pytest.raises(NotFound):
            story.upload()()
        assert [blob.state for blob in Blob.objects.filter(app=story.app)] == ["condemned"]
        assert not Media.objects.filter(app=story.app).exists()

    @searched
    @given(schedule=SCHEDULES)
    def test_two_destroyers_at_once_do_no_harm(self, schedule: list[int]) -> None:
        story = Story()
        story.upload()()
        story.upload()()
        actors = together(story.destroy(), story.destroy(), schedule=schedule)
        assert raised(actors) == []
        assert not Device.objects.filter(pk=story.device.pk).exists()
        cleared = AuditEvent.objects.filter(device_id=story.device.pk, action=AuditEvent.Action.DEVICE_CLEARED)
        assert [event.details["media"] for event in cleared] == [2]
        story.check()
