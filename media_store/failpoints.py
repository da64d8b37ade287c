"""The failpoints of the house, as the rooms of media reach them."""

from devices.failpoints import Action, at, observed, reached

__all__ = ["Action", "at", "observed", "reached"]
