"""What the OpenAPI document says of the gateway's routes and of links, beside what it can read from the code."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from media_store.api.answers import MediaSerializer
from media_store.api.gateway_fields import (
    ClaimFieldsSerializer,
    ClaimSerializer,
    IngestPolicySerializer,
    LinkFieldsSerializer,
    LinkSerializer,
    OmittableFieldsSerializer,
    OmittedFieldsSerializer,
    QueuedMessageSerializer,
    ReceiptFieldsSerializer,
    ReceiptOutcomesSerializer,
)
from media_store.api.inbound_bodies import HEADER
from media_store.api.schema_parts import (
    DEVICE_ID,
    DOWNLOAD_HEADERS,
    DOWNLOAD_PROBLEMS,
    DOWNLOAD_RESPONSES,
    LOCATION,
    MEDIA_EXAMPLE,
)
from problems.openapi import problem_responses

JSON_PROBLEMS = (
    "malformed",
    "malformed_json",
    "unknown_field",
    "length_required",
    "too_large",
    "unsupported_body",
    "request_timeout",
)
INBOUND_PROBLEMS = (
    *JSON_PROBLEMS,
    "malformed_multipart",
    "incomplete_body",
    "source_missing",
    "source_ambiguous",
    "caption_too_long",
    "empty",
    "checksum_mismatch",
    "duplicate_message_id",
    "not_found",
    "try_again",
    "storage_unavailable",
    "storage_full",
)
LINK_URL = "https://media.example.com/v1/links/AQGS8MFtLnpVijwNbxorPE0AaSbPkJ3wqzE2fZ1kUuO8b2vTtLh0yRrYx5nWc7Jd4e"
CHECKSUM = MEDIA_EXAMPLE["sha256"]
INBOUND_EXAMPLE = {
    **MEDIA_EXAMPLE,
    "media_path": "media/0192f0c0-0000-7000-8000-000000000001/0192f0c0-0000-7000-8000-000000000002-3EB0C431C26A.jpg",
    "direction": "inbound",
    "file_name": None,
    "caption": "Is this the right one?",
    "source": "file",
    "message_id": "3EB0C431C26A",
    "delivery": None,
    "expires_at": "2026-11-30T10:00:00Z",
    "expiry_rule": "shipped: inbound, 7 days",
}
OMITTED_EXAMPLE = {
    **INBOUND_EXAMPLE,
    "status": "omitted",
    "reason": "not_downloaded",
    "declared_mime_type": "video/mp4",
    "mime_type": "video/mp4",
    "kind": "video",
    "size": 73400320,
    "sha256": None,
    "source": "none",
}
QUEUED_EXAMPLE = {
    "message_id": "slip-1",
    "device_id": MEDIA_EXAMPLE["device_id"],
    "to": "6281234567890",
    "type": "image",
    "caption": "Payment slip",
    "file_name": "slip.jpg",
    "ptt": False,
    "mime_type": "image/jpeg",
    "size": 48213,
    "sha256": CHECKSUM,
    "media": MEDIA_EXAMPLE,
    "claimed_until": None,
    "claim_count": 0,
}
CLAIMED_EXAMPLE = {
    **QUEUED_EXAMPLE,
    "claimed_until": "2026-11-23T10:02:00Z",
    "claim_count": 1,
    "content_url": LINK_URL,
    "content_url_expires_at": "2026-11-23T10:10:00Z",
}
POLICY_EXAMPLE = {"kinds": ["image", "audio", "document"], "groups": False, "statuses": False, "max_bytes": 16777216}


class InboundUpload(OmittableFieldsSerializer):
    """The same fields beside a multipart file."""

    file = serializers.FileField(
        required=False, help_text="The bytes; the part's filename and Content-Type are taken with it. Best last."
    )


def _fields_as_headers() -> list[OpenApiParameter]:
    """For a raw body."""
    fields = OmittableFieldsSerializer().fields
    about = "Of a raw body: `{}`, percent-encoded UTF-8."
    return [
        OpenApiParameter(HEADER + _called(name), str, OpenApiParameter.HEADER, description=about.format(name))
        for name in map(str, fields)
    ]


def _called(name: str) -> str:
    return "Id" if name == "message_id" else name.replace("_", "-").title()


inbound = extend_schema(
    operation_id="inbound",
    summary="Hand in what was received",
    description=(
        "The bytes as a multipart `file` beside the fields, or raw with the fields as `X-Message-…` headers "
        "(`X-Message-Id`, `X-Message-From`, …), or JSON without bytes and with `omitted`. Stored whatever their type "
        "is. What is too large, or what the device's ingest policy is against, is recorded as omitted; a body that is "
        "too large to be read to its end is 413, and to be recorded by a second call with `omitted=too_large`. The app "
        "is told of each by the event `message`. The same message again is answered with the first, whatever became of "
        "it; one that was recorded as omitted takes its bytes when they come after all, and the app is told by "
        "`media.ready`. Scope: `gateway`."
    ),
    tags=["Gateway"],
    parameters=[DEVICE_ID, *_fields_as_headers(), LOCATION],
    request={
        "multipart/form-data": InboundUpload,
        "application/json": OmittedFieldsSerializer,
        "application/octet-stream": OpenApiTypes.BINARY,
    },
    responses={
        201: OpenApiResponse(MediaSerializer, description="Stored, or recorded as omitted."),
        200: OpenApiResponse(MediaSerializer, description="The message was handed in before."),
        **problem_responses(*INBOUND_PROBLEMS),
    },
    examples=[
        OpenApiExample(
            "A video that was not downloaded",
            value={
                "message_id": "3EB0C431C26A",
                "kind": "video",
                "from": "6281234567890@s.whatsapp.net",
                "chat_id": "6281234567890@s.whatsapp.net",
                "sent_at": "2026-11-23T09:59:58Z",
                "mime_type": "video/mp4",
                "size": 73400320,
                "omitted": "not_downloaded",
            },
            request_only=True,
            media_type="application/json",
        ),
        OpenApiExample("Stored", value=INBOUND_EXAMPLE, response_only=True, status_codes=["200", "201"]),
        OpenApiExample("Recorded as omitted", value=OMITTED_EXAMPLE, response_only=True, status_codes=["200", "201"]),
    ],
)

outbox = extend_schema(
    operation_id="outbox_list",
    summary="List what waits for delivery",
    description="Of one device, oldest first, claimed or not; nothing changes by it. Scope: `gateway`.",
    tags=["Gateway"],
    parameters=[DEVICE_ID],
    responses={
        200: QueuedMessageSerializer(many=True),
        **problem_responses("malformed", "unknown_field", "not_found"),
    },
    examples=[OpenApiExample("A queued image", value=QUEUED_EXAMPLE, response_only=True, status_codes=["200"])],
)

claim = extend_schema(
    operation_id="outbox_claim",
    summary="Claim messages to send",
    description=(
        "Leases the oldest queued messages, each with a content URL that needs no key. Without a receipt before "
        "`claimed_until` a message is given to whoever asks next: it goes out at least once, so tell by `message_id` "
        "what was sent already. `wait` keeps the request until there is something; where too many wait already the "
        "answer comes at once, with Retry-After. Scope: `gateway`."
    ),
    tags=["Gateway"],
    parameters=[
        OpenApiParameter(
            "Retry-After",
            int,
            OpenApiParameter.HEADER,
            description="Where it could not wait: when to ask again, in seconds.",
            response=[200],
        )
    ],
    request=ClaimFieldsSerializer,
    responses={
        200: OpenApiResponse(ClaimSerializer, description="Perhaps none."),
        **problem_responses(*JSON_PROBLEMS, "not_found"),
    },
    examples=[
        OpenApiExample("Ten of any device", value={"max": 10, "wait": 0}, request_only=True),
        OpenApiExample("One", value={"messages": [CLAIMED_EXAMPLE]}, response_only=True, status_codes=["200"]),
    ],
)

receipts = extend_schema(
    operation_id="receipts_note",
    summary="Report how far messages got",
    description=(
        "1 to 500 receipts, in any order and any number of times: the furthest state counts, and the earliest arrival. "
        "Name a message by its `message_id`, or by a `network_message_id` that was told beside it. Its `to` is "
        "forgotten once it is delivered, read or given up. The app is told of what changed by the event `receipt`. "
        "Scope: `gateway`."
    ),
    tags=["Gateway"],
    parameters=[DEVICE_ID],
    request=ReceiptFieldsSerializer(many=True),
    responses={200: ReceiptOutcomesSerializer, **problem_responses(*JSON_PROBLEMS, "not_found")},
    examples=[
        OpenApiExample(
            "Sent",
            value={
                "message_id": "slip-1",
                "state": "sent",
                "at": "2026-11-23T10:00:05Z",
                "network_message_id": "3EB0F2D41C3A",
            },
            request_only=True,
        ),
        OpenApiExample(
            "Noted",
            value={
                "results": [{"message_id": "slip-1", "network_message_id": "3EB0F2D41C3A", "outcome": "noted"}],
            },
            response_only=True,
            status_codes=["200"],
        ),
    ],
)

read_policy = extend_schema(
    operation_id="ingest_policy_read",
    summary="Read the ingest policy",
    description="Of one device: what of its inbound media is kept. Scope: `devices` or `gateway`.",
    tags=["Gateway"],
    parameters=[DEVICE_ID],
    responses={200: IngestPolicySerializer, **problem_responses("not_found")},
    examples=[OpenApiExample("No chatter", value=POLICY_EXAMPLE, response_only=True, status_codes=["200"])],
)

set_policy = extend_schema(
    operation_id="ingest_policy_set",
    summary="Set the ingest policy",
    description="The whole of it, for what is handed in from now on. Scope: `devices`.",
    tags=["Gateway"],
    parameters=[DEVICE_ID],
    request=IngestPolicySerializer,
    responses={200: IngestPolicySerializer, **problem_responses(*JSON_PROBLEMS, "not_found")},
    examples=[OpenApiExample("No chatter", value=POLICY_EXAMPLE)],
)

make_link = extend_schema(
    operation_id="media_link",
    summary="Make a link",
    description=(
        "An address of this service that needs no key: whoever has it may download the media, until its time is over "
        "or the media goes. Media that has gone, failed or was omitted answers as its download does; of media that is "
        "on its way there is a link. Scope: `media:read`."
    ),
    tags=["Download"],
    parameters=[
        OpenApiParameter("media_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The id of the media.")
    ],
    request=LinkFieldsSerializer,
    responses={
        201: LinkSerializer,
        **problem_responses(*JSON_PROBLEMS, "not_found", "media_gone", "media_failed", "media_omitted"),
    },
    examples=[
        OpenApiExample("For ten minutes", value={"ttl_seconds": 600}, request_only=True),
        OpenApiExample(
            "A link",
            value={"url": LINK_URL, "expires_at": "2026-11-23T10:10:00Z"},
            response_only=True,
            status_codes=["201"],
        ),
    ],
)

_TOKEN = OpenApiParameter("id", str, OpenApiParameter.PATH, description="The token of a link, never made by hand.")
follow_link = extend_schema(
    operation_id="link_follow",
    summary="Download by a link",
    description="The bytes, as a download by path answers them, or why there are none now. No key is asked for.",
    tags=["Download"],
    parameters=[_TOKEN, *DOWNLOAD_HEADERS],
    responses={
        **DOWNLOAD_RESPONSES,
        **problem_responses("link_expired", *DOWNLOAD_PROBLEMS, always=("method_not_allowed", "internal_error")),
    },
)
