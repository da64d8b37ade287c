"""Webhooks: what happens is written into an outbox in the transaction that makes it true, and sent afterwards."""

from devices.webhooks import live
from devices.webhooks.announcing import announce, listeners
from devices.webhooks.claiming import Batch, claim, due_endpoints, give_back
from devices.webhooks.disabling import disable, enable
from devices.webhooks.endpoints import (
    LONGEST_OVERLAP_SECONDS,
    MOST_PER_APP,
    OVERLAP_SECONDS,
    change,
    create,
    delete,
    rotate,
    test,
)
from devices.webhooks.events import CHOOSABLE, Event, News
from devices.webhooks.replaying import replay, replay_since
from devices.webhooks.sending import send
from devices.webhooks.sweeping import clear, forget, sweep

__all__ = [
    "CHOOSABLE",
    "LONGEST_OVERLAP_SECONDS",
    "MOST_PER_APP",
    "OVERLAP_SECONDS",
    "Batch",
    "Event",
    "News",
    "announce",
    "change",
    "claim",
    "clear",
    "create",
    "delete",
    "disable",
    "due_endpoints",
    "enable",
    "forget",
    "give_back",
    "listeners",
    "live",
    "replay",
    "replay_since",
    "rotate",
    "send",
    "sweep",
    "test",
]
