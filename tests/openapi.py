"""The OpenAPI document, as /api/schema shows it."""

from typing import Any

from drf_spectacular.generators import SchemaGenerator

DOCUMENT: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
