"""Window: the small part of a byte stream that is in memory while it is read."""

import re
from collections.abc import Callable

from problems.errors import MalformedJson

READ_BYTES = 65_536

_NOT_WHITESPACE = re.compile(rb"[^ \t\n\r]")
_AFTER_WORD = re.compile(rb"[^-+.0-9A-Za-z]")


class Window:
    """What has been read of a stream and not yet used: `buffer[at:]`.

    `read(n)` answers up to n bytes, and b"" at the end. What it raises passes through.
    """

    def __init__(self, *, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._dropped = 0
        self._ended = False
        self.buffer = b""
        self.at = 0

    @property
    def position(self) -> int:
        """The offset in the stream, in bytes from 0, of what comes next."""
        return self._dropped + self.at

    def fill(self) -> bool:
        """Read on behind what is left over; False at the end of the stream."""
        if self._ended:
            return False
        more = self._read(READ_BYTES)
        self._ended = not more
        self.buffer = self.buffer[self.at :] + more
        self._dropped += self.at
        self.at = 0
        return not self._ended

    def starts_with(self, prefix: bytes) -> bool:
        """Whether these bytes come next."""
        while len(self.buffer) - self.at < len(prefix) and self.fill():
            pass
        return self.buffer.startswith(prefix, self.at)

    def peek(self) -> str:
        """The next byte as a character of Latin-1; "" at the end."""
        if self.at == len(self.buffer):
            self.fill()
        return self.buffer[self.at : self.at + 1].decode("latin-1")

    def peek_past_whitespace(self) -> str:
        """As `peek`, with the white space of JSON skipped before (RFC 8259, section 2)."""
        while self.peek():
            if found := _NOT_WHITESPACE.search(self.buffer, self.at):
                self.at = found.start()
                break
            self.at = len(self.buffer)
        return self.peek()

    def take_word(self, *, max_chars: int) -> str:
        """The letters, digits, signs and points that come next: a number, or a name such as true."""
        while not (after := _AFTER_WORD.search(self.buffer, self.at)):
            if len(self.buffer) - self.at > max_chars or not self.fill():
                break
        end = after.start() if after else len(self.buffer)
        if end - self.at > max_chars:
            raise self.refusal(f"a number may have at most {max_chars} characters")
        word = self.buffer[self.at : end].decode("ascii")
        self.at = end
        return word

    def unexpected(self, *, expected: str) -> MalformedJson:
        """The refusal that says what should stand here, and what does."""
        found = self.peek()
        if not found:
            return self.refusal(f"the body ended where {expected} was expected")
        shown = f"`{found}`" if " " < found <= "~" else f"the byte 0x{ord(found):02X}"
        return self.refusal(f"expected {expected}, found {shown}")

    def refusal(self, what: str, *, position: int | None = None) -> MalformedJson:
        """What is wrong, and where: at `position`, or else at what comes next."""
        if position is None:
            position = self.position
        return MalformedJson(f"The JSON is malformed at byte {position}: {what}.", position=position)
