"""The prefix of a data: URI: `data:[<mediatype>][;parameters];base64,` (RFC 2397)."""

import re

from media_store.errors import BadBase64

MAX_PREFIX_CHARS = 1_024

_SCHEME = b"data:"
_PRINTABLE_ASCII = re.compile(rb"[ -~]*")
_NAME = rb"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"
# RFC 6838 gives type and subtype 127 characters each; no registered pair needs more than that together.
_MEDIA_TYPE = re.compile(rb"(?=.{1,127}\Z)" + _NAME + rb"/" + _NAME)


class PrefixReader:
    """Takes the prefix off the beginning of a string that arrives in pieces; a string may have none.

    Once the prefix is known, `length` counts its characters and `mime_type` is the type and subtype it names,
    as they were sent and without parameters. Errors: `BadBase64`.
    """

    def __init__(self) -> None:
        self.length = 0
        self.mime_type: str | None = None
        self._held = b""
        self._settled = False

    def take(self, text: bytes) -> bytes:
        """The characters that follow the prefix; none as long as they may still belong to it."""
        if self._settled:
            return text
        held = self._held = self._held + text
        if _SCHEME.startswith(held[: len(_SCHEME)].lower()):
            comma = held.find(b",", 0, MAX_PREFIX_CHARS)
            if comma < 0:
                return self._wait()
            self.mime_type = _media_type(held[len(_SCHEME) : comma], comma=comma)
            self.length = comma + 1
        return self._settle()

    def finish(self) -> bytes:
        """What was held back though it is no prefix, now that the string has ended."""
        if self._held.lower().startswith(_SCHEME):
            raise BadBase64("The data: URI has no comma and so no data.", position=len(self._held))
        return self._settle()

    def _wait(self) -> bytes:
        if len(self._held) >= MAX_PREFIX_CHARS:
            what = f"The data: URI has no comma within its first {MAX_PREFIX_CHARS} characters."
            raise BadBase64(what, position=MAX_PREFIX_CHARS)
        return b""

    def _settle(self) -> bytes:
        self._settled = True
        rest, self._held = self._held[self.length :], b""
        return rest


def _media_type(between: bytes, *, comma: int) -> str | None:
    """The type and subtype that stand between the scheme and the comma; None where there are none."""
    if not _PRINTABLE_ASCII.fullmatch(between):
        raise BadBase64("The data: URI may hold only printable ASCII before its comma.", position=len(_SCHEME))
    media_type, *parameters = (part.strip(b" ") for part in between.split(b";"))
    if not parameters or parameters[-1].lower() != b"base64":
        raise BadBase64("The data: URI is not base64: `;base64` must stand before its comma.", position=comma)
    if not media_type:
        return None
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise BadBase64("The data: URI must begin with a type such as `data:image/png`.", position=len(_SCHEME))
    return media_type.decode("ascii")
