"""The manner of the house's commands: help that teaches, results on stdout, talk on stderr, honest exit codes."""

import argparse
import datetime as dt
import getpass
import json
import os
import sys
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.core.management.color import no_style
from django.db.utils import OperationalError, ProgrammingError

from devices import ids
from devices.management.output import NotWritten, Result, Talk, shown
from devices.models import App, AppQuerySet
from problems.errors import Problem

EXIT_CODES = """exit codes: 0 done; 1 refused or failed, or done and the result could not be written, which a sentence
explains; 2 wrong usage; 141 done, and the reader of stdout went away"""
FAILED, USAGE, READER_WENT, INTERRUPTED = 1, 2, 141, 130


class HelpFormatter(DjangoHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Django's order of options, our line breaks."""


class Door(BaseCommand):
    """A command that reads its arguments, calls one verb and tells the result.

    The result goes to stdout, for scripts; what is said to a person goes to stderr.
    """

    examples: ClassVar[str] = ""
    exit_codes: ClassVar[str] = EXIT_CODES
    stdout: Result
    # What there is to know where the result cannot be written.
    if_lost = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Put the examples and the exit codes under the help."""
        epilog = f"examples:\n{self.examples.strip(chr(10))}\n\n{self.exit_codes}"
        return super().create_parser(prog_name, subcommand, formatter_class=HelpFormatter, epilog=epilog, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer what every door offers."""
        parser.add_argument("--json", action="store_true", help="write the result as one line of JSON")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Tell a refusal, and what is out of this process's hands, in one sentence instead of a traceback."""
        self._take_streams(options)
        _refuse_what_is_no_text(options)
        try:
            return super().execute(*args, **options)
        except Problem as problem:
            raise CommandError(shown(problem.sentence)) from problem
        except (OperationalError, ProgrammingError) as error:
            said = " ".join(str(error).split())
            raise CommandError(
                f"The database did not do as asked; is it there, and migrated? It said: {said}"
            ) from error
        except NotWritten as error:
            sentence = f"{error} {shown(self.if_lost)}".rstrip()
            raise CommandError(sentence, returncode=READER_WENT if error.reader_went else FAILED) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from error

    def check(self, *args: Any, **options: Any) -> None:
        """Without colours, which would be written out as everything is that a terminal acts on."""
        style, self.style = self.style, no_style()
        try:
            super().check(*args, **options)
        finally:
            self.style = style

    def tell(self, *, result: object, plain: str, talk: str, as_json: bool, if_lost: str = "") -> None:
        """Write the result, as one line of JSON or plain, and the talk that explains it.

        `if_lost` is said instead where the result could not be written and is shown this once.
        """
        self.if_lost = if_lost or talk
        self.stdout.write(json.dumps(result) if as_json else plain)
        self.stderr.write(shown(talk), self.style.SUCCESS)

    def _take_streams(self, options: dict[str, Any]) -> None:
        """Ours in the place of Django's."""
        self.stdout = Result(options.pop("stdout", None) or sys.stdout)
        self.stderr = Talk(options.pop("stderr", None) or sys.stderr)
        self.stderr.style_func = self.style.ERROR


def add_app_argument(parser: CommandParser) -> None:
    """Offer `--app`."""
    parser.add_argument("--app", required=True, metavar="APP", help="the app: its id, or its name if only one has it")


def app_called(text: str) -> App:
    """The app of this id or, if it is the only one, of this name. Raises CommandError."""
    found = list(_apps_called(text)[:2])
    if not found:
        message = f"There is no app with the id or name {text!r}; create_app makes one."
        raise CommandError(message)
    if len(found) > 1:
        message = f"Several apps are called {text!r}; give the id of the one you mean."
        raise CommandError(message)
    return found[0]


def operator() -> str:
    """Who runs this command, for the audit trail."""
    try:
        return f"operator {getpass.getuser()}"
    except (KeyError, OSError):
        # A container's user may have no name.
        return f"operator {os.getuid()}"


def written(moment: dt.datetime | None) -> str | None:
    """A moment as the API writes it (RFC 3339, UTC)."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if moment else None


def _refuse_what_is_no_text(options: dict[str, Any]) -> None:
    """Bytes of the command line that are no UTF-8 reach us as surrogates, which no database takes."""
    for name, value in options.items():
        words = value if isinstance(value, list) else [value]
        if any(isinstance(word, str) and _is_no_text(word) for word in words):
            raise CommandError(f"What was given as {name} is no text.", returncode=USAGE)


def _is_no_text(word: str) -> bool:
    return "\0" in word or any("\ud800" <= character <= "\udfff" for character in word)


def _apps_called(text: str) -> AppQuerySet:
    app_id = ids.parsed(text)
    by_id = App.objects.living().filter(pk=app_id) if app_id else App.objects.none()
    return by_id if by_id.exists() else App.objects.living().filter(name=text)
