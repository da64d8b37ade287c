"""Naming: the path that a media is known by. Issued once, then only ever compared."""

import re
import secrets

from media_store import mime_types
from media_store.models import Media

# What may stand in a path as it is; any other id is kept on the row and replaced in the path.
PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def path_for(media: Media) -> str:
    """The path of a media that has none yet."""
    if media.device_id is None:
        return _path(media, f"{media.id}-{_random()}")
    stem = media.message_id or ""
    return _path(media, f"{media.device_id}-{stem if PLAIN_ID.fullmatch(stem) else _random()}")


def other_path_for(media: Media) -> str:
    """A path for a media whose own is taken (the same message id in the other direction, say)."""
    return _path(media, f"{media.device_id or media.id}-{_random()}")


def _path(media: Media, name: str) -> str:
    return f"media/{media.app_id}/{name}.{mime_types.extension(media.mime_type, file_name=media.file_name)}"


def _random() -> str:
    return secrets.token_hex(16)
