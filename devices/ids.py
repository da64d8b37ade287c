"""Ids that come from outside."""

import re
import uuid

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def parsed(text: str) -> uuid.UUID | None:
    """The id, written the usual way (RFC 9562, section 4); None for anything else, Python's other spellings too."""
    return uuid.UUID(text) if _UUID.fullmatch(text) else None
