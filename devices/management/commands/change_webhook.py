"""`manage.py change_webhook`: another URL, other events, disabled or enabled again."""

from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from devices import webhooks
from devices.management.door import USAGE, Door, operator
from devices.management.webhooks import (
    EVENTS,
    add_events_argument,
    add_webhook_argument,
    chosen_events,
    flat,
    state_of,
    webhook_called,
)
from devices.models import WebhookEndpoint


class Command(Door):
    """Change a webhook."""

    help = "Change the URL or the events of a webhook, disable it, or enable it again."
    examples: ClassVar[str] = f"""
  manage.py change_webhook 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5 --url https://shop.example.com/hooks
  manage.py change_webhook 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5 --event message,receipt
  manage.py change_webhook 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5 --disable
  manage.py change_webhook 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5 --enable

While it is disabled no events are written for it; those that wait are sent once it is enabled.

{EVENTS}
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the webhook and what is to change."""
        add_webhook_argument(parser)
        parser.add_argument("--url", metavar="URL", help="where events are sent from now on")
        add_events_argument(parser, required=False)
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--enable", action="store_true", help="send to it again, from a clean slate")
        switch.add_argument("--disable", action="store_true", help="send nothing for now")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Change it."""
        if not any(options[name] for name in ("url", "event", "enable", "disable")):
            message = "Say what to change: --url, --event, --enable or --disable."
            raise CommandError(message, returncode=USAGE)
        endpoint = webhook_called(options["webhook"])
        now = timezone.now()
        webhooks.change(endpoint, url=options["url"], events=chosen_events(options), now=now)
        if options["enable"]:
            webhooks.enable(endpoint, now=now, by=operator())
        if options["disable"]:
            webhooks.disable(endpoint, reason=WebhookEndpoint.DisabledReason.CLIENT, now=now, by=operator())
        self.tell(
            result=flat(endpoint),
            plain=str(endpoint.pk),
            talk=f"{endpoint.url} is {state_of(endpoint)} and told of {', '.join(endpoint.events)}.",
            as_json=options["json"],
        )
