"""`manage.py verify_media`: stored bytes are read again and held against their checksums."""

import argparse
import json
import secrets
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser

from devices.management.door import Door
from media_store import runs
from media_store.errors import StorageUnavailable
from media_store.management.finding_lines import KINDS, FindingTeller
from media_store.management.key_ranges import add_range_arguments, chosen_prefix
from media_store.management.stopping import Stop
from media_store.reconcile import Kind, Verified, verify

WHOLE = 1_000_000
SAMPLE = WHOLE // 100
VERIFIED_KINDS = (Kind.MISSING, Kind.ALTERED, Kind.WRONG_SIZE, Kind.UNREADABLE)

IsDrawn = Callable[[], bool]


class Command(Door):
    """Read and compare."""

    help = (
        "Read stored objects again and compare them with the sha256 that their rows have. Reports what is missing, "
        "altered, of another size, or not given by the store; changes nothing. One at a time, in pieces: it takes no "
        "memory, and as long as the store needs to hand everything out."
    )
    examples: ClassVar[str] = """
  manage.py verify_media                          one object in a hundred, drawn anew each time
  manage.py verify_media --sample 10% --app "Web shop"
  manage.py verify_media --all --json             one JSON object: counts, bytes, last_key, complete
  manage.py verify_media --all --start-after blobs/0197…/3f/3f…     goes on where an earlier run ended

What is missing is put right by reconcile_storage --fix. What is altered or unreadable has to come back from a backup.
Ctrl-C ends after the object in hand.
"""
    exit_codes: ClassVar[str] = "exit codes: 0 all of it as it should be, 1 findings, stopped or failed, 2 wrong usage"

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to read."""
        share = parser.add_mutually_exclusive_group()
        share.add_argument(
            "--sample", type=_share, default=SAMPLE, metavar="SHARE", help="so much of it, by chance: 1%% (default)"
        )
        share.add_argument("--all", action="store_const", dest="sample", const=WHOLE, help="every object")
        add_range_arguments(parser)
        parser.add_argument("--quiet", action="store_true", help="say nothing to people but what went wrong")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Read, tell."""
        prefix = chosen_prefix(app=options["app"], start_after=options["start_after"])
        teller = FindingTeller(self, unit=" objects", as_json=options["json"], quiet=options["quiet"])
        with teller.until_stopped() as stop:
            sums, fault = _run(
                prefix, options["start_after"], is_drawn=_drawing(options["sample"]), teller=teller, stop=stop
            )
        if options["json"]:
            self.stdout.write(json.dumps(_flat(sums)))
        if not options["quiet"]:
            self.stderr.write(_summary(sums))
        _end(sums, fault=fault, stopped=stop.asked)


def _run(
    prefix: str, start_after: str, *, is_drawn: IsDrawn, teller: FindingTeller, stop: Stop
) -> tuple[Verified, str]:
    """The sums, and what the store said where it failed."""
    sums = Verified(last_key=start_after)

    def note(so_far: Verified) -> None:
        nonlocal sums
        sums = so_far
        teller.at(sums.read)

    try:
        sums = verify(
            prefix=prefix,
            start_after=start_after,
            is_drawn=is_drawn,
            on_finding=teller.tell,
            on_read=note,
            may_go_on=stop.may_go_on,
        )
    except StorageUnavailable as fault:
        return sums, runs.told(fault)
    return sums, ""


def _drawing(share: int) -> IsDrawn:
    return lambda: share >= WHOLE or secrets.randbelow(WHOLE) < share


def _end(sums: Verified, *, fault: str, stopped: bool) -> None:
    """Raise CommandError unless all is well."""
    how = f" To go on: --start-after {sums.last_key}" if sums.last_key else ""
    if fault:
        raise CommandError(f"{fault}{how}")
    if stopped and not sums.is_complete:
        raise CommandError(f"Stopped before the end.{how}")
    if found := sums.found.total():
        raise CommandError(f"{found} of {sums.read} objects {'is' if found == 1 else 'are'} not as they should be.")


def _summary(sums: Verified) -> str:
    lines = [f"Read {sums.read} of {sums.read + sums.passed_over} objects, {sums.bytes} bytes."]
    lines += [f"  {KINDS[kind]}: {count}" for kind, count in sorted(sums.found.items())]
    return "\n".join(lines)


def _flat(sums: Verified) -> dict[str, object]:
    return {
        "read": sums.read,
        "passed_over": sums.passed_over,
        "bytes": sums.bytes,
        "found": {kind: sums.found[kind] for kind in VERIFIED_KINDS},
        "last_key": sums.last_key,
        "complete": sums.is_complete,
    }


def _share(text: str) -> int:
    try:
        share = round(float(text.removesuffix("%")) * WHOLE / 100)
    except (ValueError, OverflowError):
        share = 0
    if not 0 < share <= WHOLE or not text.endswith("%"):
        raise argparse.ArgumentTypeError(f"{text!r} is no share such as 1% or 0.5%")
    return share
