"""`manage.py list_holds`: what is held, by whom and why."""

import json
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices.management.door import Door, app_called
from devices.management.output import flattened
from media_store.management import tables
from media_store.management.measures import counted
from media_store.management.telling import hold_facts
from media_store.models import LegalHold

HEAD = ("id", "state", "on", "subject", "set", "until", "by", "reason")


class Command(Door):
    """List the holds."""

    help = "List legal holds, oldest first: those in force, or with --all those that are over too, for AUDIT_DAYS."
    examples: ClassVar[str] = """
  manage.py list_holds
  manage.py list_holds --app "Web shop" --all
  manage.py list_holds --json          a list of {"hold_id", "state", "scope", "subject", "reason", "until", …}
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the app."""
        parser.add_argument("--app", metavar="APP", help="of this app: its id, or its name if only one has it")
        parser.add_argument("--all", action="store_true", help="those that are over too")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """List them."""
        now = timezone.now()
        holds = LegalHold.objects.order_by("pk") if options["all"] else LegalHold.objects.active(now=now).order_by("pk")
        if options["app"] is not None:
            holds = holds.filter(app=app_called(options["app"]))
        rows = [{"state": "in force" if held.is_active(now=now) else "over", **hold_facts(held)} for held in holds]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for line in tables.lines(HEAD, [_row(row) for row in rows]) if rows else ():
            self.stdout.write(line)
        self.stderr.write(f"{counted(len(rows), 'hold')}.", self.style.SUCCESS)


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    words = (row["state"], row["scope"], row["subject"], row["set_at"][:10], (row["until"] or "released")[:16])
    return (str(row["hold_id"]), *words, row["set_by"], flattened(row["reason"]))
