"""News: what an app is told of its media. Facts of the moment, and what is true when they are sent."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.utils import timezone

from devices import webhooks
from media_store.models import Media

# What the live part says of a media that nobody can reach, or that is no more.
DESTROYED = {"status": Media.Status.PURGED.value, "expires_at": None, "reason": "device_destroyed"}


def of(media: Media, event: webhooks.Event, **facts: object) -> webhooks.News:
    """The news of a media, with what else is to be told of it."""
    return webhooks.News(
        event=event,
        app_id=media.app_id,
        device_id=media.device_id,
        subject_id=media.pk,
        payload={**_facts(media), **facts},
    )


def live(media_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Mapping[str, object]]:
    """What is true of these media now, as clients would see it."""
    now = timezone.now()
    seen = {media.pk: media for media in Media.objects.reachable().filter(pk__in=media_ids)}
    return {pk: {"id": str(pk), **(_state(seen[pk], now=now) if pk in seen else DESTROYED)} for pk in media_ids}


def moment(at: datetime | None) -> str | None:
    """As the API writes it (RFC 3339, UTC)."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def _facts(media: Media) -> dict[str, object]:
    return {
        "message_id": media.message_id,
        "direction": media.direction,
        "type": media.kind,
        "from": media.sender or None,
        "chat_id": media.chat_id or None,
        "sent_at": moment(media.sent_at),
        "media_path": media.path,
        "mime_type": media.mime_type,
        "file_name": media.file_name or None,
        "size": media.size or None,
        "sha256": media.sha256 or None,
        "caption": media.caption or None,
        "reason": media.reason or None,
    }


def _state(media: Media, *, now: datetime) -> dict[str, object]:
    return {
        "status": str(media.status_at(now)),
        "expires_at": moment(media.expires_at),
        "reason": media.reason_at(now) or None,
    }
