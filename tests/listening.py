"""Somebody who listens to what happens to an app, and what was written for them."""

from typing import Any

from devices.models import App, WebhookDelivery, WebhookEndpoint
from devices.webhooks import CHOOSABLE


def listen(app: App, *events: str, url: str = "https://hooks.example.com/") -> WebhookEndpoint:
    """An endpoint of the app that chose these events, all of them where none is named."""
    chosen = list(events or CHOOSABLE)
    return WebhookEndpoint.objects.create(app=app, url=url, events=chosen, secret="whsec_AA==")


def heard(app: App) -> list[tuple[str, dict[str, Any]]]:
    """The events written for it so far, oldest first, each with its facts."""
    rows = WebhookDelivery.objects.filter(app_id=app.pk).order_by("pk")
    return [(row.event, row.payload) for row in rows]


def events(app: App) -> list[str]:
    return [event for event, _ in heard(app)]
