"""What the commands about webhooks have in common."""

import argparse
from itertools import chain
from typing import Any

from django.core.management.base import CommandError, CommandParser

from devices import ids, webhooks
from devices.management.door import written
from devices.models import WebhookEndpoint

EVENTS = "events:\n" + "\n".join(f"  {event.value:<18} {event.label}" for event in webhooks.CHOOSABLE)


def add_webhook_argument(parser: CommandParser) -> None:
    """Offer the webhook."""
    parser.add_argument("webhook", metavar="WEBHOOK", help="the id of the webhook, from list_webhooks")


def add_events_argument(parser: CommandParser, *, required: bool) -> None:
    """Offer `--event`."""
    parser.add_argument(
        "--event",
        required=required,
        action="extend",
        nargs="+",
        type=_events,
        metavar="EVENT",
        help="what is told; repeat it, or give several (events are listed below)",
    )


def chosen_events(options: dict[str, Any]) -> list[str] | None:
    """The events of `--event`, None where there are none."""
    return list(chain.from_iterable(options["event"])) if options["event"] else None


def webhook_called(text: str) -> WebhookEndpoint:
    """The webhook of this id, of an app that lives. Raises CommandError."""
    webhook_id = ids.parsed(text)
    found = WebhookEndpoint.objects.living().filter(pk=webhook_id).first() if webhook_id else None
    if found is None:
        message = f"There is no webhook with the id {text!r}; list_webhooks shows the ids."
        raise CommandError(message)
    return found


def state_of(endpoint: WebhookEndpoint) -> str:
    """What a person calls it: enabled, failing, or disabled and why."""
    if not endpoint.enabled:
        return f"disabled ({endpoint.disabled_reason})"
    return "failing" if endpoint.failing_since else "enabled"


def flat(endpoint: WebhookEndpoint, **more: object) -> dict[str, object]:
    """The webhook as a line of JSON; never its secret, unless that is what is told."""
    return {
        "webhook_id": str(endpoint.pk),
        "app_id": str(endpoint.app_id),
        "url": endpoint.url,
        "events": endpoint.events,
        "state": state_of(endpoint),
        "created_at": written(endpoint.created_at),
        "disabled_at": written(endpoint.disabled_at),
        "failing_since": written(endpoint.failing_since),
        "previous_secret_until": written(endpoint.previous_secret_until),
        **more,
    }


def _events(text: str) -> list[str]:
    """One event, or several with commas between them."""
    events = text.split(",")
    known = [event.value for event in webhooks.CHOOSABLE]
    for event in events:
        if event not in known:
            message = f"there is no event {event!r}; choose from {', '.join(known)}"
            raise argparse.ArgumentTypeError(message)
    return events
