"""What the OpenAPI document says of the routes that take media, beside what it can read from the code."""

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

from media_store.api.answers import MediaSerializer, MessageSerializer
from media_store.api.fields import MediaFieldsSerializer, MessageFieldsSerializer
from media_store.api.schema_parts import (
    BODY_PROBLEMS,
    DEVICE_ID,
    LOCATION,
    MEDIA_EXAMPLE,
    MEDIA_ID,
    PENDING_EXAMPLE,
    PREFER,
    RETRY_AFTER,
    UNREADABLE_PROBLEMS,
    UPLOAD_EXAMPLE,
)
from problems.openapi import problem_responses

FILE_NAME = OpenApiParameter(
    "X-File-Name", str, OpenApiParameter.HEADER, description="The file name of a raw body, percent-encoded UTF-8."
)


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
        FILE_NAME,
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
        **problem_responses(*BODY_PROBLEMS, "not_found", "media_failed", "media_gone"),
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
        **problem_responses("not_found", "not_refetchable", "media_failed", "media_gone"),
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
    parameters=[FILE_NAME],
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
