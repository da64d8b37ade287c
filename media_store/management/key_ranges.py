"""Which keys a run looks at, as an operator types it."""

import argparse

from django.core.management.base import CommandError, CommandParser

from devices.management.door import app_called
from media_store.storage import PREFIX, is_well_formed, prefix_of


def add_range_arguments(parser: CommandParser) -> None:
    """Offer `--app` and `--start-after`."""
    parser.add_argument("--app", metavar="APP", help="only what is this app's: its id, or its name if only one has it")
    parser.add_argument(
        "--start-after",
        type=_our_key,
        default="",
        metavar="KEY",
        help="go on behind this key, the last_key of an earlier run",
    )


def chosen_prefix(*, app: str | None, prefix: str | None = None, start_after: str) -> str:
    """What the keys begin with that a run looks at. Raises CommandError where the options exclude each other."""
    whole = PREFIX if app is None else prefix_of(app_id=app_called(app).pk)
    chosen = prefix or whole
    if not chosen.startswith(whole):
        raise CommandError(f"The app's keys begin with {whole}; --prefix names others.", returncode=2)
    if start_after and not start_after.startswith(chosen):
        raise CommandError(f"--start-after names no key that begins with {chosen}.", returncode=2)
    return chosen


def our_prefix(text: str) -> str:
    """For argparse: a prefix below MediaHub's own."""
    if not text.startswith(PREFIX):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with {PREFIX}; nothing else is MediaHub's")
    return text


def _our_key(text: str) -> str:
    if text and not is_well_formed(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no key of an object of MediaHub")
    return text
