"""The manner of commands that take things away: they talk on stderr, ask first, and show how far they are."""

import json
import sys
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser

from devices.management.door import USAGE, Door
from devices.management.output import shown
from media_store.management.progress import Progress

EXIT_CODES = """exit codes: 0 done; 1 refused, failed or partly failed, which a sentence explains; 2 wrong usage, or
nobody there to ask and no --yes; 130 ended by Ctrl-C, SIGTERM or SIGHUP after the batch in hand: run it again"""
YES = ("y", "yes")


def is_anybody_there() -> bool:
    """Whether a question can be answered: by a terminal, not by a pipe, and not where stdin was closed."""
    return sys.stdin is not None and sys.stdin.isatty()


class Operation(Door):
    """A command that works in batches: one object on stdout with --json, all talk on stderr."""

    exit_codes: ClassVar[str] = EXIT_CODES
    quiet = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer what every operation offers."""
        super().add_arguments(parser)
        parser.add_argument("--quiet", action="store_true", help="say nothing but what went wrong")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Remember how much to say."""
        self.quiet = options["quiet"]
        return super().execute(*args, **options)

    def say(self, line: str) -> None:
        """A line for people, unless they want none."""
        if not self.quiet:
            self.show(line)

    def show(self, line: str) -> None:
        """A line for people, whatever they want."""
        self.stderr.write(shown(line), lambda text: text)

    def answer(self, result: dict[str, object], *, as_json: bool) -> None:
        """The result for programs."""
        if as_json:
            self.stdout.write(json.dumps(result))

    def progress(self, what: str, *, unit: str, total: int) -> Progress:
        """A bar on a terminal, lines elsewhere, nothing with --quiet."""
        on_terminal = not self.quiet and self.stderr.isatty()
        return Progress(what, unit=unit, total=total, say=self.say, on_terminal=on_terminal)

    def ask(self, question: str, *, yes: bool) -> None:
        """Return if it may be done. Raises CommandError: 1 where the answer is no, 2 where nobody can answer."""
        if yes:
            return
        if not is_anybody_there():
            message = f"{question} Nobody is there to ask: say so with --yes. Nothing was touched."
            raise CommandError(message, returncode=USAGE)
        self.stderr.write(f"{question} [y/N] ", lambda text: text, ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() not in YES:
            raise CommandError("Nothing was touched.")
