"""System checks of what media needs to run."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from media_store import kinds


@register()
def media_kinds(**_options: Any) -> list[CheckMessage]:
    """MEDIA_KINDS must make sense as a whole."""
    try:
        kinds.kinds_from(settings.MEDIA_KINDS, max_bytes=settings.MEDIA_MAX_BYTES)
    except ValueError as error:
        hint = "Set MEDIA_KINDS as docs/settings.md shows, or leave it out."
        return [Error(f"MEDIA_KINDS: {error}", hint=hint, id="media_store.E001")]
    return []
