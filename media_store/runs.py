"""Runs: each run of what takes media or objects away leaves a row that tells what it did, killed or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

from media_store.models import PurgeRun
from media_store.models.work import ERROR_CHARACTERS
from problems.errors import Problem


@contextmanager
def run(work: PurgeRun.Work, *, by: str, choice: str = "", now: datetime) -> Iterator[PurgeRun]:
    """Write the run's row before its work, and how it ended after it; what goes wrong is noted and goes on its way.

    Whoever works sets `rows`, `objects_deleted`, `bytes`, `errors`, `error` and, where it did not just end well,
    `outcome`; `note` writes what there is so far.
    """
    row = PurgeRun.objects.create(work=work, by=by, choice=choice[:255], started_at=now)
    try:
        yield row
    except BaseException as error:
        row.outcome, row.errors = PurgeRun.Outcome.FAILED, row.errors + 1
        row.error = told(error)
        raise
    finally:
        if row.outcome == PurgeRun.Outcome.RUNNING:
            row.outcome = PurgeRun.Outcome.PARTLY if row.errors else PurgeRun.Outcome.DONE
        # The time on the wall: `now` is when it began.
        row.ended_at = timezone.now()
        row.error = row.error[:ERROR_CHARACTERS]
        row.save()


def note(row: PurgeRun) -> None:
    """Write the sums so far, so that a run that is killed has told them."""
    row.save(update_fields=["rows", "objects_deleted", "bytes", "errors", "error"])


def told(error: BaseException) -> str:
    """A fault in a sentence for operators, who may know what clients may not."""
    if isinstance(error, Problem):
        return error.sentence
    return str(error) or type(error).__name__
