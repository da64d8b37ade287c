"""`manage.py list_webhooks`: who is told of what, and whether that works."""

import json
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.db.models import Count, Q

from devices.management.door import Door, add_app_argument, app_called
from devices.management.output import shown
from devices.management.webhooks import flat
from devices.models import WebhookDelivery, WebhookEndpoint

_COLUMNS = "{webhook_id:<36} {state:<18} {pending:>7} waiting {dead:>7} dead  {url}  {events}"


class Command(Door):
    """List the webhooks of an app."""

    help = "List the webhooks of an app, oldest first, with how many events wait and how many are dead letters."
    examples: ClassVar[str] = """
  manage.py list_webhooks --app "Web shop"
  manage.py list_webhooks --app "Web shop" --json      a list of {"webhook_id", "url", "state", "pending", "dead", …}
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the app."""
        add_app_argument(parser)
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """List them."""
        endpoints = WebhookEndpoint.objects.for_app(app_called(options["app"])).order_by("pk")
        rows = [flat(endpoint, **_counts(endpoint)) for endpoint in endpoints]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(shown(_line(row)))
        self.stderr.write(f"{len(rows)} webhook{'' if len(rows) == 1 else 's'}.", self.style.SUCCESS)


def _line(row: dict[str, object]) -> str:
    return _COLUMNS.format(**row | {"events": ",".join(map(str, _listed(row["events"])))})


def _counts(endpoint: WebhookEndpoint) -> dict[str, int]:
    states = WebhookDelivery.State
    return WebhookDelivery.objects.filter(endpoint=endpoint).aggregate(
        pending=Count("pk", filter=Q(state=states.PENDING)), dead=Count("pk", filter=Q(state=states.DEAD))
    )


def _listed(events: object) -> list[object]:
    return events if isinstance(events, list) else []
