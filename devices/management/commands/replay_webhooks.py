"""`manage.py replay_webhooks`: dead letters are sent again."""

import argparse
import datetime as dt
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from devices import ids, webhooks
from devices.management.door import USAGE, Door
from devices.management.webhooks import add_webhook_argument, flat, webhook_called
from devices.models import WebhookDelivery, WebhookEndpoint

OVER = (WebhookDelivery.State.DEAD, WebhookDelivery.State.DELIVERED)


class Command(Door):
    """Send events again."""

    help = "Send dead letters of a webhook again, with the same ids and a new round of attempts. Writes how many."
    examples: ClassVar[str] = """
  manage.py replay_webhooks 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5 --since 2026-03-01            dead letters
  manage.py replay_webhooks 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5 --since 2026-03-01T06:00Z --delivered-too
  manage.py replay_webhooks 0197a3c6-1f3e-7c55-9e6f-708192a3b4c5 --delivery 0197a3c6-2a4f-7d66-8f70-8192a3b4c5d6
"""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the webhook and what is to be sent again."""
        add_webhook_argument(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--since", type=_moment, metavar="WHEN", help="a date or a moment (UTC); what was written then or later"
        )
        which.add_argument("--delivery", metavar="ID", help="one delivery, by its webhook-id")
        parser.add_argument("--delivered-too", action="store_true", help="not only dead letters")
        super().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Send them again."""
        endpoint, now = webhook_called(options["webhook"]), timezone.now()
        if options["delivery"]:
            webhooks.replay(_delivery(endpoint, options["delivery"]), now=now)
            count = 1
        else:
            states = OVER if options["delivered_too"] else OVER[:1]
            count = webhooks.replay_since(endpoint, since=options["since"], states=states, now=now)
        self.tell(
            result=flat(endpoint, replayed=count),
            plain=str(count),
            talk=f"{count} event{'' if count == 1 else 's'} will be sent to {endpoint.url} again.",
            as_json=options["json"],
        )


def _delivery(endpoint: WebhookEndpoint, text: str) -> WebhookDelivery:
    rows = WebhookDelivery.objects.select_related("endpoint").filter(endpoint=endpoint)
    delivery_id = ids.parsed(text)
    delivery = rows.filter(pk=delivery_id).first() if delivery_id else None
    if delivery is None:
        message = f"This webhook has no delivery {text!r}."
        raise CommandError(message, returncode=USAGE)
    return delivery


def _moment(text: str) -> dt.datetime:
    """A date, or a moment with or without its zone."""
    try:
        date = parse_date(text)
        moment = dt.datetime.combine(date, dt.time()) if date else parse_datetime(text)
        # In UTC there is none for some at either end of the calendar.
        moment = moment and (moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC))
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        message = "give a date or a moment, as in 2026-03-01 or 2026-03-01T06:00Z"
        raise argparse.ArgumentTypeError(message)
    return moment
