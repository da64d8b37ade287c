r"""A JSON object read from a byte stream, its large strings handed on in pieces (RFC 8259).

What `read_object` takes and answers is what `json.loads` does with the same text in UTF-8, except that it
refuses more:

* duplicate keys in one object, also when they are spelt with different escapes;
* NaN, Infinity, -Infinity, and numbers too large for a float (`1e999`), of which `json.loads` makes infinity;
* lone surrogates (`"\ud800"`), which no UTF-8 can carry;
* a top level that is not an object;
* UTF-16 and UTF-32, which `json.loads` takes where it is given bytes, and a byte order mark;
* whatever is over the `Limits`.
"""

import codecs
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from media_store.decoding.json_strings import StringReader, StringSink
from media_store.decoding.window import Window

__all__ = ["STREAMED", "Limits", "Streamed", "StringSink", "read_object"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_NAMES: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_CLOSING = {"{": "}", "[": "]"}


class Streamed(Enum):
    """The type of `STREAMED`."""

    STREAMED = "streamed"


STREAMED: Final = Streamed.STREAMED
"""Stands in the object where a string went to a sink."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one document may hold. Strings that go to a sink are the sink's to limit.

    Lengths in bytes are those of the decoded text in UTF-8. `max_depth` counts objects and arrays inside one
    another, the top level included; `max_members` the members and elements of the whole document;
    `max_text_bytes` all keys and strings that stay in it. Python makes no integer of more than 4,300 digits.
    """

    max_depth: int = 16
    max_key_bytes: int = 256
    max_string_bytes: int = 65_536
    max_number_chars: int = 64
    max_members: int = 10_000
    max_text_bytes: int = 262_144


def read_object(
    read: Callable[[int], bytes],
    *,
    sinks: Mapping[tuple[str, ...], StringSink],
    limits: Limits = Limits(),
) -> dict[str, Any]:
    """The object that is the whole of a stream.

    `read(n)` answers up to n bytes, and b"" at the end. A string at a path in `sinks` (the keys from the top
    level down, through objects only) goes to its sink, and `STREAMED` stands in its place; any other value
    there is read as usual. Errors: `MalformedJson`, its position a byte offset; what `read` and the sinks raise
    passes through.
    """
    return _Document(window=Window(read=read), sinks=sinks, limits=limits).read()


class _Document:
    """A recursive descent through one document, no deeper than its limits."""

    def __init__(self, *, window: Window, sinks: Mapping[tuple[str, ...], StringSink], limits: Limits) -> None:
        self._window = window
        self._strings = StringReader(window=window)
        self._sinks = sinks
        self._limits = limits
        self._depth = 0
        self._members = 0
        self._text_bytes = 0

    def read(self) -> dict[str, Any]:
        window = self._window
        if window.starts_with(codecs.BOM_UTF8):
            raise window.refusal("a byte order mark stands before the text; send UTF-8 without it")
        if window.peek_past_whitespace() != "{":
            raise window.unexpected(expected="an object (`{`) at the top level")
        document = self._object(())
        if window.peek_past_whitespace():
            raise window.unexpected(expected="nothing more after the object")
        return document

    def _value(self, path: tuple[str, ...] | None) -> object:
        """Any value; `path` is None inside arrays, where no sink reaches."""
        match self._window.peek_past_whitespace():
            case '"':
                return self._string(path)
            case "{":
                return self._object(path)
            case "[":
                return [self._value(None) for _ in self._items()]
            case _:
                return self._word()

    def _object(self, path: tuple[str, ...] | None) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for _ in self._items():
            key = self._key(members)
            members[key] = self._value(None if path is None else (*path, key))
        return members

    def _items(self) -> Iterator[None]:
        """Stop before each item of the object or array that begins here; the caller reads the item."""
        window = self._window
        closing = _CLOSING[self._open()]
        if window.peek_past_whitespace() != closing:
            self._count_member()
            yield
            while window.peek_past_whitespace() == ",":
                window.at += 1
                self._count_member()
                yield
        if window.peek() != closing:
            raise window.unexpected(expected=f"`,` or `{closing}`")
        window.at += 1
        self._depth -= 1

    def _open(self) -> str:
        self._depth += 1
        if self._depth > self._limits.max_depth:
            raise self._window.refusal(f"objects and arrays may be nested {self._limits.max_depth} deep")
        opening = self._window.peek()
        self._window.at += 1
        return opening

    def _count_member(self) -> None:
        self._members += 1
        if self._members > self._limits.max_members:
            raise self._window.refusal(f"there may be at most {self._limits.max_members} members and elements in all")

    def _key(self, members: Mapping[str, object]) -> str:
        window = self._window
        if window.peek_past_whitespace() != '"':
            raise window.unexpected(expected='a key in `"`')
        begin = window.position
        key = self._kept(max_bytes=self._limits.max_key_bytes, what="a key")
        if key in members:
            raise window.refusal(f"the key {key!r} stands a second time in one object", position=begin)
        if window.peek_past_whitespace() != ":":
            raise window.unexpected(expected="`:` after a key")
        window.at += 1
        return key

    def _string(self, path: tuple[str, ...] | None) -> str | Streamed:
        sink = None if path is None else self._sinks.get(path)
        if sink is None:
            return self._kept(max_bytes=self._limits.max_string_bytes, what="a string")
        self._strings.read_into(sink)
        return STREAMED

    def _kept(self, *, max_bytes: int, what: str) -> str:
        begin = self._window.position
        text = self._strings.read(max_bytes=max_bytes, what=what)
        self._text_bytes += len(text.encode())
        if self._text_bytes > self._limits.max_text_bytes:
            too_much = f"keys and strings may have at most {self._limits.max_text_bytes} bytes in all"
            raise self._window.refusal(too_much, position=begin)
        return text

    def _word(self) -> float | bool | None:
        """A number, true, false or null."""
        window = self._window
        begin = window.position
        word = window.take_word(max_chars=self._limits.max_number_chars)
        if not word:
            raise window.unexpected(expected="a value")
        if word in _NAMES:
            return _NAMES[word]
        if not _NUMBER.fullmatch(word):
            raise window.refusal(f"`{word}` is no value that JSON knows", position=begin)
        return self._number(word, begin=begin)

    def _number(self, word: str, *, begin: int) -> float:
        if word.lstrip("-").isdigit():
            return int(word)
        number = float(word)
        if math.isinf(number):
            raise self._window.refusal(f"the number {word} is too large", position=begin)
        return number
