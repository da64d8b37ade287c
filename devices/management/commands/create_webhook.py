"""`manage.py create_webhook`: an app is told of what happens, at a URL."""

from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils import timezone

from devices import webhooks
from devices.management.door import Door, add_app_argument, app_called
from devices.management.webhooks import EVENTS, add_events_argument, chosen_events, flat


class Command(Door):
    """Create a webhook."""

    help = "Have events of an app sent to a URL. Writes the id and the secret, this once: it is not shown again."
    examples: ClassVar[str] = f"""
  manage.py create_webhook --app "Web shop" --url https://shop.example.com/hooks --event message
  manage.py create_webhook --app "Web shop" --url http://n8n:5678/webhook/media --event message,receipt --json
                                 {{"webhook_id": "…", "secret": "whsec_…", "url": "…", "events": […], …}}

The URL is https on port 443 of a public host, or at an origin that WEBHOOK_ALLOW names.

{EVENTS}
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the app, the URL and the events."""
        add_app_argument(parser)
        parser.add_argument("--url", required=True, metavar="URL", help="where events are sent")
        add_events_argument(parser, required=True)
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Create it."""
        app = app_called(options["app"])
        endpoint, secret = webhooks.create(
            app=app, url=options["url"], events=chosen_events(options) or (), now=timezone.now()
        )
        self.tell(
            result=flat(endpoint, secret=secret),
            plain=f"{endpoint.pk} {secret}",
            talk=f"Created a webhook of the app {app.name!r}; store its secret now, it is not shown again.",
            as_json=options["json"],
            if_lost=f"The webhook {endpoint.pk} was created all the same, and nobody has seen its secret; "
            f"give it another: manage.py rotate_webhook_secret {endpoint.pk} --overlap-seconds 0",
        )
