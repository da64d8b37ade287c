"""`manage.py export_destruction`: what a destroyed device or app had, line by line."""

import csv
import json
import os
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, TextIO

from django.core.management.base import CommandError, CommandParser

from devices.management.door import USAGE, Door, written
from devices.management.output import Result
from media_store import accounts
from media_store.management.destroying import account_facts, account_line
from media_store.management.subjects import app_id_called, destroyed_app_called, destroyed_device_called

Record = Mapping[str, Any]
JSONL = "jsonl"


class Command(Door):
    """Export the account of a destruction."""

    help = (
        "Write what a destroyed device, or a destroyed app with all its devices, had: one line for each media, with "
        "its path, size and sha256, and what has become of its object (deleted; left: still to be deleted; shared: "
        "other media of the app carry the same bytes and keep it; purged: it went before). Lines are written as they "
        "are read, so that a million of them need no more memory than one. The sums go to stderr, or with --json to "
        "stdout; then the lines go to the file of --output, and without one there are none."
    )
    examples: ClassVar[str] = """
  manage.py export_destruction --app "Web shop" --device "shop phone" > gone.jsonl
  manage.py export_destruction --app "Web shop" --device 0197a3c4-6b1f-7a22-9c3d-4e5f60718293 --format csv \\
                               --output gone.csv
  manage.py export_destruction --app 0197a3c4-6b1f-7a22-9c3d-4e5f60718293 --output gone.jsonl --json
                                             the lines to the file, the sums to stdout
  manage.py export_destruction --app "Web shop" --device "shop phone" --json
                                             the sums alone: {"status", "media", "bytes", "objects_left", …}

Each line: media_id, device_id (null for a plain upload), path, size, sha256, created_at, destroyed_at, object.
A file is written beside its place and renamed into it once it is whole. The lines are kept for AUDIT_DAYS.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what was destroyed, and where to write."""
        parser.add_argument("--app", required=True, metavar="APP", help="the app, destroyed or not: its id or name")
        parser.add_argument("--device", metavar="DEVICE", help="the destroyed device: its id or name")
        parser.add_argument("--format", choices=list(_WRITERS), help="JSON lines (jsonl, default), or CSV")
        parser.add_argument("--output", metavar="FILE", help="write to this file instead of stdout")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Write the lines, then the sums."""
        sums_alone = options["json"] and options["output"] is None
        if sums_alone and options["format"] is not None:
            raise CommandError("--json tells the sums alone; --format is that of --output FILE.", returncode=USAGE)
        app_id, device_id, account = _found(options)
        if not sums_alone:
            self._write_lines(app_id, device_id, options)
        if options["json"]:
            self.stdout.write(json.dumps(account_facts(account)))
        self.stderr.write(account_line(account), self.style.SUCCESS)

    def _write_lines(self, app_id: uuid.UUID, device_id: uuid.UUID | None, options: Mapping[str, Any]) -> None:
        rows = accounts.destroyed_media(app_id=app_id, device_id=device_id)
        # Closed here, while there is a database: a reader that went away leaves its cursor half-read.
        with closing(accounts.lines(rows)) as lines, _opened(options["output"], self.stdout) as file:
            _WRITERS[options["format"] or JSONL](file, (_flat(line) for line in lines))


def _found(options: Mapping[str, Any]) -> tuple[uuid.UUID, uuid.UUID | None, accounts.Account | accounts.AppAccount]:
    if options["device"] is None:
        app_id = destroyed_app_called(options["app"]).app_id
        return app_id, None, accounts.account_of_app(app_id)
    gone = destroyed_device_called(options["device"], app_id=app_id_called(options["app"]))
    if gone.device_id is None:
        raise CommandError(f"The trail does not say which device {options['device']!r} was.")
    return gone.app_id, gone.device_id, accounts.account_of(app_id=gone.app_id, device_id=gone.device_id)


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    ids = {name: str(line[name]) if line[name] else None for name in ("media_id", "device_id")}
    return {**line, **ids, **{name: written(line[name]) for name in ("created_at", "destroyed_at")}}


def _write_jsonl(file: TextIO, records: Iterator[Record]) -> None:
    file.writelines(json.dumps(record) + "\n" for record in records)


def _write_csv(file: TextIO, records: Iterator[Record]) -> None:
    writer = csv.DictWriter(file, accounts.COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(records)


_WRITERS: Mapping[str, Callable[[TextIO, Iterator[Record]], None]] = {JSONL: _write_jsonl, "csv": _write_csv}


@contextmanager
def _opened(name: str | None, stdout: Result) -> Iterator[TextIO]:
    """Where to write; a file is there only once it is whole."""
    if name is None:
        # Past the command's wrapper, which ends each piece of text with a line of its own.
        with stdout.stream() as out:
            yield out
        return
    try:
        with _file(Path(name)) as file:
            yield file
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {(error.strerror or str(error)).lower()}.") from error


@contextmanager
def _file(path: Path) -> Iterator[TextIO]:
    if path.exists() and not path.is_file():
        # A pipe or a device is written to, and never replaced.
        with path.open("w", newline="") as file:
            yield file
        return
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("x", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
