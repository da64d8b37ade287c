"""Retention: how long media is kept, what keeps it longer, and how it is let go."""

from media_store.retention.brake import Braked
from media_store.retention.delivered import note_delivery
from media_store.retention.expiry import apply_changed_rules, expiry_of, set_expiry
from media_store.retention.holds import hold, holds_on, refuse_if_held, release_hold
from media_store.retention.purging import Purged, is_any_expired, purge
from media_store.retention.removal import remove
from media_store.retention.rules import remove_rule, set_rule
from media_store.retention.windows import sweep_windows

__all__ = [
    "Braked",
    "Purged",
    "apply_changed_rules",
    "expiry_of",
    "hold",
    "holds_on",
    "is_any_expired",
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
