"""Findings as lines: for people, for grep, and beside a count that runs on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import BaseCommand
from tqdm import tqdm

from devices.management.output import shown
from media_store.management.stopping import Stop, on_signals
from media_store.reconcile import Finding, Fixed, Kind

KINDS = {
    Kind.MISSING: "blob without object",
    Kind.ORPHAN: "object without blob",
    Kind.YOUNG: "object without blob, too young to be judged",
    Kind.WRONG_SIZE: "wrong size",
    Kind.FOREIGN: "name that is not ours",
    Kind.ALTERED: "altered",
    Kind.UNREADABLE: "unreadable",
}


class FindingTeller:
    """Writes each finding: to stdout, or where that is kept for JSON to stderr; a terminal sees how far it is."""

    def __init__(self, command: BaseCommand, *, unit: str, as_json: bool, quiet: bool) -> None:
        self._command = command
        self._as_json = as_json
        self._quiet = quiet
        self._bar = tqdm(unit=unit, unit_scale=True, file=sys.stderr, disable=quiet or not sys.stderr.isatty())

    @contextmanager
    def until_stopped(self) -> Iterator[Stop]:
        """While inside, the count runs, and Ctrl-C asks for an end."""
        with self._bar, on_signals(self._say_stopping) as stop:
            yield stop

    def tell(self, finding: Finding) -> None:
        """Write its line."""
        if self._as_json and self._quiet:
            return
        stream = self._command.stderr if self._as_json else self._command.stdout
        self._bar.clear()
        stream.write(shown(line_of(finding)))

    def at(self, count: int) -> None:
        """So many are done."""
        self._bar.update(count - self._bar.n)

    def _say_stopping(self) -> None:
        self._command.stderr.write("Ending after what is in hand; Ctrl-C again does not wait for it.")


def line_of(finding: Finding) -> str:
    """Its kind, its key, what there is to say."""
    return f"{finding.kind:<10}  {_shown(finding.key)}  {', '.join(_said(finding))}"


def _said(finding: Finding) -> Iterator[str]:
    if finding.kind == Kind.WRONG_SIZE:
        yield f"{finding.size} bytes by the row, {finding.store_size} in the store"
    else:
        yield f"{finding.size} bytes"
    if finding.listed is not None:
        yield f"of {finding.listed.modified_at:%Y-%m-%d %H:%M} UTC"
        if finding.listed.unfinished:
            yield "unfinished"
    if finding.media_failed:
        yield f"{finding.media_failed} media marked failed"
    if finding.media_left:
        yield f"{finding.media_left} media refer to it"
    if finding.fixed == Fixed.DELETED:
        yield "deleted"
    if finding.error:
        yield f"not deleted: {finding.error}"


def _shown(key: str) -> str:
    """As it can be written to any terminal: a stranger may have chosen its characters."""
    return key if key.isascii() and key.isprintable() else ascii(key)[1:-1]
