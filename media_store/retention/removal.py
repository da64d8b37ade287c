"""Removal: one media goes because somebody asks for it."""

from datetime import datetime

from django.db import transaction

from devices import audit
from devices.models import App, AuditEvent
from media_store.errors import LegalHoldInForce
from media_store.failpoints import reached
from media_store.models import Media
from media_store.retention.entombing import entomb


def remove(media: Media, *, reason: str, now: datetime, by: str) -> bool:
    """Turn the row into a tombstone and note the blob that it lets go; False if it was one already, or is gone.

    Error: `LegalHoldInForce`. The bytes go later, by collection.
    """
    with transaction.atomic():
        # The app first, and the look for holds after it: whoever sets a hold does the same.
        App.objects.lock_shared(pk=media.app_id)
        reached("retention.remove.app_locked")
        row = Media.objects.select_for_update(no_key=True).filter(pk=media.pk, purged_at=None).first()
        if row is None:
            return False
        if not Media.objects.unheld(now=now).filter(pk=media.pk).exists():
            raise LegalHoldInForce
        entomb([row.pk], app_id=row.app_id, reason=reason, now=now)
        if reason == "staff":
            audit.record(row.audit_event(AuditEvent.Action.MEDIA_REMOVED, now=now, by=by))
    return True
