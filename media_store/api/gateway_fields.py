"""Gateway fields: what a gateway says of messages, checked and shaped. Saves nothing."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from devices.api.strictness import StrictSerializer, TextField
from media_store import ingest, kinds, outbox
from media_store.api.answers import MediaSerializer
from media_store.api.fields import FileNameField
from media_store.errors import CaptionTooLong
from media_store.models import ADDRESS_CHARACTERS, CAPTION_CHARACTERS, MESSAGE_ID_CHARACTERS, Media

OMITTED_REASON = r"^[a-z][a-z0-9_]{0,39}$"
MOST_BYTES = 2**53 - 1
KINDS = [(name, name) for name in kinds.DEFAULTS]
RECEIPT_STATES = [state for state in Media.Delivery.values if state != Media.Delivery.QUEUED]


class Moment(serializers.DateTimeField):
    """A moment in UTC, RFC 3339; one without an offset is taken for UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)


class Number(serializers.IntegerField):
    """A JSON number; DRF's own takes text for one."""

    def to_internal_value(self, data: Any) -> int:
        """As it was sent."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Flag(serializers.BooleanField):
    """True or false; DRF's own takes words and numbers for them."""

    def to_internal_value(self, data: Any) -> bool:
        """As it was sent."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class FileName(FileNameField):
    """Any name is taken, and nothing that is none."""

    def to_internal_value(self, data: Any) -> str:
        """The name as it is kept."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class InboundFieldsSerializer(StrictSerializer):
    """A message that a gateway has received."""

    message_id = TextField(
        max_length=MESSAGE_ID_CHARACTERS,
        trim_whitespace=False,
        help_text="As the network calls it: unique per device. The same one again is no second message.",
    )
    kind = serializers.ChoiceField(
        choices=KINDS, required=False, help_text="What the network calls it; told from the bytes where it is left out."
    )
    chat_id = TextField(
        required=False, allow_blank=True, max_length=ADDRESS_CHARACTERS, help_text="Where it was written."
    )
    chat_type = serializers.ChoiceField(
        choices=ingest.ChatType.choices,
        required=False,
        help_text="For the ingest policy; told from `chat_id` where it is left out (`…@g.us`, `status@broadcast`).",
    )
    sent_at = Moment(required=False, help_text="When the network says that it was sent.")
    file_name = FileName(required=False, allow_blank=True, trim_whitespace=False, help_text="For display.")
    mime_type = TextField(
        required=False, allow_blank=True, max_length=127, help_text="Advice: the bytes decide, where there are any."
    )
    caption = TextField(required=False, allow_blank=True, trim_whitespace=False, help_text="At most 1,024 characters.")
    ptt = serializers.BooleanField(required=False, default=False, help_text="A voice message (push to talk).")
    sha256 = serializers.RegexField(r"^[0-9A-Fa-f]{64}$", required=False, help_text="Checked against what arrives.")
    size = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_BYTES,
        help_text="In bytes, of media that is not carried; what arrives is counted.",
    )

    def get_fields(self) -> dict[str, Any]:
        """With the one that Python has no name for."""
        said = TextField(
            source="sender", required=False, allow_blank=True, max_length=ADDRESS_CHARACTERS, help_text="Who wrote it."
        )
        return {**super().get_fields(), "from": said}

    def validate_caption(self, caption: str) -> str:
        """Error: `CaptionTooLong`."""
        if len(caption) > CAPTION_CHARACTERS:
            detail = f"The caption has {len(caption)} characters; {CAPTION_CHARACTERS} are allowed."
            raise CaptionTooLong(detail, limit_characters=CAPTION_CHARACTERS, actual_characters=len(caption))
        return caption


class OmittableFieldsSerializer(InboundFieldsSerializer):
    """The same, with or without bytes."""

    omitted = serializers.RegexField(
        OMITTED_REASON,
        required=False,
        help_text="Instead of the bytes: a word that says why the gateway did not carry them, `not_downloaded` say.",
    )


class OmittedFieldsSerializer(OmittableFieldsSerializer):
    """A message whose media the gateway did not carry: what is known of it, and why."""

    omitted = serializers.RegexField(
        OMITTED_REASON, help_text="A word that says why the gateway did not carry the bytes, `not_downloaded` say."
    )
    # A form has words only; JSON means what it says.
    ptt = Flag(required=False, default=False, help_text="A voice message (push to talk).")
    size = Number(required=False, min_value=1, max_value=MOST_BYTES, help_text="In bytes, as far as it is known.")


class IngestPolicySerializer(StrictSerializer):
    """What of a device's inbound media is kept. What is not is recorded as omitted, and told of all the same."""

    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=KINDS),
        allow_null=True,
        max_length=len(KINDS),
        help_text="The kinds that are kept; null for any.",
    )
    groups = Flag(help_text="Whether media of group chats is kept.")
    statuses = Flag(help_text="Whether media of status updates is kept.")
    max_bytes = Number(
        allow_null=True, min_value=1, max_value=MOST_BYTES, help_text="Nothing larger is kept; null for no such limit."
    )


class ClaimFieldsSerializer(StrictSerializer):
    """Which messages a gateway would send next."""

    device_ids = serializers.ListField(
        child=TextField(trim_whitespace=False),
        required=False,
        allow_null=True,
        min_length=1,
        max_length=outbox.MOST_DEVICES,
        help_text="Of these devices only; of all of the app where it is left out.",
    )
    max = Number(
        required=False, default=10, min_value=1, max_value=outbox.MOST_MESSAGES, help_text="At most so many messages."
    )
    wait = Number(
        required=False,
        default=0,
        min_value=0,
        max_value=30,
        help_text="Where there are none, wait up to so many seconds for some.",
    )


class QueuedMessageSerializer(serializers.Serializer[Media]):
    """A message that waits for delivery."""

    message_id = serializers.CharField()
    device_id = serializers.UUIDField()
    to = serializers.CharField()
    type = serializers.ChoiceField(choices=KINDS, source="kind")
    caption = serializers.SerializerMethodField()
    file_name = serializers.SerializerMethodField()
    ptt = serializers.BooleanField()
    mime_type = serializers.CharField(help_text="What the bytes are.")
    size = serializers.IntegerField(help_text="In bytes.")
    sha256 = serializers.CharField(help_text="Of the bytes, to be checked.")
    media = serializers.SerializerMethodField()
    claimed_until = serializers.SerializerMethodField(
        help_text="Until then nobody else is given it; null where nobody has it."
    )
    claim_count = serializers.IntegerField(help_text="How often it was given to a gateway.")

    def get_caption(self, media: Media) -> str | None:
        """Null where there is none."""
        return media.caption or None

    def get_file_name(self, media: Media) -> str | None:
        """Null where none was given."""
        return media.file_name or None

    def get_media(self, media: Media) -> MediaSerializer:
        """The media object."""
        return MediaSerializer(media, context=self.context).data  # type: ignore[return-value]  # as the document has it

    def get_claimed_until(self, media: Media) -> datetime | None:
        """Null once it is over."""
        until = media.claimed_until
        return until if until is not None and until > self.context["now"] else None


class ClaimedMessageSerializer(QueuedMessageSerializer):
    """A message that this gateway is to send, and where its bytes are."""

    content_url = serializers.SerializerMethodField(help_text="Needs no key; good for some minutes.")
    content_url_expires_at = serializers.SerializerMethodField()

    def get_content_url(self, media: Media) -> str:
        """A link of its own."""
        return str(self.context["link_to"](media))

    def get_content_url_expires_at(self, media: Media) -> datetime:  # noqa: ARG002 - DRF's signature
        """The same for all that are claimed together."""
        until: datetime = self.context["link_until"]
        return until


class ClaimSerializer(serializers.Serializer[Any]):
    """The messages that are this gateway's to send until their `claimed_until`, oldest first."""

    messages = ClaimedMessageSerializer(many=True)


class ReceiptFieldsSerializer(StrictSerializer):
    """How far a message got. It is named by `message_id`, or by what the network calls it."""

    message_id = TextField(
        required=False, max_length=MESSAGE_ID_CHARACTERS, trim_whitespace=False, help_text="As it was claimed."
    )
    network_message_id = TextField(
        required=False,
        max_length=MESSAGE_ID_CHARACTERS,
        trim_whitespace=False,
        help_text="As the network calls it. Beside `message_id` it is noted, and later receipts may name it alone.",
    )
    state = serializers.ChoiceField(choices=RECEIPT_STATES, help_text="In any order: the furthest one counts.")
    at = Moment(help_text="When it got so far.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Named one way or the other."""
        if not (attrs.get("message_id") or attrs.get("network_message_id")):
            raise serializers.ValidationError("Name the message by message_id or by network_message_id.")
        return attrs


class ReceiptsFieldsSerializer(serializers.ListSerializer[Any]):
    """Up to 500 of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=ReceiptFieldsSerializer(), allow_empty=False, max_length=outbox.MOST_RECEIPTS, **options)


class ReceiptOutcomeSerializer(serializers.Serializer[Any]):
    """What became of a receipt."""

    message_id = serializers.CharField(allow_null=True)
    network_message_id = serializers.CharField(allow_null=True)
    outcome = serializers.ChoiceField(
        choices=list(outbox.Noted.values),
        help_text="`noted`; `unchanged`, as it was known; or `unknown`: this device sends no such message.",
    )


class ReceiptOutcomesSerializer(serializers.Serializer[Any]):
    """What became of the receipts, in their order."""

    results = ReceiptOutcomeSerializer(many=True)


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": settings.LINK_MAX_SECONDS})
class LinkSeconds(Number):
    """The document names the most that this installation allows."""


class LinkFieldsSerializer(StrictSerializer):
    """How long a link is to work."""

    ttl_seconds = LinkSeconds(
        required=False, min_value=1, help_text="An hour where it is left out, or the most that there is."
    )

    def validate_ttl_seconds(self, seconds: int) -> int:
        """At most LINK_MAX_SECONDS, which whoever runs this service sets."""
        if seconds > settings.LINK_MAX_SECONDS:
            raise serializers.ValidationError(f"A link lives for at most {settings.LINK_MAX_SECONDS} seconds.")
        return seconds


class LinkSerializer(serializers.Serializer[Any]):
    """A link that needs no key."""

    url = serializers.URLField(help_text="Whoever has it may download the media.")
    expires_at = serializers.DateTimeField()
