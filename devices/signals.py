"""The news that devices sends up to whoever depends on it."""

from django.dispatch import Signal

# Sent inside the transaction that marks a device destroyed, with `device` (a devices.models.Device, its app and
# itself locked) and `now`. A receiver that raises devices.errors.Refused undoes the mark: then nothing happened.
device_destroyed = Signal()
