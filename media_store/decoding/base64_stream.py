"""Base64 decoded while it arrives (RFC 4648, section 4), with or without the prefix of a data: URI.

What `Base64Sink` takes and answers is what `base64.b64decode(text, validate=True)` does with the part after
the prefix, except that it refuses padding after a last group that is full (`AAAA=`, `AAAA====`). Python
before 3.12.4 takes that; RFC 4648 and later ones do not. Bits that the last group leaves unused may be set
(`AB==`), there as here.

Text that begins with `data:` is no base64 by itself, since the alphabet has no colon.
"""

import binascii
import re
from collections.abc import Callable

import pybase64

from media_store.decoding.data_uri import PrefixReader
from media_store.errors import BadBase64

MAX_URL_BYTES = 8_192
_URL = re.compile(rb"https?://", re.IGNORECASE)
_NOT_ALPHABET = re.compile(rb"[^A-Za-z0-9+/]")
_PADDED = re.compile(rb"(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2}[A-Za-z0-9+/=]=")


class Base64Sink:
    """A `StringSink` that decodes, and passes the bytes to `write` as they come.

    `size` counts the bytes that `write` took; an empty string writes none. Errors: `BadBase64`, its position a
    character offset in the string, prefix included; what `write` raises passes through.
    """

    def __init__(self, *, write: Callable[[bytes], None]) -> None:
        self.size = 0
        self._write = write
        self._prefix = PrefixReader()
        self._decoded_chars = 0
        # The characters after those: too few for a group of four.
        self._pending = b""
        self._padded = False

    @property
    def declared_mime_type(self) -> str | None:
        """The type that the data: URI names, without parameters; None where there is no such URI or type."""
        return self._prefix.mime_type

    def feed(self, text: bytes) -> None:
        """Decode the next characters of the string, given in UTF-8."""
        self._decode(self._prefix.take(text))

    def finish(self) -> None:
        """Accept the string as ended here."""
        self._decode(self._prefix.finish())
        if self._pending:
            raise self._refusal(self._pending)

    def _decode(self, text: bytes) -> None:
        text = self._pending + text
        whole = len(text) // 4 * 4
        self._pending = text[whole:]
        if whole:
            self._decode_groups(text[:whole])

    def _decode_groups(self, groups: bytes) -> None:
        if self._padded:
            raise self._refusal(groups)
        try:
            decoded = pybase64.b64decode(groups, validate=True)
        except binascii.Error:
            raise self._refusal(groups) from None
        self._decoded_chars += len(groups)
        # Padding ends the string, though its groups would decode one by one: AA== and AAAA, but not AA==AAAA.
        self._padded = groups.endswith(b"=")
        self._write(decoded)
        self.size += len(decoded)

    def _refusal(self, text: bytes) -> BadBase64:
        at, what = self._fault(text)
        position = self._prefix.length + self._decoded_chars + at
        return BadBase64(f"The base64 is wrong at character {position}: {what}.", position=position)

    def _fault(self, text: bytes) -> tuple[int, str]:
        """Where the fault is in the text that follows the decoded one, and what it is."""
        if self._padded:
            return 0, _after_padding(text)
        if padded := _PADDED.match(text):
            return padded.end(), _after_padding(text[padded.end() :])
        if odd := _NOT_ALPHABET.search(text):
            return odd.start(), _odd_character(odd[0])
        return len(text), "it ends inside a group of four"


class UrlOrBase64Sink:
    """A `StringSink` for a field that holds either: what begins with http:// or https:// is a URL, and is kept.

    Base64 has no colon, so nothing can be both. `url` is None where it was base64. Errors: as of `Base64Sink`;
    `MalformedJson` never, as a URL longer than `MAX_URL_BYTES` is refused as base64 that it is not.
    """

    def __init__(self, base64: Base64Sink) -> None:
        self._base64 = base64
        self._held: bytearray | None = bytearray()
        self.url: str | None = None

    def feed(self, text: bytes) -> None:
        """Keep what may be a URL; decode the rest."""
        if self._held is None:
            self._base64.feed(text)
            return
        self._held += text
        if not _may_be_url(self._held) or len(self._held) > MAX_URL_BYTES:
            self._decode_held()

    def finish(self) -> None:
        """Accept the string as ended here."""
        if self._held is not None and _URL.match(self._held):
            self.url = self._held.decode(errors="replace")
            return
        self._decode_held()
        self._base64.finish()

    def _decode_held(self) -> None:
        if self._held is not None:
            held, self._held = bytes(self._held), None
            self._base64.feed(held)


def _may_be_url(text: bytes | bytearray) -> bool:
    return bool(_URL.match(text)) or any(scheme.startswith(text[:8].lower()) for scheme in (b"https://", b"http://"))


def _after_padding(text: bytes) -> str:
    return _odd_character(text[:1]) if text[:1].isspace() else "nothing may follow the padding"


def _odd_character(character: bytes) -> str:
    if character.isspace():
        return "it must stand in one piece, without spaces or line breaks"
    if character in b"-_":
        return "this is the URL-safe alphabet; send the standard one, with `+` and `/` in place of `-` and `_`"
    if character == b"=":
        return "padding must fill the last group of four, with one or two `=`"
    return "this character is not of the alphabet"
