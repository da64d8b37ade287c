"""The fetch of a URL beside what takes media, objects and tenants away, in every order that the search finds.

Its promotion is the second one in the house: it gives bytes to a row that was there before, and that others may have
removed, destroyed or fulfilled meanwhile.
"""

from datetime import timedelta

import pytest
from hypothesis import given

from media_store import destruction
from media_store.models import Blob, BlobRelease, Media
from tests.media_files import jpeg
from tests.media_store.story import SCHEDULES, SCHEDULES_OF_THREE, Story, raised, searched, together
from tests.sources import Source

pytestmark = [
    pytest.mark.services,
    pytest.mark.interleavings,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def url(source: Source) -> str:
    """Where the bytes of every story lie."""
    return source.has("/slip.jpg", jpeg())


def statuses(story: Story) -> list[str]:
    return sorted(Media.objects.filter(app=story.app).values_list("status", flat=True))


class TestAFetchAgainstWhoWantsTheMediaGone:
    @searched
    @given(schedule=SCHEDULES)
    def test_its_removal_wins_whatever_the_order(self, url: str, schedule: list[int]) -> None:
        story = Story()
        media = story.announce(url)
        actors = together(story.fetch(media), story.remove(media), schedule=schedule)
        assert raised(actors) == []
        gone = Media.objects.get(pk=media.pk)
        assert (gone.status, gone.blob_id, gone.url) == ("purged", None, "")
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_its_removal_and_a_collection_leave_no_object(self, url: str, schedule: list[int]) -> None:
        story = Story()
        media = story.announce(url)
        actors = together(story.fetch(media), story.remove(media), story.collect(), schedule=schedule)
        assert raised(actors) == []
        assert statuses(story) == ["purged"]
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_the_end_of_its_device_leaves_nothing(self, url: str, schedule: list[int]) -> None:
        story = Story()
        media = story.announce(url)
        actors = together(story.fetch(media), story.destroy(), story.collect(), schedule=schedule)
        assert raised(actors) == []
        destruction.finish_destroyed(now=story.now)
        assert statuses(story) == []
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_the_end_of_its_app_leaves_nothing(self, url: str, schedule: list[int]) -> None:
        story = Story()
        media = story.announce(url, plainly=True)
        actors = together(story.fetch(media), story.destroy_app(), schedule=schedule)
        assert raised(actors) == []
        destruction.finish_destroyed(now=story.now)
        assert statuses(story) == []
        story.check_the_end()


class TestAFetchAgainstWhoHasTheSameBytes:
    @searched
    @given(schedule=SCHEDULES)
    def test_an_upload_shares_one_object_with_it(self, url: str, schedule: list[int]) -> None:
        story = Story()
        actors = together(story.fetch(story.announce(url)), story.upload(), schedule=schedule)
        assert raised(actors) == []
        assert statuses(story) == ["ready", "ready"]
        assert Blob.objects.filter(app=story.app).ready().count() == 1
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_another_who_took_it_for_dead_fulfils_it_once(self, url: str, schedule: list[int]) -> None:
        story = Story()
        first = story.announce(url)
        second = story.claimed(at=story.now + timedelta(hours=1))
        actors = together(story.fetch(first), story.fetch(second), schedule=schedule)
        assert raised(actors) == []
        assert first.pk == second.pk
        assert statuses(story) == ["ready"]
        assert not BlobRelease.objects.filter(blob__app=story.app, blob__state="ready").exists()
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_the_removal_of_the_other_media_leaves_it_its_bytes(self, url: str, schedule: list[int]) -> None:
        story = Story()
        other = story.upload()().media
        actors = together(
            story.fetch(story.announce(url)), story.remove(other), story.condemn_released(), schedule=schedule
        )
        assert raised(actors) == []
        assert statuses(story) == ["purged", "ready"]
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES_OF_THREE)
    def test_a_purge_and_a_collection_leave_it_its_bytes(self, url: str, schedule: list[int]) -> None:
        story = Story()
        story.expire(story.upload()().media)
        actors = together(story.fetch(story.announce(url)), story.purge(), story.collect(), schedule=schedule)
        assert raised(actors) == []
        assert statuses(story) == ["purged", "ready"]
        story.check_the_end()


class TestAFetchThatIsGivenUp:
    @searched
    @given(schedule=SCHEDULES)
    def test_by_the_sweep_is_due_again_and_leaves_no_object(self, url: str, schedule: list[int]) -> None:
        story = Story()
        media = story.announce(url)
        actors = together(story.fetch(media), story.give_up_uploads(), schedule=schedule)
        assert raised(actors) == []
        media.refresh_from_db()
        assert (media.status, media.reason) in {("ready", ""), ("pending", "try_again")}
        assert media.is_fetching is False
        # Nobody fetches it in the next story.
        story.remove(media)()
        story.check_the_end()

    @searched
    @given(schedule=SCHEDULES)
    def test_by_its_source_stays_removed_where_it_was_removed(self, source: Source, schedule: list[int]) -> None:
        story = Story()
        media = story.announce(f"{source.origin}/nothing")
        actors = together(story.fetch(media), story.remove(media), schedule=schedule)
        assert raised(actors) == []
        gone = Media.objects.get(pk=media.pk)
        assert (gone.status, gone.url) == ("purged", "")
        story.check_the_end()
