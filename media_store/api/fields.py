"""Fields: what a sender may say beside the bytes, checked and shaped. Saves nothing."""

from collections.abc import Mapping
from typing import Any, NoReturn

from rest_framework import serializers

from devices.api.strictness import StrictSerializer
from media_store import file_names, kinds
from media_store.errors import CaptionTooLong
from media_store.models import CAPTION_CHARACTERS, MESSAGE_ID_CHARACTERS
from problems.errors import NotFound

URL_FIELD = "url"
URL_CHARACTERS = 4_096
REUSE_FIELDS = ("media_id", "media_path")
WORDS_WITHOUT_MEDIA = ("text", "location", "contact", "contacts", "reaction", "poll", "template", "interactive")


class KindField(serializers.ChoiceField):
    """The type of a message that carries media."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[(name, name) for name in kinds.DEFAULTS], **options)

    def fail(self, key: str, **details: Any) -> NoReturn:
        """Refuse other types by a sentence that tells which there are."""
        if key == "invalid_choice":
            message = f"There is no type {details.get('input')!r}; MediaHub takes {', '.join(kinds.DEFAULTS)}."
            raise serializers.ValidationError(message, code=key)
        super().fail(key, **details)


class FileNameField(serializers.CharField):
    """Any name is taken, whatever has to go from it: a file is not refused for what it is called."""

    def to_internal_value(self, data: Any) -> str:
        """The name as it is kept."""
        return file_names.clean(super().to_internal_value(data))


class OwnMediaIdField(serializers.UUIDField):
    """An id that is none is one that nothing has."""

    def fail(self, key: str, **details: Any) -> NoReturn:  # noqa: ARG002 - the base's signature
        """Refuse as for an unknown one."""
        raise NotFound


class OwnMediaPathField(serializers.CharField):
    """Looked up as it is: what is malformed is not found."""

    def run_validators(self, value: Any) -> None:
        """None: only the look-up knows a path."""


class MediaFieldsSerializer(StrictSerializer):
    """A media source and what is said of it. Exactly one source: `data_base64`, `url`, or a multipart `file`."""

    data_base64 = serializers.CharField(
        required=False, allow_null=True, help_text="Standard base64 (RFC 4648, section 4), or a `data:` URI."
    )
    url = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=URL_CHARACTERS,
        help_text="An HTTPS URL, which is fetched after the answer.",
    )
    mime_type = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=127, help_text="Advice: the bytes decide."
    )
    file_name = FileNameField(
        required=False,
        allow_null=True,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Kept for display: path parts and control characters are removed, cut to 255 characters.",
    )
    sha256 = serializers.RegexField(
        r"^[0-9A-Fa-f]{64}$", required=False, allow_null=True, help_text="Checked against what arrives."
    )


class MessageFieldsSerializer(MediaFieldsSerializer):
    """An outbound message. Exactly one source: `data_base64`, `url`, `media_id`, `media_path` or a multipart `file`."""

    to = serializers.CharField(max_length=255, help_text="Kept only as long as the message waits for delivery.")
    type = KindField(help_text="What the message carries.")
    media_id = OwnMediaIdField(required=False, allow_null=True, help_text="Media this app already has.")
    media_path = OwnMediaPathField(
        required=False, allow_null=True, trim_whitespace=False, help_text="Media this app already has, by its path."
    )
    caption = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False, help_text="At most 1,024 characters."
    )
    ptt = serializers.BooleanField(required=False, default=False, help_text="A voice message (push to talk).")
    message_id = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=MESSAGE_ID_CHARACTERS,
        trim_whitespace=False,
        help_text="Yours, unique per device; made here where there is none. The same one again is no second message.",
    )

    def refuse_unknown(self, data: Mapping[str, Any]) -> None:
        """What carries no media is told so before its own fields, which are none here, are held against it."""
        word = data.get("type")
        if word in WORDS_WITHOUT_MEDIA:
            message = f"A message of type {word} carries no media; MediaHub takes {', '.join(kinds.DEFAULTS)}."
            raise serializers.ValidationError({"type": [message]})
        super().refuse_unknown(data)

    def validate_caption(self, caption: str | None) -> str | None:
        """Error: `CaptionTooLong`."""
        if caption and len(caption) > CAPTION_CHARACTERS:
            detail = f"The caption has {len(caption)} characters; {CAPTION_CHARACTERS} are allowed."
            raise CaptionTooLong(detail, limit_characters=CAPTION_CHARACTERS, actual_characters=len(caption))
        return caption
