"""Two verbs at once, in every order of their steps that the search finds, on PostgreSQL.

Each case draws a schedule. After it, whatever the order was: no READY media without a READY blob and its
object, no blob of the same bytes twice among READY, nothing PENDING, and every blob that was let go noted.
"""

import os
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from devices import destruction as device_destruction
from devices.models import App, Device
from media_store import collection, destruction, failpoints, ingest, retention
from media_store.models import Blob, BlobRelease, Media
from media_store.spool import Spool
from media_store.storage import objects
from problems.errors import NotFound
from tests.interleaving import Actor, run
from tests.media_files import jpeg

pytestmark = [
    pytest.mark.services,
    pytest.mark.interleavings,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]

SCHEDULES = st.lists(st.integers(0, 1), max_size=24)
EXAMPLES = int(os.environ.get("INTERLEAVINGS", "25"))
searched = hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="INTERLEAVINGS" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Story:
    """An app with a device, and the verbs on them that run side by side."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.app = App.objects.create(name="alice")
        self.device = Device.objects.create(app=self.app, name="alice's phone")

    def upload(self, *, message_id: str | None = None) -> Callable[[], ingest.Outcome]:
        arrival = ingest.Arrival(
            app=self.app,
            device=self.device,
            direction=Media.Direction.OUTBOUND,
            source=Media.Source.FILE,
            kind="image",
            message_id=message_id,
            to="1",
        )

        def work() -> ingest.Outcome:
            with Spool(folder=settings.SPOOL_DIR, max_bytes=settings.MEDIA_MAX_BYTES) as spool:
                spool.write(jpeg())
                return ingest.receive(arrival, spool, now=self.now)

        return work

    def remove(self, media: Media) -> Callable[[], bool]:
        return lambda: retention.remove(media, reason="client", now=self.now, by="test")

    def destroy(self) -> Callable[[], None]:
        def work() -> None:
            device_destruction.destroy(self.device, now=self.now, by="test")
            destruction.finish_destroyed(now=self.now)

        return work

    def give_up_uploads(self) -> Callable[[], int]:
        """What a sweep does with an upload past its deadline."""
        return lambda: collection.give_up_uploads(now=self.now + timedelta(days=1))

    def condemn_released(self) -> Callable[[], int]:
        """Past the grace."""
        return lambda: collection.condemn_released(now=self.now + timedelta(minutes=1))

    def check(self) -> None:
        media = Media.objects.filter(app=self.app)
        for row in media.filter(status=Media.Status.READY).select_related("blob"):
            assert row.blob is not None
            assert row.blob.state == Blob.State.READY
            stored = b"".join(objects().read_range(row.blob.storage_key, start=0, length=row.size))
            assert stored == jpeg()
        blobs = Blob.objects.filter(app=self.app)
        assert blobs.filter(state=Blob.State.READY).count() <= 1
        assert not blobs.filter(state=Blob.State.PENDING).exists()
        # Whoever was condemned stays so: its object may be on its way out.
        assert not blobs.ready().exclude(condemned_at=None).exists()
        held = media.exclude(blob=None).values("blob_id")
        for blob in blobs.ready().exclude(pk__in=held):
            assert BlobRelease.objects.filter(blob=blob).exists()


def together(*works: Callable[[], object], schedule: list[int]) -> list[Actor]:
    actors = [Actor(f"actor {number}", work) for number, work in enumerate(works)]
    run(actors, schedule)
    return actors


def aside(work: Callable[[], object]) -> Actor:
    """Run it to its end on a connection of its own, while this thread stands in the middle of something."""
    actor = Actor("aside", work)
    actor.start()
    actor.begin()
    actor.step()
    actor.join(20)
    assert actor.error is None
    return actor


def raised(actors: list[Actor]) -> list[type[Exception]]:
    return [type(actor.error) for actor in actors if actor.error is not None]


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
        waiting[0].join(20)
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
        story.check()
