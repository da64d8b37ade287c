"""A blob without object is put right beside an upload of its bytes, and beside a hold, in every order of steps."""

from pathlib import Path

import pytest
from hypothesis import given

from media_store import failpoints, reconcile as reconciling, retention
from media_store.models import Blob, Media
from media_store.reconcile import Choice
from media_store.storage import objects
from problems.errors import NotFound
from tests.interleaving import Actor
from tests.media_files import jpeg
from tests.media_store.story import SCHEDULES, Story, raised, searched, together
from tests.stores import mark, replace

pytestmark = [
    pytest.mark.services,
    pytest.mark.interleavings,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True)
def own_files(transactional_db: None, files: Path) -> None:
    mark()


class LostStory(Story):
    """Media whose object is not in the store."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = self.upload()().media
        self.blob = Blob.objects.get(app=self.app)
        replace(self.blob.storage_key, None)

    def fix(self) -> None:
        reconciling.reconcile(Choice(fix=True, prefix=self.blob.storage_key[:38]), now=self.now)

    def hold_the_lost(self) -> None:
        retention.hold(self.lost, reason="case 7", until=None, by="test", now=self.now)

    def outcome(self) -> str:
        return str(Media.objects.get(pk=self.lost.pk).status)

    def check_bytes(self) -> None:
        """Whatever is READY can be read."""
        for row in Media.objects.filter(app=self.app, status="ready").select_related("blob"):
            assert row.blob is not None
            assert b"".join(objects().read_range(row.blob.storage_key, start=0, length=row.size)) == jpeg()


class TestFixAgainstUpload:
    @searched
    @given(schedule=SCHEDULES)
    def test_of_the_bytes_that_are_lost(self, schedule: list[int]) -> None:
        story = LostStory()
        actors = together(story.fix, story.upload(), schedule=schedule)
        assert raised(actors) == []
        assert story.outcome() == "failed"
        story.check_bytes()
        assert not Media.objects.filter(blob=story.blob).exists()

    def test_that_comes_while_the_blob_is_locked_waits_and_stores_its_bytes_anew(self) -> None:
        story = LostStory()
        seen: list[bool] = []
        uploader = Actor("uploader", story.upload())

        def upload() -> None:
            uploader.start()
            uploader.begin()
            uploader.step()
            seen.append(uploader.is_waiting())

        with failpoints.at("reconcile.blob_locked", upload):
            story.fix()
        uploader.end()
        assert seen == [True]
        assert uploader.error is None
        assert uploader.result.media.blob_id != story.blob.pk
        story.check_bytes()


class TestFixAgainstHold:
    @searched
    @given(schedule=SCHEDULES)
    def test_one_of_them_was_first(self, schedule: list[int]) -> None:
        story = LostStory()
        fixer, holder = together(story.fix, story.hold_the_lost, schedule=schedule)
        assert fixer.error is None
        assert story.outcome() == ("ready" if holder.error is None else "failed")
        assert holder.error is None or isinstance(holder.error, NotFound)


class TestFixAgainstRemoval:
    @searched
    @given(schedule=SCHEDULES)
    def test_of_the_media_itself(self, schedule: list[int]) -> None:
        story = LostStory()
        actors = together(story.fix, story.remove(story.lost), schedule=schedule)
        assert raised(actors) == []
        assert story.outcome() in ("failed", "purged")

    @searched
    @given(schedule=SCHEDULES)
    def test_of_its_device(self, schedule: list[int]) -> None:
        story = LostStory()
        actors = together(story.fix, story.destroy(), schedule=schedule)
        assert raised(actors) == []
        assert not Media.objects.filter(app=story.app).exists()

    @searched
    @given(schedule=SCHEDULES)
    def test_by_another_fix(self, schedule: list[int]) -> None:
        story = LostStory()
        actors = together(story.fix, story.fix, schedule=schedule)
        assert raised(actors) == []
        assert story.outcome() == "failed"
        assert Blob.objects.get(pk=story.blob.pk).state == "condemned"
