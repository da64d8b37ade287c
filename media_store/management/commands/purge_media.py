"""`manage.py purge_media`: media that expired, or that an operator chose, go, and their bytes with them."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from devices.management.door import INTERRUPTED, USAGE, operator
from media_store import explaining, retention, runs, store_mark
from media_store.management import choosing, measures, stopping, telling
from media_store.management.choosing import Choice
from media_store.management.freeing import Freed, free
from media_store.management.measures import counted, written_size
from media_store.management.operating import Operation, is_anybody_there
from media_store.management.stopping import MayGoOn
from media_store.models import PurgeRun
from media_store.retention import Forecast, Purged
from media_store.retention.forecast import Why

BRAKED = 3
MOST_BATCH_ROWS = 50_000
GOES_ALONE = "--explain tells of one path and takes nothing: beside it there is --json only."


@dataclass(frozen=True, kw_only=True)
class Errand:
    """One run: what was chosen, what was forecast, how to go about it; and how many are left for want of an answer."""

    choice: Choice
    plan: Forecast
    options: Mapping[str, Any]
    by: str
    now: dt.datetime
    left: int = 0


class Command(Operation):
    """Purge media."""

    help = (
        "Purge media: their rows become tombstones, which answer 410, and objects that nobody else refers to are "
        "deleted from the store. Without a chooser, what has expired. First it shows what would go and why; what did "
        "not merely expire, it asks for. Media under a legal hold stay whatever was chosen."
    )
    examples: ClassVar[str] = """
  manage.py purge_media                                what has expired; it asks where a changed rule had part in that
  manage.py purge_media --quiet --yes                  the same unasked, as beat does it: for a cron job
  manage.py purge_media --dry-run                      the table of what would go; nothing is written
  manage.py purge_media --app "Web shop" --kind video --before 90d
                                                       this app's videos that came more than 90 days ago, expired or not
  manage.py purge_media --before 2026-01-01 --larger-than 10MB
                                                       older than this year and larger than 10 MB: both
  manage.py purge_media --before 30d --limit 1000 --yes
                                                       at most 1,000 of them, unasked
  manage.py purge_media --explain media/…/….jpg        why this one is there, until when, or how it went
  manage.py purge_media --json --quiet                 {"rows": 12, "objects_deleted": 8, "bytes_freed": 3400123, …}

How it goes: the store is proved to be ours; what merely expired goes first, then the rest, in batches; after
RELEASE_GRACE_SECONDS the objects are deleted. RETENTION_FLOOR_DAYS binds rules, not what you choose here.

Nobody there to ask (no terminal) and no --yes: what merely expired goes all the same; what a changed rule brought
forward is left, and the exit code is 1; what was chosen by --before or --larger-than, or forced, is refused whole.

The brake: where more than BRAKE_PERCENT of an app's media, and more than BRAKE_MIN_MEDIA, would go that did not
merely expire, none of them is touched, and --force takes them all the same. What a changed rule brought forward waits,
but with --force, until that rule has been through all its media.

With --json, one object on stdout: dry_run, choice; what was forecast: chosen, chosen_bytes, expired,
brought_forward (by a changed rule), not_expired, held, waiting (for a rule that is being applied), braked, limit; what
was done: rows, bytes_let_go (shared ones counted each time), objects_deleted, bytes_freed, objects_failed, outcome
(done, partly, stopped, interrupted), error.
With --explain: the facts of the path, null where there are none, and holds, a list.
"""
    exit_codes: ClassVar[
        str
    ] = """exit codes: 0 done; 1 refused or partly failed (the store is wrong, down or full: nothing was touched; or it
would not delete some objects: the tombstones stand; or media were left for want of a --yes), which a sentence
explains; 2 wrong usage, or nobody there to ask and no --yes: nothing was touched; 3 stopped by the brake: what merely
expired went all the same; 130 ended by Ctrl-C, SIGTERM or SIGHUP after the batch in hand: run it again"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the choice, and how to go about it."""
        choosing.add_arguments(parser)
        parser.add_argument("--limit", type=measures.count, metavar="N", help="take at most so many media")
        parser.add_argument(
            "--batch-size",
            type=measures.count,
            metavar="N",
            help=f"at most so many a transaction, up to {MOST_BATCH_ROWS}",
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would go, and write nothing at all")
        parser.add_argument("--explain", metavar="PATH", help="tell all about the media of this path, and take nothing")
        parser.add_argument("--force", action="store_true", help="take what the brake would stop")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Explain; or forecast, ask, purge, delete, and tell."""
        now = timezone.now()
        if options["explain"] is not None:
            self._explain(options, now=now)
            return
        if (options["batch_size"] or 0) > MOST_BATCH_ROWS:
            raise CommandError(f"--batch-size is {MOST_BATCH_ROWS} at most.", returncode=USAGE)
        choice = choosing.choice_of(options, now=now)
        plan = retention.forecast(choice.rows, limit=options["limit"], force=options["force"], now=now)
        errand = _within_reach(Errand(choice=choice, plan=plan, options=options, by=operator(), now=now))
        is_asking = plan.needs_asking() and not errand.left and not options["yes"]
        self._show(plan, is_asking=is_asking and not options["dry_run"])
        result = {"dry_run": options["dry_run"], "choice": choice.typed, **telling.forecast_facts(plan)}
        if options["dry_run"]:
            self.answer(result, as_json=options["json"])
            return
        if is_asking:
            self.ask("Purge media that did not merely expire?", yes=False)
        self._carry_out(errand, result)

    def _explain(self, options: Mapping[str, Any], *, now: dt.datetime) -> None:
        others = ("expired", "before", "larger_than", "app", "device", "kind", "direction", "limit", "batch_size")
        if any(options[name] for name in (*others, "dry_run", "force")):
            raise CommandError(GOES_ALONE, returncode=USAGE)
        known = explaining.explain(options["explain"], now=now)
        if known is None:
            raise CommandError(f"No media has the path {options['explain']!r}, and no account tells of one that had.")
        for line in telling.explanation_lines(known):
            self.say(line)
        self.answer(telling.explanation_facts(known), as_json=options["json"])

    def _show(self, plan: Forecast, *, is_asking: bool) -> None:
        # A question is never asked about what was not shown.
        tell = self.show if is_asking else self.say
        for line in telling.forecast_lines(plan):
            tell(line)
        for stopped in plan.braked:
            tell(stopped.sentence)
        if plan.limit is not None and plan.going() > plan.limit:
            tell(f"Of these, {plan.limit:,} at most (--limit).")

    def _carry_out(self, errand: Errand, result: dict[str, object]) -> None:
        with (
            stopping.on_signals() as stop,
            stopping.going("purge", stop) as may_go_on,
            # From before the first note, so that no worker deletes what we are to count.
            stopping.going("collection", stop) as may_collect,
        ):
            purged = self._purge(errand, may_go_on=lambda: may_go_on() and may_collect())
            freed = free(self, by=errand.by, may_go_on=lambda: may_go_on() and may_collect())
        self._tell(errand, purged, freed, interrupted=stop.asked, result=result)

    def _purge(self, errand: Errand, *, may_go_on: MayGoOn) -> Purged:
        choice, limit = errand.choice, errand.options["limit"]
        going = errand.plan.going() - errand.left
        total = min(going, limit or going)
        with runs.run(PurgeRun.Work.PURGE, by=errand.by, choice=choice.typed, now=errand.now) as row:
            # Before any row: what could not be deleted afterwards is not let go of.
            store_mark.prove(now=errand.now)
            with self.progress("Purging", unit="media", total=total) as progress:
                purged = retention.purge(
                    choice.rows,
                    reason=choice.reason,
                    now=errand.now,
                    batch_rows=errand.options["batch_size"],
                    limit=limit,
                    force=errand.options["force"],
                    by=errand.by,
                    choice=choice.typed,
                    on_batch=_noting(row, progress.reached),
                    may_go_on=may_go_on,
                )
            if purged.braked:
                row.outcome, row.error = PurgeRun.Outcome.STOPPED, _brake(purged)
            elif not may_go_on():
                row.outcome, row.error = PurgeRun.Outcome.PARTLY, "Interrupted by a signal."
        return purged

    def _tell(
        self, errand: Errand, purged: Purged, freed: Freed, *, interrupted: bool, result: dict[str, object]
    ) -> None:
        self.say(
            f"Purged {counted(purged.rows, 'media', 'media')}, which let go of {written_size(purged.bytes)}; deleted "
            f"{counted(freed.objects, 'object')}, which freed {written_size(freed.bytes)}."
        )
        if freed.bytes < purged.bytes and not freed.sentence and not interrupted:
            self.say("Bytes that several media share count for each of them, and go with the last of them.")
        sentence, code, outcome = _ending(purged, freed, left=errand.left, interrupted=interrupted)
        done = {
            "rows": purged.rows,
            "bytes_let_go": purged.bytes,
            "objects_deleted": freed.objects,
            "bytes_freed": freed.bytes,
            "objects_failed": freed.failed,
            "outcome": outcome,
            "error": sentence,
        }
        self.answer(result | done, as_json=errand.options["json"])
        if code:
            raise CommandError(sentence, returncode=code)


def _within_reach(errand: Errand) -> Errand:
    """The errand; where it would ask about what merely expired and more, and nobody is there, without that more.

    Nothing that merely expired waits for an answer. What was chosen or forced is one thing, though, and waits whole.
    """
    options, plan = errand.options, errand.plan
    can_ask = options["yes"] or is_anybody_there()
    if can_ask or options["force"] or not errand.choice.is_expired_only or not plan.needs_asking():
        return errand
    choice = replace(errand.choice, rows=errand.choice.rows.merely_expired(now=errand.now))
    return replace(errand, choice=choice, left=plan.going(Why.BROUGHT_FORWARD))


def _noting(row: PurgeRun, reached: Callable[[int], None]) -> Callable[[Purged], None]:
    def note(sums: Purged) -> None:
        row.rows, row.bytes = sums.rows, sums.bytes
        runs.note(row)
        reached(sums.rows)

    return note


def _ending(purged: Purged, freed: Freed, *, left: int, interrupted: bool) -> tuple[str, int, str]:
    """The sentence, the exit code and the outcome: a fault before a signal before the brake before what was left."""
    if freed.sentence:
        return " ".join(filter(None, (freed.sentence, _brake(purged)))), 1, "partly"
    if interrupted:
        return "Interrupted: what was done stands, and running it again goes on.", INTERRUPTED, "interrupted"
    if purged.braked:
        return f"Stopped by the brake: {_brake(purged)}", BRAKED, "stopped"
    if left:
        what = counted(left, "media", "media")
        return (
            f"Left {what} that expired since a rule was changed: nobody is there to ask; say so with --yes.",
            1,
            "partly",
        )
    return "", 0, "done"


def _brake(purged: Purged) -> str:
    return " ".join(stopped.sentence for stopped in purged.braked)
