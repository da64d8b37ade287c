"""`manage.py delete_webhook`: an app is told of nothing more at a URL."""

from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices import webhooks
from devices.management.door import Door
from devices.management.webhooks import add_webhook_argument, flat, webhook_called


class Command(Door):
    """Delete a webhook."""

    help = "Delete a webhook: nothing more is sent to it, and its deliveries go with it. It cannot be undone."
    examples: ClassVar[str] = """
  manage.py delete_webhook 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the webhook."""
        add_webhook_argument(parser)
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Delete it."""
        endpoint = webhook_called(options["webhook"])
        webhooks.delete(endpoint, now=timezone.now())
        self.tell(
            result=flat(endpoint),
            plain=str(endpoint.pk),
            talk=f"Deleted the webhook to {endpoint.url}.",
            as_json=options["json"],
        )
