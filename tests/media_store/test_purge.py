"""Purge: what has expired becomes a tombstone that tells why, in batches that may be killed and run again."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import App
from media_store import failpoints, retention
from media_store.models import Blob, BlobRelease, Media
from tests.listening import listen
from tests.media_files import jpeg
from tests.media_store.rows import blob_of, expired_of, media_of
from tests.people import Person, refusal

HOUR = timedelta(hours=1)


@pytest.fixture
def app(db: None) -> App:
    return App.objects.create(name="alice")


def purge(**options: Any) -> retention.Purged:
    now = timezone.now()
    return retention.purge(Media.objects.expired(now=now), now=now, **options)


class TestPurge:
    def test_takes_what_has_expired_and_nothing_else(self, app: App) -> None:
        expired_of(app, count=3)
        kept = media_of(app)
        purged = purge()
        assert (purged.rows, purged.bytes, purged.braked) == (3, 3_000, [])
        assert list(Media.objects.exclude(status="purged")) == [kept]

    def test_takes_fewer_at_once_where_each_is_told_to_many(self, app: App) -> None:
        """An event for each endpoint is in the same transaction, which holds the app's row."""
        sums: list[int] = []
        for endpoints, batches in ((0, [10]), (2, [1] * 10)):
            for number in range(endpoints):
                listen(app, "media.purged", url=f"https://a.example/{number}")
            expired_of(app, count=10)
            sums.clear()
            assert purge(batch_rows=10, on_batch=lambda purged: sums.append(purged.rows)).rows == 10
            assert [rows - before for before, rows in zip([0, *sums], sums, strict=False)] == batches

    def test_of_an_app_that_is_held_reads_nothing_of_it(self, app: App) -> None:
        """Each minute all that has expired of it would be read, for as long as it is held."""
        expired_of(app, count=3)
        retention.hold(app, reason="case 12", until=None, by="anna", now=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            assert not retention.is_due(now=timezone.now())
            assert purge().rows == 0
        assert [query["sql"] for query in queries if 'FROM "media_store_media"' in query["sql"]] == []

    def test_leaves_the_facts_and_takes_the_words(self, alice: Person) -> None:
        media = alice.sent(jpeg(), caption="for your eyes", file_name="slip.jpg", to="6281234567890")
        Media.objects.update(expires_at=timezone.now() - HOUR, sender="6289")
        assert refusal(alice.api.download(media["media_path"])) == (410, "media_gone")
        purge()
        row = Media.objects.get()
        assert (row.status, row.reason, row.blob, row.caption, row.to, row.sender) == (
            "purged",
            "retention",
            None,
            "",
            "",
            "",
        )
        assert (row.sha256, row.file_name, row.size) == (media["sha256"], "slip.jpg", media["size"])
        gone = alice.api.download(media["media_path"])
        assert refusal(gone) == (410, "media_gone")
        assert (gone.json()["reason"], gone.json()["gone_at"]) == ("retention", row.purged_at.isoformat())  # type: ignore[union-attr]

    def test_notes_every_blob_that_it_lets_go_once_for_each_media(self, app: App) -> None:
        shared = blob_of(app)
        expired_of(app, count=2, blob=shared)
        purge()
        assert [note.blob_id for note in BlobRelease.objects.all()] == [shared.pk] * 2
        assert Blob.objects.get().state == Blob.State.READY

    def test_twice_is_once(self, app: App) -> None:
        expired_of(app)
        assert [purge().rows, purge().rows] == [1, 0]
        assert BlobRelease.objects.count() == 1

    def test_tells_the_reason_of_what_was_chosen_otherwise(self, app: App) -> None:
        expired_of(app)
        media_of(app)
        retention.purge(Media.objects.all(), reason="operator", now=timezone.now())
        assert sorted(Media.objects.values_list("reason", flat=True)) == ["operator", "retention"]

    def test_takes_no_row_without_bytes(self, app: App) -> None:
        expired_of(app, status="failed")
        assert purge().rows == 0
        assert retention.purge(Media.objects.all(), now=timezone.now()).rows == 0

    def test_leaves_a_destroyed_app_to_its_destruction(self, app: App) -> None:
        expired_of(app)
        app.delete()
        assert purge().rows == 0


class TestBatches:
    @pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5])
    def test_take_all_whatever_the_remainder(self, app: App, rows: int) -> None:
        expired_of(app, count=rows)
        heard: list[int] = []
        purged = purge(batch_rows=2, on_batch=lambda sums: heard.append(sums.rows))
        assert purged.rows == rows
        assert heard == [*range(2, rows + 1, 2), *([rows] if rows % 2 else [])]

    def test_of_the_same_moment_are_taken_too(self, app: App) -> None:
        moment = timezone.now() - HOUR
        for _ in range(5):
            media_of(app, expires_at=moment)
        assert purge(batch_rows=2).rows == 5

    def test_pass_what_is_held(self, app: App) -> None:
        media = [media_of(app, expires_at=timezone.now() - HOUR * number) for number in range(1, 7)]
        for held in media[::2]:
            retention.hold(held, reason="a case", until=None, by="operator", now=timezone.now())
        assert purge(batch_rows=1).rows == 3
        assert set(Media.objects.stored()) == set(media[::2])

    def test_go_no_further_than_the_limit(self, app: App) -> None:
        expired_of(app, count=5)
        expired_of(App.objects.create(name="bob"), count=5)
        assert purge(batch_rows=2, limit=3).rows == 3
        assert purge(batch_rows=2, limit=0).rows == 0
        assert purge(batch_rows=2, limit=-1).rows == 0
        assert purge(limit=100).rows == 7

    def test_end_where_they_may_not_go_on(self, app: App) -> None:
        expired_of(app, count=5)
        asked = count()
        assert purge(batch_rows=2, may_go_on=lambda: next(asked) < 1).rows == 2
        assert Media.objects.stored().count() == 3

    def test_take_what_expired_first_first(self, app: App) -> None:
        late, early = (expired_of(app, ago=ago)[0] for ago in (HOUR, HOUR * 2))
        purge(limit=1)
        assert list(Media.objects.stored()) == [late]
        assert early.pk != late.pk

    @pytest.mark.parametrize("moment", ["retention.noted", "retention.entombed", "retention.batch_purged"])
    def test_killed_anywhere_run_again_to_the_same_end(self, app: App, moment: str) -> None:
        expired_of(app, count=5)
        times = count()

        def die() -> None:
            if next(times) == 1:
                raise KeyboardInterrupt

        with failpoints.at(moment, die), pytest.raises(KeyboardInterrupt):
            purge(batch_rows=2)
        assert BlobRelease.objects.count() == Media.objects.filter(status="purged").count()
        purge(batch_rows=2)
        assert Media.objects.filter(status="purged").count() == BlobRelease.objects.count() == 5
