"""Delivery states: how far an outbound message got, which moves the moment from which its media is kept."""

import uuid
from datetime import datetime

from django.db import transaction

from devices import webhooks
from media_store import news
from media_store.failpoints import reached
from media_store.models import Media
from media_store.retention.expiry import expiry_of

# Later beats earlier, whatever the order in which they are heard of.
ORDER = [str(state) for state in Media.Delivery.values]
ARRIVED = (Media.Delivery.DELIVERED, Media.Delivery.READ)
# From then on nobody has to know any more to whom it went.
OVER = (Media.Delivery.FAILED, *ARRIVED)


def note_delivery(
    media_id: uuid.UUID, *, state: str, at: datetime, network_message_id: str = "", now: datetime
) -> bool:
    """Note that a message got so far, at that moment; answers whether anything changed, of which the app is told.

    Heard twice, or in another order, the row ends the same: the furthest state, the earliest moment of arrival. A
    moment in the future counts as now, and one before the media was here as that: a gateway whose clock is wrong must
    not have media expire early. What has expired or gone is not brought back. The first `network_message_id` stays.
    """
    with transaction.atomic():
        media = Media.objects.select_for_update(no_key=True).filter(pk=media_id).exclude(delivery="").first()
        if media is None:
            return False
        reached("retention.delivery.locked")
        before = _noted(media)
        media.delivery = max(media.delivery, state, key=ORDER.index)
        if state in ARRIVED:
            media.delivered_at = max(media.created_at, min(filter(None, (media.delivered_at, at, now))))
        media.network_message_id = media.network_message_id or network_message_id
        if before == _noted(media):
            return False
        Media.objects.filter(pk=media.pk).update(**_changes(media, now=now))
        reached("retention.delivery.noted")
        webhooks.announce(_news_of(media, at=at), now=now)
        reached("news.announced")
    return True


def _noted(media: Media) -> tuple[object, ...]:
    return media.delivery, media.delivered_at, media.network_message_id


def _news_of(media: Media, *, at: datetime) -> webhooks.News:
    facts = {
        "message_id": media.message_id,
        "network_message_id": media.network_message_id or None,
        "state": media.delivery,
        "at": news.moment(at),
        "delivered_at": news.moment(media.delivered_at),
        "media_path": media.path,
    }
    event = webhooks.Event.RECEIPT
    return webhooks.News(
        event=event, app_id=media.app_id, device_id=media.device_id, subject_id=media.pk, payload=facts
    )


def _changes(media: Media, *, now: datetime) -> dict[str, object]:
    changes: dict[str, object] = {
        "delivery": media.delivery,
        "delivered_at": media.delivered_at,
        "network_message_id": media.network_message_id,
    }
    if media.delivery in OVER:
        changes["to"] = ""
    if media.status != Media.Status.READY or media.expires_at <= now:
        return changes
    expiry = expiry_of(media)
    forward = media.brought_forward_from
    still = forward if forward is not None and expiry.at < forward else None
    return {**changes, "expires_at": expiry.at, "expiry_rule": expiry.rule, "brought_forward_from": still}
