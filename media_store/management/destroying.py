"""Destroying: a command marks a device or an app, and goes on until its rows and objects have gone."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from devices.management.door import INTERRUPTED, operator, written
from media_store import destruction, runs
from media_store.accounts import Account, AppAccount
from media_store.management import stopping
from media_store.management.freeing import Freed, free
from media_store.management.measures import counted, written_size
from media_store.management.operating import Operation
from media_store.management.stopping import MayGoOn
from media_store.models import MediaQuerySet, PurgeRun


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subject:
    """What is destroyed: its name, its media, how it is marked (None: it is already), and the account of its end."""

    what: str
    media: MediaQuerySet
    mark: Callable[[], object] | None
    account: Callable[[], Account | AppAccount]


class Destruction(Operation):
    """A command that destroys something."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer to leave the work to others."""
        parser.add_argument("--no-wait", action="store_true", help="only mark it: workers do the rest")
        super().add_arguments(parser)

    def destroy(self, subject: Subject, options: Mapping[str, Any]) -> None:
        """Mark it, see it gone, and tell."""
        with ExitStack() as stack:
            if options["no_wait"]:
                self._mark(subject)
                self._tell(subject, rows=0, freed=Freed(), stopped=False, as_json=options["json"])
                return
            stop = stack.enter_context(stopping.on_signals())
            # Before the mark, whose hint would wake a worker: what goes is counted here.
            destroys = stack.enter_context(stopping.going("destruction", stop))
            collects = stack.enter_context(stopping.going("collection", stop))
            self._mark(subject)
            rows, freed = self._remove(subject, may_go_on=lambda: destroys() and collects())
        self._tell(subject, rows=rows, freed=freed, stopped=stop.asked, as_json=options["json"])

    def _mark(self, subject: Subject) -> None:
        if subject.mark is None:
            self.say(f"The {subject.what} was destroyed before; going on with what is left of it.")
        else:
            subject.mark()
            self.say(f"The {subject.what} is destroyed: nothing of it can be reached any more.")

    def _remove(self, subject: Subject, *, may_go_on: MayGoOn) -> tuple[int, Freed]:
        by = operator()
        rows = self._remove_rows(subject, by=by, may_go_on=may_go_on)
        freed = free(self, by=by, may_go_on=may_go_on)
        if may_go_on():
            # An app's own row goes after its last object.
            destruction.finish_destroyed(now=timezone.now(), may_go_on=may_go_on)
        return rows, freed

    def _remove_rows(self, subject: Subject, *, by: str, may_go_on: MayGoOn) -> int:
        now = timezone.now()
        with (
            self.progress("Removing", unit="media", total=subject.media.count()) as progress,
            runs.run(PurgeRun.Work.DESTRUCTION, by=by, choice=subject.what, now=now) as row,
        ):

            def note(count: int) -> None:
                row.rows += count
                runs.note(row)
                progress.reached(row.rows)

            destruction.finish_destroyed(now=now, may_go_on=may_go_on, on_batch=note)
            if not may_go_on():
                row.outcome, row.error = PurgeRun.Outcome.PARTLY, "Interrupted by a signal."
        return row.rows

    def _tell(self, subject: Subject, *, rows: int, freed: Freed, stopped: bool, as_json: bool) -> None:
        account = subject.account()
        self.say(account_line(account))
        interrupted = "Interrupted: what was done stands, and running it again goes on." if stopped else ""
        sentence = freed.sentence or interrupted
        done = {"rows": rows, "objects_deleted": freed.objects, "bytes_freed": freed.bytes, "error": sentence}
        self.answer(account_facts(account) | done, as_json=as_json)
        if sentence:
            raise CommandError(sentence, returncode=1 if freed.sentence else INTERRUPTED)


def account_line(account: Account | AppAccount) -> str:
    """The account in a line, for people."""
    left = ""
    if account.media_left or account.objects_left:
        objects = f"{counted(account.objects_left, 'object')} ({written_size(account.bytes_left)})"
        left = f" Still to go: {counted(account.media_left, 'media', 'media')} and {objects}."
    shared = ""
    if isinstance(account, Account) and account.objects_shared:
        stay = "stays" if account.objects_shared == 1 else "stay"
        shared = f" {counted(account.objects_shared, 'object')} {stay}, as other media of the app carry the same bytes."
    gone = account.media, account.bytes
    return f"Removed {counted(gone[0], 'media', 'media')} ({written_size(gone[1])}): {account.status}.{left}{shared}"


def account_facts(account: Account | AppAccount) -> dict[str, object]:
    """The account flat, for programs."""
    return {name: _plain(value) for name, value in dataclasses.asdict(account).items()} | {"status": account.status}


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return written(value)
    return str(value) if isinstance(value, uuid.UUID) else value
