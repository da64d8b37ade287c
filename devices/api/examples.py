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
