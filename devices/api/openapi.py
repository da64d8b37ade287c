"""What the generator of the OpenAPI document cannot see by itself."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the generator is untyped
    """A bearer token; its scopes stand in each operation's description, as OpenAPI has none for this kind."""

    target_class = "devices.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - the generator's signature
        """The scheme of the document."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mhk_…", "description": "An API key of an app."}


class StrictBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # the generator is untyped
    """A strict body says that it is one."""

    target_class = "devices.api.strictness.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The generator's own schema, and no more fields than these."""
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001 - its extensions call it
        return {**schema, "additionalProperties": False}
