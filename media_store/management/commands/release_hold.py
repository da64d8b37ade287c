"""`manage.py release_hold`: a legal hold ends."""

from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from devices.management.door import Door, operator
from media_store import retention
from media_store.management.telling import hold_facts
from media_store.models import LegalHold


class Command(Door):
    """Release a hold."""

    help = (
        "Release a legal hold: what it kept goes its way again, and what expired meanwhile goes with the next purge. "
        "Releasing it again changes nothing. The hold stays listed until AUDIT_DAYS have passed."
    )
    examples: ClassVar[str] = """
  manage.py release_hold 7                             its id, from list_holds
  manage.py release_hold 7 --json                      {"hold_id": 7, "scope": "app", …, "released_at": "…"}
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the hold."""
        parser.add_argument("hold", metavar="ID", help="the id of the hold")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Release it."""
        held = _hold_called(options["hold"])
        released = retention.release_hold(held, by=operator(), now=timezone.now())
        held.refresh_from_db()
        self.tell(
            result=hold_facts(held),
            plain=str(held.pk),
            talk=f"Released hold {held.pk} on the {held}." if released else f"Hold {held.pk} was over already.",
            as_json=options["json"],
        )


def _hold_called(text: str) -> LegalHold:
    is_number = text.isascii() and text.isdigit()
    held = LegalHold.objects.filter(pk=int(text[:25])).first() if is_number else None
    if held is None:
        raise CommandError(f"There is no hold {text!r}; list_holds shows them.")
    return held
