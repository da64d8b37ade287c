"""Links: an address of a media that needs no key, for a while.

Nothing is stored. A link's token says which media and until when, and that it was made here; the row is asked at
every request, so a link is dead as soon as its media is. A new SECRET_KEY ends all of them.
"""

import base64
import hmac
import re
import uuid
from datetime import UTC, datetime

from django.utils.crypto import salted_hmac

from media_store.errors import LinkExpired
from media_store.models import Media
from problems.errors import NotFound

SALT = "media_store.links"
VERSION = b"\x01"
ID_BYTES, MOMENT_BYTES, SIGNATURE_BYTES = 16, 5, 32
# A multiple of three bytes: in base64 then no bit is without a meaning, and a token has one spelling.
SIGNED_BYTES = len(VERSION) + ID_BYTES + MOMENT_BYTES
TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{(SIGNED_BYTES + SIGNATURE_BYTES) // 3 * 4}}}")


def token_for(media: Media, *, until: datetime) -> str:
    """The token of a link to this media that works until that moment, to the second."""
    moment = int(until.timestamp()).to_bytes(MOMENT_BYTES, "big")
    signed = VERSION + media.pk.bytes + moment
    return base64.urlsafe_b64encode(signed + _signature(signed)).decode()


def find(token: str, *, now: datetime) -> Media:
    """The media of this link. Errors: `NotFound` for what was never made here, or has gone; `LinkExpired`."""
    media_id, until = _read(token)
    if until <= now:
        raise LinkExpired(until)
    media = Media.objects.reachable().select_related("blob").filter(pk=media_id).first()
    if media is None:
        raise NotFound
    return media


def _read(token: str) -> tuple[uuid.UUID, datetime]:
    if not TOKEN.fullmatch(token):
        raise NotFound
    raw = base64.urlsafe_b64decode(token)
    signed, signature = raw[:SIGNED_BYTES], raw[SIGNED_BYTES:]
    if not hmac.compare_digest(signature, _signature(signed)) or not signed.startswith(VERSION):
        raise NotFound
    moment = int.from_bytes(signed[-MOMENT_BYTES:], "big")
    return uuid.UUID(bytes=signed[len(VERSION) : -MOMENT_BYTES]), datetime.fromtimestamp(moment, tz=UTC)


def _signature(signed: bytes) -> bytes:
    return salted_hmac(SALT, signed, algorithm="sha256").digest()
