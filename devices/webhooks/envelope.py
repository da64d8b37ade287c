"""The body of an event: the facts as they were written, and beside them what is true when it is sent."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from devices.models import WebhookDelivery

LIVE = "media"


def envelope(delivery: WebhookDelivery, *, live: Mapping[str, object] | None) -> dict[str, Any]:
    """What an endpoint is told. `live` is asked anew for every attempt."""
    return {
        "event": delivery.event,
        "app_id": str(delivery.app_id),
        "device_id": str(delivery.device_id) if delivery.device_id else None,
        "timestamp": delivery.created_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "request_id": delivery.request_id or None,
        "payload": {**delivery.payload, **({LIVE: live} if live is not None else {})},
    }


def body(delivery: WebhookDelivery, *, live: Mapping[str, object] | None) -> bytes:
    """The same as it is sent and signed: JSON in ASCII, whatever surrogates somebody's caption holds."""
    return json.dumps(envelope(delivery, live=live), separators=(",", ":")).encode()
