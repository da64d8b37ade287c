"""`manage.py reconcile_storage`: what the rows say is there, held against what the store has."""

import argparse
import datetime as dt
import json
import sys
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from devices.management import expiry
from devices.management.door import Door, operator
from media_store import collection, runs
from media_store.errors import StorageUnavailable
from media_store.management.finding_lines import KINDS, FindingTeller
from media_store.management.key_ranges import add_range_arguments, chosen_prefix, our_prefix
from media_store.management.operating import is_anybody_there
from media_store.management.stopping import Stop
from media_store.models import PurgeRun
from media_store.reconcile import Choice, Kind, Reconciled, reconcile

RECONCILED_KINDS = (Kind.MISSING, Kind.ORPHAN, Kind.YOUNG, Kind.WRONG_SIZE, Kind.FOREIGN)


class Command(Door):
    """Compare, and put right where that is asked for."""

    help = (
        "Compare the rows with the object store, both ways: blobs without object, objects without blob, wrong sizes, "
        "names that are not MediaHub's. Changes nothing unless --fix is given. Needed after a restore from backup or "
        "a fault of the store, never in daily running: collection finds what it has to delete by the rows alone."
    )
    examples: ClassVar[str] = """
  manage.py reconcile_storage                                   only looks; a line for each finding
  manage.py reconcile_storage --app "Web shop" --json           one JSON object: counts, bytes, last_key, complete
  manage.py reconcile_storage --fix                             asks first; --yes does not
  manage.py reconcile_storage --fix --older-than 7d --limit 10  puts the first ten right, and says how to go on
  manage.py reconcile_storage --start-after blobs/0197…/3f/3f…  goes on where an earlier run ended

what --fix does:
  blob without object   its media answer 410 media_gone, reason bytes_missing, from then on; held media are left alone,
                        and so is their blob: bring the object back, or release the hold
  object without blob   deleted, if it is older than --older-than
  wrong size            nothing; verify_media reads the bytes
  name that is not ours nothing, ever

Ctrl-C ends after the page in hand.
"""
    exit_codes: ClassVar[str] = (
        "exit codes: 0 nothing found, or all of it put right; 1 findings left, stopped, or failed; 2 wrong usage"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to look at, and what to do about it."""
        add_range_arguments(parser)
        parser.add_argument(
            "--prefix", type=our_prefix, metavar="PREFIX", help="only keys that begin so (default: blobs/)"
        )
        parser.add_argument(
            "--older-than",
            type=_age,
            default=collection.YOUNGEST,
            metavar="AGE",
            help="objects without blob are deleted from this age on: 1d (default, and the least), 36h, 2w",
        )
        parser.add_argument("--limit", type=_count, metavar="N", help="end after this many findings")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--fix", action="store_true", help="put right what can be")
        mode.add_argument("--dry-run", action="store_true", help="only look (default)")
        parser.add_argument("--yes", action="store_true", help="do not ask before putting right")
        parser.add_argument("--quiet", action="store_true", help="say nothing to people but what went wrong")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Ask, compare, tell."""
        choice = _choice(options)
        if choice.fix and not options["yes"]:
            self._ask(choice)
        teller = FindingTeller(self, unit=" keys", as_json=options["json"], quiet=options["quiet"])
        with teller.until_stopped() as stop:
            sums, fault = _run(choice, teller, stop)
        if options["json"]:
            self.stdout.write(json.dumps(_flat(sums, choice=choice)))
        if not options["quiet"]:
            self.stderr.write(_summary(sums, choice=choice))
        _end(sums, fault=fault, stopped=stop.asked)

    def _ask(self, choice: Choice) -> None:
        """Go on if somebody says so. Raises CommandError where nobody can, or does not."""
        store = settings.MEDIA_BUCKET or settings.MEDIA_ROOT
        self.stderr.write(
            f"In the store {store}, below {choice.prefix}: media whose bytes are missing will be marked failed, and "
            f"objects that no row speaks of, older than {_told_age(choice.older_than)}, will be deleted for good."
        )
        if not is_anybody_there():
            raise CommandError("Nobody is here to ask: give --yes to go on.", returncode=2)
        self.stderr.write("Go on? [y/N] ", ending="")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was changed.")


def _run(choice: Choice, teller: FindingTeller, stop: Stop) -> tuple[Reconciled, str]:
    """The sums, and what the store said where it failed."""
    now, by = timezone.now(), operator()
    sums = Reconciled(last_key=choice.start_after)
    try:
        with runs.run(PurgeRun.Work.RECONCILE, by=by, choice=_typed(choice), now=now) as row:

            def note(so_far: Reconciled) -> None:
                nonlocal sums
                sums = so_far
                row.rows, row.objects_deleted, row.bytes = sums.media_failed, sums.objects_deleted, sums.bytes_deleted
                row.errors, row.error = sums.failed, sums.error
                runs.note(row)
                teller.at(sums.objects)

            sums = reconcile(choice, now=now, by=by, on_finding=teller.tell, on_stretch=note, may_go_on=stop.may_go_on)
    except StorageUnavailable as fault:
        return sums, runs.told(fault)
    return sums, ""


def _end(sums: Reconciled, *, fault: str, stopped: bool) -> None:
    """Raise CommandError unless all is well."""
    how = f" To go on: --start-after {sums.last_key}" if sums.last_key else ""
    if fault:
        raise CommandError(f"{fault}{how}")
    if stopped and not sums.is_complete:
        raise CommandError(f"Stopped before the end.{how}")
    if left := sums.left.total():
        raise CommandError(f"{left} {'finding is' if left == 1 else 'findings are'} left.")


def _summary(sums: Reconciled, *, choice: Choice) -> str:
    lines = [f"Compared {sums.objects} objects with {sums.rows} rows."]
    lines += [f"  {KINDS[kind]}: {count}, left {sums.left[kind]}" for kind, count in sorted(sums.found.items())]
    if sums.found[Kind.ORPHAN]:
        lines.append(
            f"  objects without blob have {sums.bytes_found} bytes, of which {sums.bytes_deleted} were deleted"
        )
    if sums.media_failed:
        lines.append(f"  media marked failed: {sums.media_failed}")
    if sums.left.total() and not choice.fix:
        lines.append("Nothing was changed; --fix puts right what can be.")
    if not sums.is_complete and sums.last_key:
        lines.append(f"This was not all; to go on: --start-after {sums.last_key}")
    return "\n".join(lines)


def _flat(sums: Reconciled, *, choice: Choice) -> dict[str, object]:
    return {
        "fix": choice.fix,
        "objects": sums.objects,
        "rows": sums.rows,
        "found": {kind: sums.found[kind] for kind in RECONCILED_KINDS},
        "left": {kind: sums.left[kind] for kind in RECONCILED_KINDS},
        "bytes_without_blob": sums.bytes_found,
        "media_failed": sums.media_failed,
        "objects_deleted": sums.objects_deleted,
        "bytes_deleted": sums.bytes_deleted,
        "last_key": sums.last_key,
        "complete": sums.is_complete,
    }


def _choice(options: dict[str, Any]) -> Choice:
    prefix = chosen_prefix(app=options["app"], prefix=options["prefix"], start_after=options["start_after"])
    return Choice(
        prefix=prefix,
        start_after=options["start_after"],
        older_than=options["older_than"],
        fix=options["fix"],
        limit=options["limit"],
    )


def _typed(choice: Choice) -> str:
    words = ["fix" if choice.fix else "dry run", choice.prefix]
    words += [f"older than {_told_age(choice.older_than)}"]
    words += [f"limit {choice.limit}"] if choice.limit else []
    words += [f"after {choice.start_after}"] if choice.start_after else []
    return ", ".join(words)


def _age(text: str) -> dt.timedelta:
    age = expiry.parsed(text) if text[:1].isdigit() and text[-1:].isalpha() else None
    if not isinstance(age, dt.timedelta):
        raise argparse.ArgumentTypeError(f"{text!r} is none of 1d, 36h, 2w")
    if age < collection.YOUNGEST:
        raise argparse.ArgumentTypeError("nothing younger than a day is deleted: its row may be on its way")
    return age


def _told_age(age: dt.timedelta) -> str:
    return f"{age // dt.timedelta(hours=1)} hours"


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return int(text)
