"""The shapes of the tenants' endpoints."""

from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from devices import names
from devices.api.strictness import StrictSerializer, TextField
from devices.models import NAME_MAX_CHARACTERS
from devices.scopes import Scope

_SCOPES_HELP = "; ".join(f"`{scope.value}`: {scope.label}" for scope in Scope)


class NameField(TextField):
    """A name as it is sent; the verb trims it."""

    def __init__(self, **options: Any) -> None:
        one_line = RegexValidator(names.PATTERN, names.ONE_LINE)
        options = {"max_length": NAME_MAX_CHARACTERS, "trim_whitespace": False, "validators": [one_line], **options}
        super().__init__(**options)


class NamedSerializer(serializers.Serializer[Any]):
    """An id and a name."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class KeySerializer(serializers.Serializer[Any]):
    """A key as its app sees it: never the token, never its digest."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The first characters of the token, to tell keys apart.")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), help_text=_SCOPES_HELP)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="From this moment on the key opens nothing.")
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class IssuedKeySerializer(KeySerializer):
    """A key just issued, with its token."""

    key = serializers.CharField(help_text="The token. It is shown this once and kept nowhere: store it now.")


class NewKeySerializer(StrictSerializer):
    """What a new key is to be."""

    name = NameField(help_text="What the key is for.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), min_length=1, help_text=_SCOPES_HELP
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="RFC 3339, in the future; null or left out: never."
    )


class DeviceSerializer(serializers.Serializer[Any]):
    """A device."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()


class NewDeviceSerializer(StrictSerializer):
    """What a new device is called."""

    name = NameField(help_text="Unique among the devices of the app, one line.")


class DeviceChangeSerializer(StrictSerializer):
    """What may be changed about a device."""

    name = NameField(required=False, help_text="Unique among the devices of the app, one line.")


# A single object, though its route has no id: the OpenAPI generator takes `list` for a list.
@extend_schema_serializer(many=False)
class MeSerializer(serializers.Serializer[Any]):
    """Which app, key and scopes a request has."""

    app = NamedSerializer()
    key = KeySerializer()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), help_text=_SCOPES_HELP)
