"""Answers: media as JSON, and a delivery as a response."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from media_store import kinds
from media_store.delivery import Delivery
from media_store.models import Media
from media_store.models.vocabulary import DeliveryState
from media_store.spool import READ_BYTES


class MediaSerializer(serializers.ModelSerializer[Media]):
    """One message's media, or one plain upload."""

    media_path = serializers.CharField(source="path", help_text="A name, not a place: pass it to GET /media?path=.")
    kind = serializers.ChoiceField(choices=list(kinds.DEFAULTS))
    status = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField(help_text="Why it is not ready; null while it is.")
    reason_detail = serializers.SerializerMethodField(help_text="The reason in a sentence, where there is more to say.")
    size = serializers.SerializerMethodField(help_text="In bytes.")
    sha256 = serializers.SerializerMethodField()
    declared_mime_type = serializers.SerializerMethodField(help_text="As the sender declared it, if it did.")
    file_name = serializers.SerializerMethodField()
    caption = serializers.SerializerMethodField()
    delivery = serializers.SerializerMethodField(help_text="How far an outbound message got; null for other media.")
    device_id = serializers.UUIDField(allow_null=True)
    source_detail = serializers.SerializerMethodField(
        help_text="The host of a URL, or the id of the media that was reused."
    )
    mime_type = serializers.CharField(help_text="What the bytes are.")
    message_id = serializers.CharField(allow_null=True)

    class Meta:
        model = Media
        fields = (
            "id",
            "media_path",
            "status",
            "reason",
            "reason_detail",
            "direction",
            "kind",
            "mime_type",
            "declared_mime_type",
            "file_name",
            "caption",
            "size",
            "sha256",
            "source",
            "source_detail",
            "device_id",
            "message_id",
            "ptt",
            "delivery",
            "created_at",
            "expires_at",
            "expiry_rule",
            "purged_at",
        )
        read_only_fields = fields

    def get_status(self, media: Media) -> Media.Status:
        """As of now: what has expired is so, purged or not."""
        return Media.Status(media.status_at(self.context["now"]))

    def get_reason(self, media: Media) -> str | None:
        """Null while it is ready."""
        return media.reason_at(self.context["now"]) or None

    def get_reason_detail(self, media: Media) -> str | None:
        """Null where the reason says it all."""
        return media.reason_detail or None

    def get_size(self, media: Media) -> int | None:
        """Null until the bytes are here."""
        return media.size or None

    def get_sha256(self, media: Media) -> str | None:
        """Null until the bytes are here."""
        return media.sha256 or None

    def get_declared_mime_type(self, media: Media) -> str | None:
        """Null where none was declared."""
        return media.declared_mime_type or None

    def get_file_name(self, media: Media) -> str | None:
        """Null where none was given."""
        return media.file_name or None

    def get_caption(self, media: Media) -> str | None:
        """Null where there is none, or no longer."""
        return media.caption or None

    @extend_schema_field(serializers.ChoiceField(choices=DeliveryState.choices, allow_null=True))
    def get_delivery(self, media: Media) -> DeliveryState | None:
        """Null for what was not sent."""
        return DeliveryState(media.delivery) if media.delivery else None

    def get_source_detail(self, media: Media) -> str | None:
        """Null where the source says it all."""
        return media.source_detail or None


class MessageSerializer(serializers.Serializer[Any]):
    """A message that was taken in, with its media."""

    message_id = serializers.CharField()
    media = MediaSerializer()
    ignored = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Where the message was written as for another gateway: its fields that are no business of media.",
    )


def represent(media: Media, *, now: datetime) -> Any:
    """The media object of the contract."""
    return MediaSerializer(media, context={"now": now}).data


class _FileResponse(FileResponse):
    """A whole file, which the server may hand to the kernel; the headers it guesses are all set again."""

    block_size = READ_BYTES


def respond(delivery: Delivery) -> HttpResponseBase:
    """The response that sends this delivery."""
    response: HttpResponseBase
    if delivery.file is not None:
        response = _FileResponse(delivery.file)
    elif delivery.body is not None:
        response = StreamingHttpResponse(delivery.body)
    else:
        response = HttpResponse()
    response.status_code = delivery.status
    for name, value in delivery.headers.items():
        response[name] = value
    if delivery.status == HTTPStatus.NOT_MODIFIED:
        del response["Content-Type"]
    return response
