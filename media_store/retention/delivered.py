"""Delivery states: how far an outbound message got, which moves the moment from which its media is kept."""

import uuid
from datetime import datetime

from django.db import transaction

from media_store.failpoints import reached
from media_store.models import Media
from media_store.retention.expiry import expiry_of

# Later beats earlier, whatever the order in which they are heard of.
ORDER = [str(state) for state in Media.Delivery.values]
ARRIVED = (Media.Delivery.DELIVERED, Media.Delivery.READ)


def note_delivery(media_id: uuid.UUID, *, state: str, at: datetime, now: datetime) -> bool:
    """Note that a message got so far, at that moment; answers whether anything changed.

    Heard twice, or in another order, the row ends the same: the furthest state, the earliest moment of arrival. A
    moment in the future counts as now, and one before the media was here as that: a gateway whose clock is wrong must
    not have media expire early. What has expired or gone is not brought back.
    """
    with transaction.atomic():
        media = Media.objects.select_for_update(no_key=True).filter(pk=media_id).exclude(delivery="").first()
        if media is None:
            return False
        reached("retention.delivery.locked")
        before = (media.delivery, media.delivered_at)
        media.delivery = max(media.delivery, state, key=ORDER.index)
        if state in ARRIVED:
            media.delivered_at = max(media.created_at, min(filter(None, (media.delivered_at, at, now))))
        if before == (media.delivery, media.delivered_at):
            return False
        Media.objects.filter(pk=media.pk).update(**_changes(media, now=now))
    return True


def _changes(media: Media, *, now: datetime) -> dict[str, object]:
    changes: dict[str, object] = {"delivery": media.delivery, "delivered_at": media.delivered_at}
    if media.status != Media.Status.READY or media.expires_at <= now:
        return changes
    expiry = expiry_of(media)
    forward = media.brought_forward_from
    still = forward if forward is not None and expiry.at < forward else None
    return {**changes, "expires_at": expiry.at, "expiry_rule": expiry.rule, "brought_forward_from": still}
