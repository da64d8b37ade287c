"""Bodies with a field that no route knows are refused, so that a misspelt option is never silently ignored."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from problems.errors import UnknownField


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer of a request body; it validates and shapes, and saves nothing."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields before anything else is said about the body."""
        if isinstance(data, Mapping):
            self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: Mapping[str, Any]) -> None:
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            known = ", ".join(sorted(self.fields))
            raise UnknownField(f"{unknown[0]!r} is not a field of this request; it has {known}.", fields=unknown)
