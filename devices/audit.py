"""The audit trail: what was done, to what, by whom. Written in the transaction that makes it true."""

import datetime as dt
import uuid
from collections.abc import Mapping

from devices.models import BY_CHARACTERS, SUBJECT_CHARACTERS, AuditEvent, Device

WRITTEN_AT_ONCE = 1_000


def event(  # noqa: PLR0913 - the facts of an event, each by its name
    action: AuditEvent.Action,
    *,
    now: dt.datetime,
    by: str,
    subject: str = "",
    app_id: uuid.UUID | None = None,
    device_id: uuid.UUID | None = None,
    details: Mapping[str, object] | None = None,
) -> AuditEvent:
    """An event that is still to be written. `details` are JSON, and never hold what a client sent."""
    return AuditEvent(
        at=now,
        action=action,
        by=by[:BY_CHARACTERS],
        subject=subject[:SUBJECT_CHARACTERS],
        app_id=app_id,
        device_id=device_id,
        details=dict(details or {}),
    )


def of_device(
    action: AuditEvent.Action, device: Device, *, now: dt.datetime, by: str, details: Mapping[str, object] | None = None
) -> AuditEvent:
    """The same about a device."""
    return event(
        action, now=now, by=by, subject=device.name, app_id=device.app_id, device_id=device.pk, details=details
    )


def record(*events: AuditEvent) -> None:
    """Write them, in one statement."""
    AuditEvent.objects.bulk_create(events, batch_size=WRITTEN_AT_ONCE)
