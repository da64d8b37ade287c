"""Runs: each tells when it ran, for whom, what it did and how it ended, killed or not."""

import pytest
from django.utils import timezone

from media_store import runs
from media_store.errors import StorageUnavailable, WrongStore
from media_store.models import PurgeRun

pytestmark = pytest.mark.django_db


def only() -> PurgeRun:
    return PurgeRun.objects.get()


class TestARun:
    def test_is_there_from_its_beginning(self) -> None:
        now = timezone.now()
        with runs.run(PurgeRun.Work.PURGE, by="beat", choice="expired", now=now) as row:
            row.rows, row.bytes = 3, 1_000
            runs.note(row)
            so_far = only()
            assert (so_far.outcome, so_far.ended_at, so_far.started_at) == ("running", None, now)
            assert (so_far.rows, so_far.bytes, so_far.by, so_far.choice) == (3, 1_000, "beat", "expired")
        ended = only()
        assert (ended.outcome, ended.rows) == ("done", 3)
        assert ended.ended_at is not None
        assert ended.ended_at >= now

    def test_that_could_not_do_some_of_it_says_so(self) -> None:
        with runs.run(PurgeRun.Work.COLLECTION, by="beat", now=timezone.now()) as row:
            row.errors, row.error = 2, "AccessDenied"
        assert (only().outcome, only().error) == ("partly", "AccessDenied")

    def test_that_was_stopped_stays_so(self) -> None:
        with runs.run(PurgeRun.Work.PURGE, by="beat", now=timezone.now()) as row:
            row.outcome = PurgeRun.Outcome.STOPPED
        assert only().outcome == "stopped"

    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (WrongStore(missing=True), "bears no mark"),
            (StorageUnavailable(), "did not answer"),
            (ValueError("no such thing"), "no such thing"),
            (KeyboardInterrupt(), "KeyboardInterrupt"),
            (ValueError("x" * 10_000), "x" * 500),
        ],
        ids=lambda each: type(each).__name__,
    )
    def test_that_fails_says_why_and_what_it_did_before(self, error: BaseException, told: str) -> None:
        def work() -> None:
            with runs.run(PurgeRun.Work.PURGE, by="beat", now=timezone.now()) as row:
                row.rows = 7
                raise error

        with pytest.raises(type(error)):
            work()
        failed = only()
        assert (failed.outcome, failed.rows, failed.errors) == ("failed", 7, 1)
        assert told in failed.error

    def test_that_found_nothing_to_do_leaves_no_row_where_it_need_not(self) -> None:
        with runs.run(PurgeRun.Work.WINDOWS, by="beat", now=timezone.now(), only_if_worked=True):
            pass
        assert not PurgeRun.objects.exists()
        with runs.run(PurgeRun.Work.WINDOWS, by="beat", now=timezone.now(), only_if_worked=True) as row:
            row.rows = 1
        assert only().rows == 1

    def test_that_failed_leaves_its_row_in_any_case(self) -> None:
        with (
            pytest.raises(ValueError, match="why"),
            runs.run(PurgeRun.Work.WINDOWS, by="beat", now=timezone.now(), only_if_worked=True),
        ):
            raise ValueError("why")
        assert only().outcome == "failed"
