"""Destroying a device or an app: marked first, cleared away behind the mark, the row last.

From the mark on nothing of it can be reached. What depends on it hears of the mark by a signal, removes its own
rows in its own time, and calls `finish` or `finish_app` until the row has gone.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping

from django.db import transaction

from devices import audit, webhooks
from devices.models import ApiKey, App, AuditEvent, Device
from devices.signals import app_destroyed, device_destroyed

# What was cleared away, for the trail.
Totals = Callable[[], Mapping[str, object]]


def destroy(device: Device, *, now: dt.datetime, by: str) -> bool:
    """Mark the device destroyed; False if it was already, or is gone.

    Raises what a receiver of the signal raises to refuse (a subclass of `Refused`), and then nothing happened.
    """
    with transaction.atomic():
        # The app before the device: whoever sets a hold locks the app too, and neither can miss the other.
        App.objects.lock(pk=device.app_id)
        # This UPDATE waits for uploads that hold the row shared, and finds the row at most once.
        marked = Device.objects.living().filter(pk=device.pk).update(destroyed_at=now)
        if marked:
            device_destroyed.send(sender=Device, device=device, now=now, by=by)
            audit.record(audit.of_device(AuditEvent.Action.DEVICE_DESTROYED, device, now=now, by=by))
            webhooks.announce(_news_of(device, now=now), now=now)
    # Only now: a refusal has undone the mark.
    device.destroyed_at = device.destroyed_at or now
    return bool(marked)


def _news_of(device: Device, *, now: dt.datetime) -> webhooks.News:
    facts = {"name": device.name, "destroyed_at": now.isoformat().replace("+00:00", "Z")}
    return webhooks.News(
        event=webhooks.Event.DEVICE_DESTROYED, app_id=device.app_id, device_id=device.pk, payload=facts
    )


def destroy_app(app: App, *, now: dt.datetime, by: str) -> bool:
    """Mark the app destroyed and its devices with it; False if it was already, or is gone. Raises as `destroy`."""
    with transaction.atomic():
        App.objects.lock(pk=app.pk)
        # This UPDATE waits for whoever adds to the app: plain uploads, new devices.
        marked = App.objects.living().filter(pk=app.pk).update(destroyed_at=now)
        if marked:
            app_destroyed.send(sender=App, app=app, now=now, by=by)
            devices = Device.objects.living().filter(app=app)
            audit.record(
                audit.event(AuditEvent.Action.APP_DESTROYED, now=now, by=by, subject=app.name, app_id=app.pk),
                *(audit.of_device(AuditEvent.Action.DEVICE_DESTROYED, one, now=now, by=by) for one in devices),
            )
            devices.update(destroyed_at=now)
    app.destroyed_at = app.destroyed_at or now
    return bool(marked)


def finish(device_id: uuid.UUID, *, is_empty: Callable[[], bool], totals: Totals = dict, now: dt.datetime) -> bool:
    """Delete the row of a marked device once `is_empty` says that nothing refers to it; True when it is gone.

    The row is locked before the question is asked, and FOR UPDATE conflicts with the lock of a foreign key, so
    that nothing new can refer to the device between the answer and the delete. `totals` go into the trail.
    """
    with transaction.atomic():
        row = Device.objects.filter(pk=device_id)
        marked = row.destroyed().select_for_update().first()
        if marked is None:
            return not row.exists()
        if not is_empty():
            return False
        audit.record(audit.of_device(AuditEvent.Action.DEVICE_CLEARED, marked, now=now, by="", details=totals()))
        # Raw, as delete() is the verb that marks.
        row._raw_delete(row.db)
        return True


def finish_app(app_id: uuid.UUID, *, is_empty: Callable[[], bool], totals: Totals = dict, now: dt.datetime) -> bool:
    """The same for a marked app, once its devices have gone; its keys go with it."""
    with transaction.atomic():
        row = App.objects.filter(pk=app_id)
        marked = row.destroyed().select_for_update().first()
        if marked is None:
            return not row.exists()
        if Device.objects.filter(app=marked).exists() or not is_empty():
            return False
        audit.record(
            audit.event(
                AuditEvent.Action.APP_CLEARED, now=now, by="", subject=marked.name, app_id=marked.pk, details=totals()
            )
        )
        ApiKey.objects.filter(app=marked).delete()
        row._raw_delete(row.db)
        return True
