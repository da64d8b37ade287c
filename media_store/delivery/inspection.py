"""Inspection: a member of staff opens what a tenant stored. The trail tells of each time."""

from datetime import datetime

from django.http import HttpRequest

from devices import audit
from devices.models import AuditEvent
from media_store import retention
from media_store.delivery.answering import Delivery, deliver
from media_store.models import Media


def inspect(media: Media, *, request: HttpRequest, by: str, now: datetime) -> Delivery:
    """The bytes as an attachment. What is held stays readable as evidence when its time is over.

    Errors: those of `deliver`.
    """
    held = retention.holds_on(media, now=now).exists()
    opened = deliver(media, request=request, now=now, attachment=True, even_expired=held)
    if opened.body is not None or opened.file is not None:
        audit.record(media.audit_event(AuditEvent.Action.MEDIA_OPENED, now=now, by=by))
    return opened
