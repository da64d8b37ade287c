"""Bodies are taken as the OpenAPI document has them, and nothing about them is guessed or silently ignored."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from problems.errors import UnknownField


class TextField(serializers.CharField):
    """A JSON string; DRF's own would take a number for its digits."""

    def to_internal_value(self, data: Any) -> str:
        """The text as it was sent."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class StrictSerializer(serializers.Serializer[Any]):
    """A request body; a field that no route knows is refused, so that a misspelt option does not go unnoticed."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields before anything else is said about the body."""
        if isinstance(data, Mapping):
            self.refuse_unknown(data)
        return super().to_internal_value(data)

    def refuse_unknown(self, data: Mapping[str, Any]) -> None:
        """Error: `UnknownField`."""
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            known = ", ".join(sorted(self.fields))
            raise UnknownField(f"{unknown[0]!r} is not a field of this request; it has {known}.", fields=unknown)
