"""The shapes of the endpoints about webhooks."""

from typing import Any

from rest_framework import serializers

from devices import webhooks
from devices.api.strictness import StrictSerializer, TextField
from devices.models import WebhookDelivery, WebhookEndpoint

URL_CHARACTERS = 4_096
_EVENTS = [(event.value, event.label) for event in webhooks.CHOOSABLE]
_EVENTS_HELP = "; ".join(f"`{event.value}`: {event.label}" for event in webhooks.CHOOSABLE)
_URL_HELP = "`https`, port 443, a public host; or at an origin that whoever runs this service has allowed."
_OVER = [("dead", "given up"), ("delivered", "delivered")]


class NullableChoice(serializers.ChoiceField):
    """A word, or null where the row has none."""

    def to_representation(self, value: Any) -> Any:
        """Null for the empty word."""
        return super().to_representation(value) if value else None


class WebhookSerializer(serializers.Serializer[Any]):
    """An endpoint as its app sees it: never its secret."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=_EVENTS), help_text=_EVENTS_HELP)
    enabled = serializers.BooleanField()
    disabled_reason = NullableChoice(
        choices=WebhookEndpoint.DisabledReason.choices,
        allow_null=True,
        help_text="`client`: somebody disabled it; `gone`: it answered 410; `failing`: five days of failures.",
    )
    disabled_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True, help_text="The first failure since the last success.")
    not_before = serializers.DateTimeField(
        allow_null=True, help_text="Until then nothing is sent to it, as it asked (Retry-After)."
    )
    previous_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until this moment the secret before the last rotation signs too."
    )
    created_at = serializers.DateTimeField()


class SecretWebhookSerializer(WebhookSerializer):
    """An endpoint just created or rotated, with its secret."""

    secret = serializers.CharField(help_text="`whsec_…`, shown this once: store it now. Signatures are verified by it.")


class UrlField(TextField):
    """A URL as it is sent; the verb judges it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": URL_CHARACTERS, "trim_whitespace": False, "help_text": _URL_HELP, **options})


class EventsField(serializers.ListField):
    """Which events are told."""

    def __init__(self, **options: Any) -> None:
        child = serializers.ChoiceField(choices=_EVENTS)
        super().__init__(child=child, min_length=1, help_text=_EVENTS_HELP, **options)


class BooleanField(serializers.BooleanField):
    """True or false; DRF's own would take "yes" and 1."""

    def to_internal_value(self, data: Any) -> bool:
        """The value as JSON has it."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class NewWebhookSerializer(StrictSerializer):
    """What a new endpoint is to be."""

    url = UrlField()
    events = EventsField()


class WebhookChangeSerializer(StrictSerializer):
    """What may be changed about an endpoint."""

    url = UrlField(required=False)
    events = EventsField(required=False)
    enabled = BooleanField(
        required=False,
        help_text="While it is false, no events are written for it, and those that wait go on waiting.",
    )


class SecondsField(serializers.IntegerField):
    """A whole number; DRF's own would take its digits in a string, or true."""

    def to_internal_value(self, data: Any) -> int:
        """The value as JSON has it."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class RotationSerializer(StrictSerializer):
    """How long the secret before goes on signing."""

    overlap_seconds = SecondsField(
        required=False,
        default=webhooks.OVERLAP_SECONDS,
        min_value=0,
        max_value=webhooks.LONGEST_OVERLAP_SECONDS,
        help_text="How long the secret before this one signs beside it; 0 where it has leaked.",
    )


class DeliverySerializer(serializers.Serializer[Any]):
    """An event on its way to an endpoint."""

    id = serializers.UUIDField(help_text="The `webhook-id`, the same on every attempt.")
    event = serializers.CharField()
    state = serializers.ChoiceField(choices=WebhookDelivery.State.choices)
    attempts = serializers.IntegerField(help_text="Since it was written or last replayed.")
    created_at = serializers.DateTimeField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    device_id = serializers.UUIDField(allow_null=True)
    request_id = serializers.CharField(help_text="Of the request that made it true, where there was one.")


class AttemptSerializer(serializers.Serializer[Any]):
    """One attempt."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True, help_text="Null where no answer began.")
    code = serializers.CharField(allow_null=True, help_text="Why it was no success; null where it was one.")
    seconds = serializers.FloatField()
    answer = serializers.CharField(help_text="The first 1 KB of it.")


class WholeDeliverySerializer(DeliverySerializer):
    """The same with what is sent, but for its live part, and what came back."""

    payload = serializers.DictField(help_text="The facts, as they were written.")
    log = AttemptSerializer(many=True, help_text="The last attempts, oldest first.")


class ReplaySerializer(StrictSerializer):
    """What is to be sent again."""

    since = serializers.DateTimeField(help_text="RFC 3339: what was written at this moment or later.")
    states = serializers.ListField(
        child=serializers.ChoiceField(choices=_OVER),
        required=False,
        default=["dead"],
        min_length=1,
        help_text="`dead` for what was given up, `delivered` for what was taken.",
    )


class ReplayedSerializer(serializers.Serializer[Any]):
    """How much is sent again."""

    replayed = serializers.IntegerField()
