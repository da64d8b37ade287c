"""Examples for the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

_APP_ID = "0197a3c4-5d6e-7f80-8a91-b2c3d4e5f607"
_KEY_ID = "0197a3c4-6b1f-7a22-9c3d-4e5f60718293"
_DEVICE_ID = "0197a3c5-0e2d-7b44-8d5e-6f7081929394"
_MOMENT = "2026-03-02T09:30:00Z"

_KEY: dict[str, object] = {
    "id": _KEY_ID,
    "name": "web shop",
    "prefix": "mhk_4Gq0Zt7w",
    "scopes": ["media:read", "media:write"],
    "created_at": _MOMENT,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2026-03-02T09:41:00Z",
}
_ISSUED = {**_KEY, "last_used_at": None, "key": "mhk_4Gq0Zt7wXb1NcV9sLk3PyR6mTd8HfJaE2uQW5g"}
_DEVICE: dict[str, object] = {"id": _DEVICE_ID, "name": "shop phone", "created_at": _MOMENT}
_ME = {"app": {"id": _APP_ID, "name": "Web shop"}, "key": _KEY, "scopes": _KEY["scopes"]}

ME = OpenApiExample("A key and its app", value=_ME, response_only=True)
KEY = OpenApiExample("A key", value=_KEY, response_only=True)
NEW_KEY = OpenApiExample(
    "A key for a month",
    value={"name": "web shop", "scopes": ["media:read", "media:write"], "expires_at": "2030-04-01T00:00:00Z"},
    request_only=True,
)
ISSUED_KEY = OpenApiExample("The token, this once", value=_ISSUED, response_only=True, status_codes=["201"])
DEVICE = OpenApiExample("A device", value=_DEVICE, response_only=True)
NEW_DEVICE = OpenApiExample("A device", value={"name": "shop phone"}, request_only=True)
RENAMED_DEVICE = OpenApiExample("Another name", value={"name": "counter phone"}, request_only=True)

_WEBHOOK: dict[str, object] = {
    "id": "0197a3c6-1f3e-7c55-9e6f-708192a3b4c5",
    "url": "https://shop.example.com/hooks/media",
    "events": ["message", "media.failed"],
    "enabled": True,
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "not_before": None,
    "previous_secret_until": None,
    "created_at": _MOMENT,
}
_SECRET = {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD2MZ5hVZPfnM="}
_DELIVERY: dict[str, object] = {
    "id": "0197a3c6-2a4f-7d66-8f70-8192a3b4c5d6",
    "event": "message",
    "state": "pending",
    "attempts": 1,
    "created_at": _MOMENT,
    "next_attempt_at": "2026-03-02T09:30:05Z",
    "delivered_at": None,
    "device_id": _DEVICE_ID,
    "request_id": "5f0c1b7e9a3d4c2f8e6b1a7d9c3f5e2a",
}
_ATTEMPT = {"at": _MOMENT, "status": 502, "code": "bad_status", "seconds": 0.214, "answer": "Bad gateway"}

WEBHOOK = OpenApiExample("A webhook", value=_WEBHOOK, response_only=True)
NEW_WEBHOOK = OpenApiExample(
    "Two events", value={"url": _WEBHOOK["url"], "events": _WEBHOOK["events"]}, request_only=True
)
CREATED_WEBHOOK = OpenApiExample(
    "The secret, this once", value={**_WEBHOOK, **_SECRET}, response_only=True, status_codes=["201"]
)
CHANGED_WEBHOOK = OpenApiExample("Nothing for now", value={"enabled": False}, request_only=True)
ROTATION = OpenApiExample("An hour to change over", value={"overlap_seconds": 3600}, request_only=True)
ROTATED_WEBHOOK = OpenApiExample(
    "The new secret, this once",
    value={**_WEBHOOK, "previous_secret_until": "2026-03-02T10:30:00Z", **_SECRET},
    response_only=True,
)
DELIVERY = OpenApiExample("A delivery that failed once", value=_DELIVERY, response_only=True)
WHOLE_DELIVERY = OpenApiExample(
    "A delivery and its attempts",
    value={**_DELIVERY, "payload": {"name": "shop phone", "destroyed_at": _MOMENT}, "log": [_ATTEMPT]},
    response_only=True,
)
REPLAY = OpenApiExample("All dead letters of a day", value={"since": _MOMENT, "states": ["dead"]}, request_only=True)
REPLAYED = OpenApiExample("How many", value={"replayed": 12}, response_only=True)
