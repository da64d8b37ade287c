"""The manner of the house's commands: help that teaches, results on stdout, talk on stderr, honest exit codes."""

import argparse
import datetime as dt
import getpass
import json
import os
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter

from devices import ids
from devices.models import App, AppQuerySet
from problems.errors import Problem

EXIT_CODES = "exit codes: 0 done, 1 refused or failed, 2 wrong usage"


class HelpFormatter(DjangoHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Django's order of options, our line breaks."""


class Door(BaseCommand):
    """A command that reads its arguments, calls one verb and tells the result.

    The result goes to stdout, for scripts; what is said to a person goes to stderr.
    """

    examples: ClassVar[str] = ""
    exit_codes: ClassVar[str] = EXIT_CODES

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Put the examples and the exit codes under the help."""
        epilog = f"examples:\n{self.examples.strip(chr(10))}\n\n{self.exit_codes}"
        return super().create_parser(prog_name, subcommand, formatter_class=HelpFormatter, epilog=epilog, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer what every door offers."""
        parser.add_argument("--json", action="store_true", help="write the result as one line of JSON")

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Tell a refusal in one sentence instead of a traceback."""
        try:
            return super().execute(*args, **options)
        except Problem as problem:
            raise CommandError(problem.detail) from problem

    def tell(self, *, result: object, plain: str, talk: str, as_json: bool) -> None:
        """Write the result, as one line of JSON or plain, and the talk that explains it."""
        self.stdout.write(json.dumps(result) if as_json else plain)
        self.stderr.write(talk, self.style.SUCCESS)


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


def _apps_called(text: str) -> AppQuerySet:
    app_id = ids.parsed(text)
    by_id = App.objects.living().filter(pk=app_id) if app_id else App.objects.none()
    return by_id if by_id.exists() else App.objects.living().filter(name=text)
