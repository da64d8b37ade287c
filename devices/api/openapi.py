"""How the key appears in the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the generator is untyped
    """A bearer token; its scopes stand in each operation's description, as OpenAPI has none for this kind."""

    target_class = "devices.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - the generator's signature
        """The scheme of the document."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mhk_…", "description": "An API key of an app."}
