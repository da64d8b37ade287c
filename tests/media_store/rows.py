"""Rows of media as ingest would have written them, for what is about rows only: no bytes lie behind most of them."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from devices.models import App, Device
from media_store import retention, store_mark
from media_store.models import Blob, Media
from media_store.storage import new_key
from tests.media_files import jpeg
from tests.stores import replace

BYTES = 1_000


def blob_of(app: App, **columns: Any) -> Blob:
    """A READY blob without an object; its bytes are like no other's."""
    now = timezone.now()
    defaults = {"sha256": secrets.token_hex(32), "size": BYTES, "storage_key": secrets.token_hex(16), "state": "ready"}
    return Blob.objects.create(**{**defaults, "app": app, "created_at": now, "ready_at": now, **columns})


def media_of(
    app: App,
    *,
    device: Device | None = None,
    direction: str = "upload",
    created_at: datetime | None = None,
    blob: Blob | None = None,
    **columns: Any,
) -> Media:
    """A READY media, which expires as the rules of the moment say where `expires_at` is not given."""
    blob = blob or blob_of(app)
    media = Media(
        app=app,
        device=device,
        direction=direction,
        created_at=created_at or timezone.now(),
        blob=blob,
        **{
            "path": f"media/{secrets.token_hex(16)}",
            "kind": "image",
            "status": "ready",
            "source": "raw",
            "mime_type": "image/jpeg",
            "size": blob.size,
            "sha256": blob.sha256,
            "delivery": "queued" if direction == "outbound" else "",
            **columns,
        },
    )
    if "expires_at" not in columns:
        retention.set_expiry(media)
    media.save(force_insert=True)
    return media


def expired_of(app: App, *, count: int = 1, ago: timedelta = timedelta(hours=1), **columns: Any) -> list[Media]:
    """Media that expired so long ago."""
    expires_at = timezone.now() - ago
    return [media_of(app, expires_at=expires_at, **columns) for _ in range(count)]


def stored_of(app: App, *, count: int, first: int = 0, **columns: Any) -> list[Media]:
    """Media with different pictures, from the shade `first` on, whose bytes lie in the store."""
    store_mark.prove(now=timezone.now())
    return [_stored(app, jpeg(shade=shade), columns) for shade in range(first, first + count)]


def _stored(app: App, content: bytes, columns: dict[str, Any]) -> Media:
    key = new_key(app_id=app.pk)
    replace(key, content)
    blob = blob_of(app, sha256=hashlib.sha256(content).hexdigest(), size=len(content), storage_key=key)
    return media_of(app, blob=blob, **columns)
