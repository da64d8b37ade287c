"""What takes media away, side by side with uploads, holds and itself, in every order that the search finds."""

import pytest
from django.db import transaction
from hypothesis import given, strategies as st

from devices.models import App, Device
from media_store import collection, destruction, failpoints, retention
from media_store.errors import LegalHoldInForce
from media_store.models import Blob, BlobRelease, DestroyedMedia, Media
from problems.errors import NotFound
from tests.interleaving import Actor
from tests.media_store.story import SCHEDULES, SCHEDULES_OF_THREE, Story, aside, raised, searched, together

pytestmark = [
    pytest.mark.services,
    pytest.mark.interleavings,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]


def ready(story: Story) -> int:
    return Media.objects.filter(app=story.app, status="ready").count()


class TestAnUploadOfTheSameBytes:
    @searched
    @given(schedule=SCHEDULES)
    def test_against_purge_keeps_its_bytes(self, schedule: list[int]) -> None:
        story = Story()
        story.expire(story.upload()().media)
        actors = together(story.upload(), story.purge(), schedule=schedule)
        assert raised(actors) == []
        assert ready(story) == 1
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_against_collection_keeps_its_bytes(self, schedule: list[int]) -> None:
        story = Story()
        story.remove(story.upload()().media)()
        actors = together(story.upload(), story.collect(), schedule=schedule)
        assert raised(actors) == []
        assert ready(story) == 1
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_against_purge_and_collection_keeps_its_bytes(self, schedule: list[int]) -> None:
        story = Story()
        story.expire(story.upload()().media)
        actors = together(story.upload(), story.purge(), story.collect(), schedule=schedule)
        assert raised(actors) == []
        assert ready(story) == 1
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_against_destroy_and_collection_leaves_nothing(self, schedule: list[int]) -> None:
        story = Story()
        story.upload()()
        actors = together(story.upload(), story.destroy(), story.collect(), schedule=schedule)
        assert set(raised(actors)) <= {NotFound}
        destruction.finish_destroyed(now=story.now)
        assert not Media.objects.filter(app=story.app).exists()
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_of_another_device_survives_destroy_and_collection(self, schedule: list[int]) -> None:
        story = Story()
        story.upload()()
        actors = together(story.upload_plainly(), story.destroy(), story.collect(), schedule=schedule)
        assert raised(actors) == []
        assert ready(story) == 1
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_twice_against_collection_is_one_object(self, schedule: list[int]) -> None:
        story = Story()
        story.remove(story.upload()().media)()
        actors = together(story.upload(), story.upload(), story.collect(), schedule=schedule)
        assert raised(actors) == []
        assert ready(story) == 2
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_against_the_end_of_its_app_leaves_nothing(self, schedule: list[int]) -> None:
        story = Story()
        story.upload_plainly()()
        actors = together(story.upload_plainly(), story.upload(), story.destroy_app(), schedule=schedule)
        assert set(raised(actors)) <= {NotFound}
        destruction.finish_destroyed(now=story.now)
        assert not Media.objects.filter(app=story.app).exists()
        story.check_the_end()
        destruction.finish_destroyed(now=story.now)
        assert not App.objects.filter(pk=story.app.pk).exists()


class TestAnUploadThatWaitsForItsDevice:
    def test_has_no_hold_on_the_blob_meanwhile(self) -> None:
        """Device before blob, always: whoever has the device and wants the blob next waits for nobody."""
        story = Story()
        blob_id = story.upload()().media.blob_id
        assert blob_id is not None
        waiting = Actor("waiting", story.upload())
        with transaction.atomic():
            Device.objects.select_for_update().get(pk=story.device.pk)
            waiting.start()
            waiting.begin()
            waiting.step()
            assert waiting.is_waiting()
            assert [blob.pk for blob in Blob.objects.select_for_update(nowait=True)] == [blob_id]
        waiting.end()
        assert waiting.error is None
        story.check_the_end()


class TestTheNoteOfABlobThatSomebodyHasLocked:
    def test_stays_until_it_can_be_looked_at(self) -> None:
        """Whoever has it locked may let go of it again without a note of his own."""
        story = Story()
        story.remove(story.upload()().media)()

        def look() -> None:
            assert aside(story.condemn_released()).result == 0

        with failpoints.at("ingest.attach.blob_locked", look):
            story.upload()()
        assert BlobRelease.objects.count() == 1
        assert story.condemn_released()() == 0
        assert BlobRelease.objects.count() == 0
        story.check_the_end()


class TestTwoAtOnce:
    @searched
    @given(schedule=SCHEDULES)
    def test_purges_end_as_one(self, schedule: list[int]) -> None:
        story = Story()
        first, second = story.upload()().media, story.upload_plainly()().media
        for media in (first, second):
            story.expire(media)
        actors = together(story.purge(), story.purge(), schedule=schedule)
        assert raised(actors) == []
        assert sum(actor.result.rows for actor in actors) == 2
        assert Media.objects.filter(app=story.app, status="purged", reason="retention").count() == 2
        assert BlobRelease.objects.filter(blob=first.blob_id).count() == 2
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_collections_end_as_one(self, schedule: list[int]) -> None:
        story = Story()
        size = story.upload()().media.size
        story.remove(Media.objects.get(app=story.app))()

        def collect() -> collection.Collected:
            story.condemn_released()()
            return collection.collect(now=story.later)

        actors = together(collect, collect, schedule=schedule)
        assert raised(actors) == []
        assert not Blob.objects.filter(app=story.app).exists()
        assert [sum(actor.result.objects for actor in actors), sum(actor.result.bytes for actor in actors)] == [1, size]
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_ends_of_an_app_end_as_one(self, schedule: list[int]) -> None:
        story = Story()
        story.upload_plainly()()
        story.upload()()
        actors = together(story.destroy_app(), story.destroy_app(), schedule=schedule)
        assert raised(actors) == []
        assert not Media.objects.filter(app=story.app).exists()
        assert DestroyedMedia.objects.filter(app_id=story.app.pk).count() == 2
        story.check_the_end()
        destruction.finish_destroyed(now=story.now)
        assert not App.objects.filter(pk=story.app.pk).exists()

    @searched
    @given(schedule=SCHEDULES)
    def test_ends_of_an_app_without_media_end_as_one(self, schedule: list[int]) -> None:
        story = Story()
        actors = together(story.destroy_app(), story.destroy_app(), schedule=schedule)
        assert raised(actors) == []
        destruction.finish_destroyed(now=story.now)
        assert not App.objects.filter(pk=story.app.pk).exists()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_of_everything_that_takes_media_away_end_in_nothing(self, schedule: list[int]) -> None:
        story = Story()
        media = story.upload()().media
        story.expire(media)
        actors = together(story.purge(), story.destroy(), story.remove(media), schedule=schedule)
        assert raised(actors) == []
        destruction.finish_destroyed(now=story.now)
        assert DestroyedMedia.objects.filter(media_id=media.pk).count() == 1
        assert BlobRelease.objects.filter(blob=media.blob_id).exists()
        story.check_the_end()


def subjects(story: Story, media: Media) -> dict[str, Media | Device | App]:
    return {"media": media, "device": story.device, "app": story.app}


SCOPES = st.sampled_from(["media", "device", "app"])


class TestAHold:
    def outcome(self, story: Story, media: Media) -> bool:
        """Whether the bytes are still referred to."""
        story.check_the_end()
        return Media.objects.filter(pk=media.pk, status="ready").exists()

    @searched
    @given(schedule=SCHEDULES, scope=SCOPES)
    def test_against_purge_wins_or_comes_too_late(self, schedule: list[int], scope: str) -> None:
        story = Story()
        media = story.upload()().media
        story.expire(media)
        hold, purge = together(story.hold(subjects(story, media)[scope]), story.purge(), schedule=schedule)
        assert purge.error is None
        kept = self.outcome(story, media)
        # A hold of the media itself is refused where it has gone; a wider one holds what else there is.
        assert kept == (purge.result.rows == 0)
        assert kept or scope != "media" or isinstance(hold.error, NotFound)
        assert not kept or hold.error is None

    @searched
    @given(schedule=SCHEDULES, scope=SCOPES)
    def test_against_removal_wins_or_comes_too_late(self, schedule: list[int], scope: str) -> None:
        story = Story()
        media = story.upload()().media
        hold, remove = together(story.hold(subjects(story, media)[scope]), story.remove(media), schedule=schedule)
        kept = self.outcome(story, media)
        assert kept == isinstance(remove.error, LegalHoldInForce)
        assert kept or scope != "media" or isinstance(hold.error, NotFound)

    @searched
    @given(schedule=SCHEDULES, scope=SCOPES)
    def test_against_the_end_of_the_device_wins_or_comes_too_late(self, schedule: list[int], scope: str) -> None:
        story = Story()
        media = story.upload()().media
        hold, destroy = together(story.hold(subjects(story, media)[scope]), story.destroy(), schedule=schedule)
        assert {type(hold.error), type(destroy.error)} <= {type(None), NotFound, LegalHoldInForce}
        refused = isinstance(destroy.error, LegalHoldInForce)
        if scope == "app":
            # Set between the mark and the batches, it keeps the rows of what nobody can reach any more.
            assert hold.error is None
            assert not refused or Media.objects.filter(pk=media.pk).exists()
        else:
            assert refused == (hold.error is None)
            assert refused == Media.objects.filter(pk=media.pk, status="ready").exists()
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_against_the_end_of_the_app_wins_or_comes_too_late(self, schedule: list[int]) -> None:
        story = Story()
        media = story.upload()().media
        hold, destroy = together(story.hold(media), story.destroy_app(), schedule=schedule)
        refused = isinstance(destroy.error, LegalHoldInForce)
        assert refused == (hold.error is None)
        assert refused == self.outcome(story, media)


class TestAHoldSetWhileAPurgeStands:
    @pytest.mark.parametrize("scope", ["media", "device", "app"])
    def test_before_its_batch_is_seen(self, scope: str) -> None:
        story = Story()
        media = story.upload()().media
        story.expire(media)
        hold = story.hold(subjects(story, media)[scope])

        def hold_first() -> bool:
            aside(hold)
            return True

        expired = Media.objects.expired(now=story.now)
        assert retention.purge(expired, now=story.now, may_go_on=hold_first).rows == 0
        assert ready(story) == 1
        story.check_the_end()

    @pytest.mark.parametrize("scope", ["media", "device", "app"])
    def test_in_its_batch_waits_for_the_end_of_it(self, scope: str) -> None:
        story = Story()
        media = story.upload()().media
        story.expire(media)
        holder = Actor("holder", story.hold(subjects(story, media)[scope]))
        waited: list[bool] = []

        def hold_meanwhile() -> None:
            if waited:
                return
            holder.start()
            holder.begin()
            holder.step()
            waited.append(holder.is_waiting())

        with failpoints.at("retention.purge.app_locked", hold_meanwhile):
            assert story.purge()().rows == 1
        holder.end()
        assert waited == [True]
        assert isinstance(holder.error, NotFound) == (scope == "media")
        story.check_the_end()
