"""What the OpenAPI document says of the routes that tell of media or serve it, beside what the code says itself."""

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

from media_store.api.answers import MediaSerializer
from media_store.api.schema_parts import (
    DOWNLOAD_HEADERS,
    DOWNLOAD_PROBLEMS,
    DOWNLOAD_RESPONSES,
    MEDIA_EXAMPLE,
    MEDIA_ID,
)
from problems.openapi import ALWAYS_OF_BYTES, problem_responses

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
