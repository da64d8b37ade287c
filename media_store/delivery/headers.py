"""Headers: what goes with the bytes, so that no browser takes them for anything but a file."""

import base64
from urllib.parse import quote

from django.conf import settings
from django.utils.http import http_date

from media_store import file_names, mime_types
from media_store.models import Media

# RFC 8187, section 3.2.1: the characters of a value that stand for themselves.
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"

SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}


def of(media: Media, *, attachment: bool = False) -> dict[str, str]:
    """The headers of a download, but for those that depend on the range."""
    mime_type = mime_types.served_type(media.mime_type, extra=settings.MEDIA_SERVED_TYPES)
    inline = mime_types.is_inline(mime_type) and not attachment
    return {
        "Content-Type": mime_type,
        "Content-Disposition": disposition("inline" if inline else "attachment", file_name(media)),
        "ETag": etag(media),
        "Last-Modified": http_date(int(media.created_at.timestamp())),
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(media.sha256)).decode()}:",
        **SAFETY,
    }


def etag(media: Media) -> str:
    """A strong validator (RFC 9110, section 8.8.3): the same bytes, the same tag."""
    return f'"{media.sha256}"'


def file_name(media: Media) -> str:
    """The name as it was sent, or one made of the message id."""
    if media.file_name:
        return media.file_name
    stem = file_names.clean(media.message_id) or str(media.id)
    return f"{stem}.{mime_types.extension(media.mime_type)}"


def disposition(kind: str, name: str) -> str:
    """RFC 6266: a plain form for old clients, and the true name in the form of RFC 8187."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE_CHARACTERS)}"
