"""`manage.py mark_store`: an operator says that the configured store is this database's."""

from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone

from devices.management.door import operator
from media_store import store_mark
from media_store.errors import WrongStore
from media_store.management.measures import counted
from media_store.management.operating import Operation
from media_store.store_mark import Look


class Command(Operation):
    """Mark the store."""

    help = (
        "Give the configured store the mark of this database, without which nothing is uploaded, purged or reconciled. "
        "An empty store gets it by itself with the first upload. This is for a store that lost its mark: restored from "
        "a copy without blobs/.mediahub, or begun anew after a loss. Shows what lies there, and asks. A store that "
        "bears the mark of another database is refused."
    )
    examples: ClassVar[str] = """
  manage.py mark_store             shows what lies there, and asks
  manage.py mark_store --yes       unasked
  manage.py mark_store --json      {"marked": true, "holds_objects": true, "looked_for": 20, "found": 20}

Objects that no row of this database names are orphans from then on: reconcile_storage --fix deletes them. Media whose
objects are not there are marked by it as lost.
"""

    def handle(self, **options: Any) -> None:
        """Look, ask, mark."""
        seen = store_mark.look()
        if seen.is_marked and not seen.is_ours:
            raise WrongStore(missing=False)
        if seen.is_ours:
            self.say("The store bears the mark of this database already.")
        else:
            for line in _lines(seen):
                (self.say if options["yes"] else self.show)(line)
            self.ask("Mark it as this database's?", yes=options["yes"])
            store_mark.adopt(by=operator(), now=timezone.now())
            self.say("Marked.")
        told = {"holds_objects": seen.holds_objects, "looked_for": seen.looked_for, "found": seen.found}
        self.answer({"marked": not seen.is_ours, **told}, as_json=options["json"])


def _lines(seen: Look) -> list[str]:
    where = settings.MEDIA_BUCKET or settings.MEDIA_ROOT
    lines = [f"The store {where} bears no mark and holds {'objects' if seen.holds_objects else 'no object'}."]
    if seen.looked_for:
        lines += [
            f"Of {counted(seen.looked_for, 'object')} of this database that were looked for, {seen.found} are there."
        ]
    if seen.holds_objects and not seen.found:
        lines += ["Nothing shows that they are this database's; as orphans reconcile_storage --fix would delete them."]
    return lines
