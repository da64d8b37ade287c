"""Drafting: the row of a media as it will be, but for its blob."""

import uuid
from datetime import datetime

from uuid_utils.compat import uuid7

from media_store import file_names, mime_types, retention
from media_store.ingest.arrival import Arrival
from media_store.ingest.inspection import Facts
from media_store.ingest.naming import path_for
from media_store.models import Media


def draft(arrival: Arrival, facts: Facts, *, now: datetime) -> Media:
    """A row with its path and its expiry."""
    media = Media(
        id=uuid7(),
        app=arrival.app,
        device=arrival.device,
        direction=arrival.direction,
        kind=facts.kind,
        message_id=arrival.message_id or (uuid.uuid4().hex if arrival.device else None),
        file_name=file_names.clean(arrival.file_name),
        mime_type=facts.mime_type,
        declared_mime_type=arrival.declared_mime_type,
        size=facts.size,
        sha256=facts.sha256,
        caption=arrival.caption,
        to=arrival.to,
        sender=arrival.sender,
        chat_id=arrival.chat_id,
        sent_at=arrival.sent_at,
        ptt=arrival.ptt,
        source=arrival.source,
        source_detail=arrival.source_detail,
        delivery=Media.Delivery.QUEUED if arrival.direction == Media.Direction.OUTBOUND else "",
        created_at=now,
    )
    media.path = path_for(media)
    retention.set_expiry(media)
    return media


def unseen(arrival: Arrival) -> Facts:
    """What is known of media before its bytes are here: what was declared."""
    mime_type = arrival.declared_mime_type or mime_types.UNKNOWN
    return Facts(mime_type=mime_type, kind=arrival.kind or mime_types.natural_kind(mime_type), size=0, sha256="")
