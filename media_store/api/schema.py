"""What the OpenAPI document says of the media routes, beside what it can read from the code."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from media_store import mime_types
from media_store.api.answers import MediaSerializer, MessageSerializer
from media_store.api.fields import MediaFieldsSerializer, MessageFieldsSerializer
from problems.openapi import ALWAYS_OF_BYTES, problem_responses

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


class _File(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="The bytes; the part's filename and Content-Type are taken with it.")

    def get_fields(self) -> dict[str, Any]:
        """A form has no null."""
        fields = super().get_fields()
        for field in fields.values():
            field.allow_null = False
        return fields


class MediaUpload(_File, MediaFieldsSerializer):
    """The same fields beside a multipart file."""

    data_base64 = url = None  # type: ignore[assignment]  # DRF's way to take a field out


class MessageUpload(_File, MessageFieldsSerializer):
    """The same fields beside a multipart file."""

    data_base64 = url = media_id = media_path = None  # type: ignore[assignment]  # as above


def _header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


def _bytes(status: int, description: str) -> dict[tuple[int, str], OpenApiResponse]:
    types = (*sorted(mime_types.SERVED_TYPES), "application/octet-stream")
    return {(status, name): OpenApiResponse(OpenApiTypes.BINARY, description=description) for name in types}


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

send_message = extend_schema(
    operation_id="messages_send",
    summary="Send media",
    description=(
        "Stores the media and queues the message. Exactly one source: base64, a multipart file, an HTTPS URL, or media "
        "that this app already has. The bytes decide the type; the declared one is advice. A URL is fetched after the "
        "answer, which is 202. Messages written as for the WhatsApp Cloud API, Evolution or WAHA are taken too; "
        "what they say that is no business of media is listed in `ignored`. Scope: `media:write`."
    ),
    tags=["Messages"],
    parameters=[DEVICE_ID, PREFER, LOCATION, RETRY_AFTER],
    request={"application/json": MessageFieldsSerializer, "multipart/form-data": MessageUpload},
    responses={
        201: OpenApiResponse(MessageSerializer, description="Stored and queued."),
        200: OpenApiResponse(MessageSerializer, description="The message id was used before for the same source."),
        202: OpenApiResponse(MessageSerializer, description="Queued; its URL is still to be fetched."),
        **problem_responses(
            *BODY_PROBLEMS,
            *UNREADABLE_PROBLEMS,
            "caption_too_long",
            "duplicate_message_id",
            "type_not_allowed",
            "mime_mismatch",
        ),
    },
    examples=[
        OpenApiExample(
            "An image as base64",
            value={
                "to": "6281234567890",
                "type": "image",
                "data_base64": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBD",
                "file_name": "slip.jpg",
                "caption": "Payment slip",
                "message_id": "slip-1",
            },
            request_only=True,
            media_type="application/json",
        ),
        OpenApiExample(
            "Stored and queued",
            value={"message_id": "slip-1", "media": MEDIA_EXAMPLE},
            response_only=True,
            status_codes=["200", "201"],
        ),
        OpenApiExample(
            "An image by URL",
            value={
                "to": "6281234567890",
                "type": "image",
                "url": "https://files.example.com/slip.jpg",
                "message_id": "slip-1",
            },
            request_only=True,
            media_type="application/json",
        ),
        OpenApiExample(
            "Queued, and still to be fetched",
            value={"message_id": "slip-1", "media": PENDING_EXAMPLE},
            response_only=True,
            status_codes=["202"],
        ),
    ],
)

upload_media = extend_schema(
    operation_id="media_upload",
    summary="Upload without a message",
    description=(
        "The id can then be sent any number of times. A JSON body is always a payload: send JSON files as "
        "octet-stream or multipart. Scope: `media:write`."
    ),
    tags=["Media"],
    parameters=[
        _header("X-File-Name", "The file name of a raw body, percent-encoded UTF-8."),
        PREFER,
        LOCATION,
        RETRY_AFTER,
    ],
    request={
        "application/json": MediaFieldsSerializer,
        "multipart/form-data": MediaUpload,
        "application/octet-stream": OpenApiTypes.BINARY,
    },
    responses={
        201: MediaSerializer,
        202: OpenApiResponse(MediaSerializer, description="Its URL is still to be fetched."),
        **problem_responses(*BODY_PROBLEMS, "media_failed"),
    },
    examples=[
        OpenApiExample(
            "A file as base64",
            value={"data_base64": "JVBERi0xLjcK", "file_name": "invoice.pdf"},
            request_only=True,
            media_type="application/json",
        ),
        OpenApiExample("Stored", value=UPLOAD_EXAMPLE, response_only=True, status_codes=["201"]),
        OpenApiExample(
            "Still to be fetched",
            value={**PENDING_EXAMPLE, "direction": "upload", "device_id": None, "message_id": None, "delivery": None},
            response_only=True,
            status_codes=["202"],
        ),
    ],
)

refetch_media = extend_schema(
    operation_id="media_refetch",
    summary="Fetch a URL once more",
    description="Of a media that failed while its URL was fetched. Scope: `media:write`.",
    tags=["Media"],
    parameters=[MEDIA_ID, PREFER, LOCATION, RETRY_AFTER],
    request=None,
    responses={
        201: OpenApiResponse(MediaSerializer, description="Fetched while you waited."),
        202: OpenApiResponse(MediaSerializer, description="It is still to be fetched."),
        **problem_responses("not_found", "not_refetchable", "media_failed"),
    },
    examples=[
        OpenApiExample("Still to be fetched", value=PENDING_EXAMPLE, response_only=True, status_codes=["202"]),
        OpenApiExample("Fetched", value=MEDIA_EXAMPLE, response_only=True, status_codes=["201"]),
    ],
)


class _Verdict(serializers.Serializer[Any]):
    accepted = serializers.BooleanField()
    code = serializers.CharField(allow_null=True, help_text="Of the refusal.")
    detail = serializers.CharField(allow_null=True, help_text="What to do.")


@extend_schema_serializer(many=False)
class _Validation(serializers.Serializer[Any]):
    mime_type = serializers.CharField(help_text="What the bytes are.")
    size = serializers.IntegerField(help_text="In bytes.")
    sha256 = serializers.CharField()
    kinds = serializers.DictField(child=_Verdict(), help_text="Whether a message of this type would carry them.")


validate_media = extend_schema(
    operation_id="media_validate",
    summary="Say what would become of media",
    description="Reads the bytes as an upload does, and stores nothing. Scope: `media:write`.",
    tags=["Media"],
    parameters=[_header("X-File-Name", "The file name of a raw body, percent-encoded UTF-8.")],
    request={
        "application/json": MediaFieldsSerializer,
        "multipart/form-data": MediaUpload,
        "application/octet-stream": OpenApiTypes.BINARY,
    },
    responses={200: _Validation, **problem_responses(*BODY_PROBLEMS)},
    examples=[
        OpenApiExample(
            "Bytes to look at",
            value={"data_base64": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBD", "mime_type": "image/jpeg"},
            request_only=True,
            media_type="application/json",
        ),
        OpenApiExample(
            "A JPEG",
            value={
                "mime_type": "image/jpeg",
                "size": 48213,
                "sha256": MEDIA_EXAMPLE["sha256"],
                "kinds": {
                    "image": {"accepted": True, "code": None, "detail": None},
                    "sticker": {
                        "accepted": False,
                        "code": "mime_mismatch",
                        "detail": "The bytes are image/jpeg. Media of type sticker may be image/webp.",
                    },
                },
            },
            response_only=True,
            status_codes=["200"],
        ),
    ],
)

list_media = extend_schema(
    operation_id="media_list",
    summary="List media",
    description="Newest first, tombstones included; filters narrow together. Scope: `media:read`.",
    tags=["Media"],
    responses={200: MediaSerializer(many=True), **problem_responses("malformed", "unknown_field", "not_found")},
    examples=[OpenApiExample("One media", value=MEDIA_EXAMPLE, response_only=True, status_codes=["200"])],
)

read_media = extend_schema(
    operation_id="media_read",
    summary="Read one media",
    description="As it stands now. Scope: `media:read`.",
    tags=["Media"],
    parameters=[MEDIA_ID],
    responses={200: MediaSerializer, **problem_responses("not_found")},
    examples=[OpenApiExample("A sent image", value=MEDIA_EXAMPLE, response_only=True, status_codes=["200"])],
)

delete_media = extend_schema(
    operation_id="media_remove",
    summary="Remove a media's bytes",
    description=(
        "Its download answers 410 from now on; the row stays as a tombstone. Safe to repeat. Scope: `media:write`."
    ),
    tags=["Media"],
    parameters=[MEDIA_ID],
    responses={
        204: OpenApiResponse(description="A tombstone from now on."),
        **problem_responses("not_found", "legal_hold"),
    },
)

download_content = extend_schema(
    operation_id="media_download",
    summary="Download by id",
    description="As a download by path. Scope: `media:read`.",
    tags=["Download"],
    parameters=[MEDIA_ID, *DOWNLOAD_HEADERS],
    responses={**DOWNLOAD_RESPONSES, **problem_responses(*DOWNLOAD_PROBLEMS, always=ALWAYS_OF_BYTES)},
)

download = extend_schema(
    operation_id="download",
    summary="Download by path",
    description="Bytes, whatever the client says it accepts. Scope: `media:read`.",
    tags=["Download"],
    parameters=[
        OpenApiParameter(
            "path",
            {"type": "string", "minLength": 1},
            OpenApiParameter.QUERY,
            required=True,
            description="A media_path.",
        ),
        *DOWNLOAD_HEADERS,
    ],
    responses={
        **DOWNLOAD_RESPONSES,
        **problem_responses("path_missing", *DOWNLOAD_PROBLEMS, always=ALWAYS_OF_BYTES),
    },
)


class _LimitsOfAKind(serializers.Serializer[Any]):
    types = serializers.ListField(child=serializers.CharField(), allow_null=True, help_text="Null for any.")
    max_bytes = serializers.IntegerField()
    animated_max_bytes = serializers.IntegerField(allow_null=True, help_text="Of what moves, where it differs.")


@extend_schema_serializer(many=False)
class _Limits(serializers.Serializer[Any]):
    max_bytes = serializers.IntegerField(help_text="Of any media, sent or uploaded.")
    kinds = serializers.DictField(child=_LimitsOfAKind())


limits = extend_schema(
    operation_id="limits",
    summary="Read the limits",
    description="What may be sent, before it is sent. Scope: `media:read`.",
    tags=["Media"],
    responses={200: _Limits, **problem_responses()},
)


# A single object, though its route has no id: the OpenAPI generator takes `list` for a list.
@extend_schema_serializer(many=False)
class DestructionSerializer(serializers.Serializer[Any]):
    """What became of a destroyed device."""

    device_id = serializers.UUIDField()
    device_name = serializers.CharField()
    status = serializers.ChoiceField(
        choices=["removing", "collecting", "done"],
        help_text="`removing` media, `collecting` their objects, or `done`: nothing of it is left.",
    )
    destroyed_at = serializers.DateTimeField(help_text="From this moment on nothing of it could be reached.")
    removed_at = serializers.DateTimeField(allow_null=True, help_text="When the last of its media had gone.")
    media = serializers.IntegerField(help_text="How many media it had, so far as they were removed.")
    bytes = serializers.IntegerField(help_text="Their sizes, together.")
    media_left = serializers.IntegerField(help_text="Media still to be removed.")
    objects_left = serializers.IntegerField(help_text="Stored objects still to be deleted.")
    bytes_left = serializers.IntegerField(help_text="Their sizes, together.")
    objects_shared = serializers.IntegerField(
        help_text="Objects that stay, as other media of the app are the same bytes."
    )


destruction = extend_schema(
    operation_id="devices_destruction",
    summary="Read what became of a destroyed device",
    description="When it went, how much it had, what is still to be deleted. Scope: `devices`.",
    tags=["Devices"],
    parameters=[
        OpenApiParameter("device_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="A destroyed device.")
    ],
    responses={200: DestructionSerializer, **problem_responses("not_found")},
    examples=[
        OpenApiExample(
            "A device whose objects are being deleted",
            value={
                "device_id": "0192f0c0-0000-7000-8000-000000000002",
                "device_name": "Counter phone",
                "status": "collecting",
                "destroyed_at": "2026-11-23T10:00:00Z",
                "removed_at": "2026-11-23T10:00:02Z",
                "media": 1204,
                "bytes": 361200000,
                "media_left": 0,
                "objects_left": 310,
                "bytes_left": 93000000,
                "objects_shared": 2,
            },
            response_only=True,
            status_codes=["200"],
        )
    ],
)
