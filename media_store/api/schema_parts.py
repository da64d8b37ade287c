"""What several of the media routes have in common in the OpenAPI document."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from media_store import mime_types

MEDIA_EXAMPLE = {
    "id": "0192f0c1-6d2e-7a55-8a3c-0d6f1a2b3c4d",
    "media_path": "media/0192f0c0-0000-7000-8000-000000000001/0192f0c0-0000-7000-8000-000000000002-slip-1.jpg",
    "status": "ready",
    "reason": None,
    "reason_detail": None,
    "direction": "outbound",
    "kind": "image",
    "mime_type": "image/jpeg",
    "declared_mime_type": "image/jpeg",
    "file_name": "slip.jpg",
    "caption": "Payment slip",
    "size": 48213,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "source": "base64",
    "source_detail": None,
    "device_id": "0192f0c0-0000-7000-8000-000000000002",
    "message_id": "slip-1",
    "ptt": False,
    "delivery": "queued",
    "created_at": "2026-11-23T10:00:00Z",
    "expires_at": "2026-12-23T10:00:00Z",
    "expiry_rule": "shipped: outbound, 30 days",
    "purged_at": None,
}
UPLOAD_EXAMPLE = {
    **MEDIA_EXAMPLE,
    "media_path": "media/0192f0c0-0000-7000-8000-000000000001/0192f0c1-6d2e-7a55-8a3c-0d6f1a2b3c4d-"
    "5f0c9a7e3b1d4c2f8a6e0b9d7c5a3f1e.jpg",
    "direction": "upload",
    "caption": None,
    "source": "file",
    "device_id": None,
    "message_id": None,
    "delivery": None,
}
BODY_PROBLEMS = (
    "malformed",
    "malformed_json",
    "malformed_multipart",
    "incomplete_body",
    "request_timeout",
    "unknown_field",
    "source_missing",
    "source_ambiguous",
    "length_required",
    "too_large",
    "unsupported_body",
    "empty",
    "bad_base64",
    "checksum_mismatch",
    "source_forbidden",
    "try_again",
    "storage_unavailable",
    "storage_full",
)
UNREADABLE_PROBLEMS = ("not_found", "media_not_ready", "media_gone", "media_failed", "media_omitted")
DOWNLOAD_PROBLEMS = (*UNREADABLE_PROBLEMS, "precondition_failed", "range_not_satisfiable", "storage_unavailable")
MEDIA_ID = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The id of the media.")
DEVICE_ID = OpenApiParameter("device_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="A living device.")
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, description="Where the media is.", response=[200, 201, 202]
)
RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, description="When to look again, in seconds.", response=[202]
)
PREFER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`wait=10`: wait up to so many seconds, 30 at most, for a URL to be fetched (RFC 7240, section 4.3).",
)
PENDING_EXAMPLE = {
    **MEDIA_EXAMPLE,
    "status": "pending",
    "mime_type": "image/jpeg",
    "size": None,
    "sha256": None,
    "source": "url",
    "source_detail": "files.example.com",
}


def _header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


def _bytes(status: int, description: str) -> dict[tuple[int, str], OpenApiResponse]:
    types = (*sorted(mime_types.SERVED_TYPES), "application/octet-stream")
    return {(status, name): OpenApiResponse(OpenApiTypes.BINARY, description=description) for name in types}


DOWNLOAD_HEADERS = [
    _header("Range", "One range of bytes, `bytes=0-1023` or `bytes=-500` (RFC 9110, section 14)."),
    _header("If-Range", "Take the range only if the ETag or date is still this one."),
    _header("If-None-Match", "Answer 304 if the ETag is one of these."),
    _header("If-Modified-Since", "Answer 304 if it was not stored since."),
    OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 206, 304], description="The sha256, quoted."),
    OpenApiParameter("Content-Range", str, OpenApiParameter.HEADER, response=[206], description="The range sent."),
    OpenApiParameter(
        "Repr-Digest", str, OpenApiParameter.HEADER, response=[200, 206], description="The sha256 (RFC 9530)."
    ),
]
DOWNLOAD_RESPONSES: dict[Any, OpenApiResponse] = {
    **_bytes(200, "All of the bytes, as what they are."),
    **_bytes(206, "A range of the bytes."),
    304: OpenApiResponse(description="The client has these bytes already."),
}
