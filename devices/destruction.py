"""Destroying a device: marked first, cleared away behind the mark, the row last.

From the mark on nothing of the device can be reached. What depends on a device hears of the mark by the signal
`device_destroyed`, removes its own rows in its own time, and calls `finish` until the device's row has gone.
"""

import datetime as dt
import uuid
from collections.abc import Callable

from django.db import transaction

from devices.models import App, Device
from devices.signals import device_destroyed


def destroy(device: Device, *, now: dt.datetime) -> bool:
    """Mark the device destroyed; False if it was already, or is gone.

    Raises what a receiver of the signal raises to refuse (a subclass of `Refused`), and then nothing happened.
    """
    with transaction.atomic():
        # The app before the device: whoever sets a hold locks the app too, and neither can miss the other.
        _lock_app(device)
        # This UPDATE waits for uploads that hold the row shared, and finds the row at most once.
        marked = Device.objects.living().filter(pk=device.pk).update(destroyed_at=now)
        if marked:
            device_destroyed.send(sender=Device, device=device, now=now)
    # Only now: a refusal has undone the mark.
    device.destroyed_at = device.destroyed_at or now
    return bool(marked)


def finish(device_id: uuid.UUID, *, is_empty: Callable[[], bool]) -> bool:
    """Delete the row of a marked device once `is_empty` says that nothing refers to it; True when it is gone.

    The row is locked before the question is asked, and FOR UPDATE conflicts with the lock of a foreign key, so
    that nothing new can refer to the device between the answer and the delete.
    """
    with transaction.atomic():
        row = Device.objects.filter(pk=device_id)
        marked = row.destroyed().select_for_update().first()
        if marked is None:
            return not row.exists()
        if not is_empty():
            return False
        # Raw, as delete() is the verb that marks.
        row._raw_delete(row.db)
        return True


def _lock_app(device: Device) -> None:
    # Not a key lock: new rows that refer to the app need not wait.
    App.objects.select_for_update(no_key=True).get(pk=device.app_id)
