"""Outbox: what waits for delivery, who is sending it, and how far it got.

The rows are the queue. A lease is a moment on the row until which a gateway is believed to be sending; without a
receipt by then the message is given to whoever asks next. So a message may be sent twice: gateways tell by its id.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, TextChoices

from devices.models import App, Device
from media_store import retention
from media_store.failpoints import reached
from media_store.models import Media, MediaQuerySet

MOST_MESSAGES = 100
MOST_DEVICES = 500
MOST_RECEIPTS = 500


class Noted(TextChoices):
    """What became of a receipt."""

    NOTED = "noted"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a gateway heard of a message, which it names by one of the two ids; both where it tells one by the other."""

    message_id: str = ""
    network_message_id: str = ""
    state: str
    at: datetime


def waiting(app: App, *, now: datetime) -> MediaQuerySet:
    """What of this app waits for delivery, claimed or not."""
    return Media.objects.for_app(app).queued(now=now)


def claim(app: App, *, device_ids: Collection[uuid.UUID] | None = None, most: int, now: datetime) -> list[Media]:
    """Lease the oldest messages that nobody else has, to be sent by the caller; empty where there are none."""
    rows = waiting(app, now=now).unclaimed(now=now)
    if device_ids is not None:
        rows = rows.filter(device_id__in=device_ids)
    with transaction.atomic():
        # What another holds locked is being claimed, or is on its way out.
        locked = rows.order_by("pk").select_for_update(no_key=True, skip_locked=True, of=("self",))
        messages = list(locked[:most])
        if messages:
            _lease(messages, until=now + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS))
    reached("outbox.claim_committed")
    return messages


def _lease(messages: Sequence[Media], *, until: datetime) -> None:
    rows = Media.objects.filter(pk__in=[media.pk for media in messages])
    rows.update(claimed_until=until, claim_count=F("claim_count") + 1)
    for media in messages:
        media.claimed_until, media.claim_count = until, media.claim_count + 1
    reached("outbox.claimed")


def note_receipts(device: Device, receipts: Sequence[Receipt], *, now: datetime) -> list[Noted]:
    """Note each, in a transaction of its own: heard again, all of them end the same. Answers in their order."""
    named = _Named(device, receipts)
    return [_note(named.media_id(receipt), receipt, now=now) for receipt in receipts]


def _note(media_id: uuid.UUID | None, receipt: Receipt, *, now: datetime) -> Noted:
    if media_id is None:
        return Noted.UNKNOWN
    network_id = receipt.network_message_id if receipt.message_id else ""
    noted = retention.note_delivery(
        media_id, state=receipt.state, at=receipt.at, network_message_id=network_id, now=now
    )
    return Noted.NOTED if noted else Noted.UNCHANGED


class _Named:
    """The messages of a device that these receipts name, by either id: a receipt may come before the one that tells."""

    def __init__(self, device: Device, receipts: Iterable[Receipt]) -> None:
        sent = Media.objects.filter(device=device, direction=Media.Direction.OUTBOUND)
        told = {receipt.message_id for receipt in receipts if receipt.message_id}
        self._own = dict(sent.filter(message_id__in=told).values_list("message_id", "pk"))
        alone = {receipt.network_message_id for receipt in receipts if not receipt.message_id}
        # The index holds those that have one, and a database that is given many names does not see that they are.
        known = sent.exclude(network_message_id="").filter(network_message_id__in=alone).order_by("-pk")
        self._network = {**dict(self._told_here(receipts)), **dict(known.values_list("network_message_id", "pk"))}

    def media_id(self, receipt: Receipt) -> uuid.UUID | None:
        """None where the device sends no such message."""
        if receipt.message_id:
            return self._own.get(receipt.message_id)
        return self._network.get(receipt.network_message_id)

    def _told_here(self, receipts: Iterable[Receipt]) -> Iterator[tuple[str, uuid.UUID]]:
        for receipt in receipts:
            if receipt.network_message_id and receipt.message_id in self._own:
                yield receipt.network_message_id, self._own[receipt.message_id]
