"""News from the verbs of this app that a door has to hear."""

from typing import Any

from django.dispatch import receiver

from devices.hinting import hint
from devices.signals import webhooks_due
from devices.tasks import send_webhooks


@receiver(webhooks_due)
def have_webhooks_sent(sender: Any, **_news: Any) -> None:  # noqa: ARG001 - a receiver's signature
    """Once the transaction that made them due has committed."""
    hint(send_webhooks)
