"""JSON strings, read piece by piece (RFC 8259, section 7)."""

import codecs
import functools
import re
from typing import Protocol

from media_store.decoding.window import Window
from problems.errors import MalformedJson

_UTF8_DECODER = codecs.getincrementaldecoder("utf-8")

_CONTROL = re.compile(rb"[\x00-\x1f]")
# Deleting these from a run leaves what needs a closer look: control characters, escapes, all outside ASCII.
# (bytes.translate looks ten times as fast as a regular expression, and nearly every run is plain.)
_PLAIN = bytes(byte for byte in range(0x20, 0x80) if byte != ord("\\"))

_SHORT_ESCAPES = {
    b'\\"': b'"',
    b"\\\\": b"\\",
    b"\\/": b"/",
    b"\\b": b"\b",
    b"\\f": b"\f",
    b"\\n": b"\n",
    b"\\r": b"\r",
    b"\\t": b"\t",
}
_ESCAPE = re.compile(
    rb"""
    \\(?:
        ["\\/bfnrt]
      | u (?i: d[89ab][0-9a-f]{2} ) \\u (?i: d[c-f][0-9a-f]{2} )
        # The beginning of an escape, cut off by the end of the run.
      | (?P<cut> (?: u (?: (?i: d[89ab][0-9a-f]{2} ) (?: \\ (?: u [0-9a-fA-F]{0,3} )? )? | [0-9a-fA-F]{0,3} ) )? \Z )
      | u [0-9a-fA-F]{4}
      | # No escape that JSON knows.
    )
    """,
    re.VERBOSE,
)


class StringSink(Protocol):
    """Takes one string of the document as it is read."""

    def feed(self, text: bytes) -> None:
        """Take the next characters, decoded from their escapes, whole, in UTF-8."""

    def finish(self) -> None:
        """The closing quote was seen."""


class StringReader:
    """Hands the strings that a Window comes to, to a sink, in pieces no longer than the Window.

    A run is what reaches to the next quote or to the end of the Window. What a run ends in the middle of (an
    escape, a character of several bytes) is held back for the next one.
    """

    def __init__(self, *, window: Window) -> None:
        self._window = window
        self._held = b""

    def read(self, *, max_bytes: int, what: str) -> str:
        """The string that begins here, as a whole; `MalformedJson` where it is longer than `max_bytes`."""
        kept = _KeptString(window=self._window, max_bytes=max_bytes, what=what)
        self.read_into(kept)
        return kept.text.decode()

    def read_into(self, sink: StringSink) -> None:
        """Feed the sink the string that begins here; `MalformedJson`, or whatever the sink raises."""
        window = self._window
        begin = window.position
        window.at += 1
        while not self._read_run(sink):
            if not window.fill():
                raise window.refusal(f"the body ended inside the string that began at byte {begin}")
        sink.finish()

    def _read_run(self, sink: StringSink) -> bool:
        """Read to the next quote that no escape belongs to; False where the Window holds none."""
        window = self._window
        while (quote := window.buffer.find(b'"', window.at)) >= 0:
            self._feed(sink, window.buffer[window.at : quote], quoted=True)
            window.at = quote + 1
            if not self._held:
                return True
            sink.feed(b'"')
        run = window.buffer[window.at :]
        self._feed(sink, run, quoted=False)
        window.at += len(run) - len(self._held)
        return False

    def _feed(self, sink: StringSink, run: bytes, *, quoted: bool) -> None:
        self._held = b""
        remarkable = run.translate(None, _PLAIN)
        if remarkable and len(remarkable) == run.count(b"\\/"):
            # Each backslash is followed by a slash, so none escapes another: PHP writes base64 like that.
            run = run.replace(b"\\/", b"/")
        elif remarkable:
            run = self._decoded(run, remarkable=remarkable, quoted=quoted)
        if run:
            sink.feed(run)

    def _decoded(self, run: bytes, *, remarkable: bytes, quoted: bool) -> bytes:
        if control := _CONTROL.search(remarkable):
            what = f"a string holds the control character 0x{ord(control[0]):02X}, which must be escaped"
            raise self._refusal(what, at=run.index(control[0]))
        tail = b"" if remarkable.isascii() else self._cut_character(run, quoted=quoted)
        whole = run.removesuffix(tail)
        text = _ESCAPE.sub(self._unescaped, whole) if b"\\" in remarkable else whole
        # Only a lone backslash may stand before a quote: the quote is what it escapes.
        if quoted and self._held not in {b"", b"\\"}:
            raise self._escape_refused(self._held, at=len(run) - len(self._held))
        self._held += tail
        return text

    def _cut_character(self, run: bytes, *, quoted: bool) -> bytes:
        """The beginning of a character that the end of the run cuts off, after proof that all else is UTF-8."""
        decoder = _UTF8_DECODER()
        try:
            decoder.decode(run, quoted)
        except UnicodeDecodeError as error:
            raise self._refusal("a string holds bytes that are not UTF-8", at=error.start) from None
        return decoder.getstate()[0]

    def _unescaped(self, match: re.Match[bytes]) -> bytes:
        if match.lastgroup == "cut":
            self._held = match[0]
            return b""
        try:
            return _character(match[0])
        except ValueError:
            escape = match.string[match.start() : match.start() + 6]
            raise self._escape_refused(escape, at=match.start()) from None

    def _escape_refused(self, escape: bytes, *, at: int) -> MalformedJson:
        lone = re.match(rb"\\ud[89a-f][0-9a-f]{2}", escape, re.IGNORECASE)
        what = "a surrogate stands alone in a string" if lone else "a backslash begins no escape that JSON knows"
        return self._refusal(what, at=at)

    def _refusal(self, what: str, *, at: int) -> MalformedJson:
        """What is wrong in a run, `at` so many bytes from its beginning."""
        return self._window.refusal(what, position=self._window.position + at)


@functools.lru_cache(maxsize=256)
def _character(escape: bytes) -> bytes:
    """What an escape stands for, in UTF-8; ValueError where it is none, or a surrogate alone."""
    if escape in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[escape]
    digits = escape.replace(b"\\u", b"").decode("ascii")
    return bytes.fromhex(digits).decode("utf-16-be").encode()


class _KeptString:
    """The sink of strings that stay in the document."""

    def __init__(self, *, window: Window, max_bytes: int, what: str) -> None:
        self._window = window
        self._begin = window.position
        self._max_bytes = max_bytes
        self._what = what
        self.text = bytearray()

    def feed(self, text: bytes) -> None:
        self.text += text
        if len(self.text) > self._max_bytes:
            what = f"{self._what} may have at most {self._max_bytes} bytes here"
            raise self._window.refusal(what, position=self._begin)

    def finish(self) -> None:
        """Nothing is left to do."""
