"""Retention: how long media is kept, what keeps it longer, and how it is let go."""

from media_store.retention.applying import apply_changed_rules, is_unfinished
from media_store.retention.brake import Braked
from media_store.retention.delivered import note_delivery
from media_store.retention.entombing import entomb
from media_store.retention.expiring import announce_expiring
from media_store.retention.expiry import SHIPPED_DAYS, expiry_of, set_expiry
from media_store.retention.forecast import Forecast, forecast
from media_store.retention.holds import hold, holds_on, refuse_if_held, release_hold
from media_store.retention.moves import Moves, moves_of
from media_store.retention.purging import Purged, is_due, purge
from media_store.retention.removal import remove
from media_store.retention.rules import check_rule, remove_rule, set_rule
from media_store.retention.windows import sweep_windows

__all__ = [
    "SHIPPED_DAYS",
    "Braked",
    "Forecast",
    "Moves",
    "Purged",
    "announce_expiring",
    "apply_changed_rules",
    "check_rule",
    "entomb",
    "expiry_of",
    "forecast",
    "hold",
    "holds_on",
    "is_due",
    "is_unfinished",
    "moves_of",
    "note_delivery",
    "purge",
    "refuse_if_held",
    "release_hold",
    "remove",
    "remove_rule",
    "set_expiry",
    "set_rule",
    "sweep_windows",
]
