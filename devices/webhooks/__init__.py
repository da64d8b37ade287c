"""Webhooks: what happens is written into an outbox in the transaction that makes it true, and sent afterwards."""

from devices.webhooks import live
from devices.webhooks.announcing import announce, is_anyone_listening
from devices.webhooks.events import CHOOSABLE, Event, News

__all__ = [
    "CHOOSABLE",
    "Event",
    "News",
    "announce",
    "is_anyone_listening",
    "live",
]
