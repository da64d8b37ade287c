"""Streams and sinks for the decoding tests, and the documents that the searches draw."""

import itertools
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, settings, strategies as st

from media_store.decoding.json_stream import Limits, read_object

# The profile says how many examples: few with every run of the suite, FUZZ_EXAMPLES of them in a long one.
search = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

DATA = ("file", "data")
NO_LIMITS = Limits(max_depth=200, max_key_bytes=99_999, max_number_chars=4_000, max_members=99_999)


class Collected:
    """A sink that keeps what it is fed."""

    def __init__(self) -> None:
        self.text = b""
        self.finished = 0

    def feed(self, text: bytes) -> None:
        assert text.decode()
        self.text += text

    def finish(self) -> None:
        self.finished += 1


def stream(body: bytes, *, sizes: Sequence[int] = (65_536,)) -> Callable[[int], bytes]:
    """A `read` that answers so many bytes at a time, beginning again where the sizes end."""
    left = memoryview(body)
    turns = itertools.cycle(sizes)

    def read(size: int) -> bytes:
        nonlocal left
        taken = min(next(turns), size)
        chunk, left = bytes(left[:taken]), left[taken:]
        return chunk

    return read


def load(text: str | bytes, **limits: int) -> dict[str, Any]:
    """Read a whole document that no sink takes part in."""
    body = text.encode() if isinstance(text, str) else text
    return read_object(stream(body), sinks={}, limits=Limits(**limits))


def read_sizes() -> st.SearchStrategy[list[int]]:
    """How a stream is cut: a byte at a time, as a whole, or anyhow."""
    return st.one_of(st.just([1]), st.just([65_536]), st.lists(st.integers(1, 40), min_size=1, max_size=8))


# What may stand inside a string, rightly or not; a search over these alone finds where escapes can be cut.
STRING_PIECES = [
    *(
        b"\\",
        b'\\"',
        b"\\\\",
        b"\\/",
        b"/",
        b"\\n",
        b"\\x",
        b"\\u",
        b"\\u0",
        b"\\u00",
        b"\\u004",
        b"\\u0041",
        b"\\U0041",
    ),
    *(
        b"\\ud83d",
        b"\\ude00",
        b"\\uD83D\\uDE00",
        b"A",
        b"u0041",
        b"\x7f",
        b"\x00",
        b"\x1f",
        "é".encode(),
        "😀".encode(),
    ),
    *(b"\xc3", b"\xa9", b"\xed\xa0\x80", b"\xf0\x9f", b"\xf4\x90\x80\x80", b"\xc0\xaf"),
]
_PIECES = [
    *STRING_PIECES,
    *(bytes([byte]) for byte in b'"{}[]:,-=+.eE0919 tfn_\n\xff'),
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"01", b"1.", b"true", b"null", b'"a":1,', b"[[", b"==", b"data:"),
    b"\xef\xbb\xbf",
]

_EDITS = st.tuples(
    st.sampled_from(["insert", "replace", "delete", "flip", "repeat", "cut"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 8),
    st.sampled_from(_PIECES),
)


def edited(body: bytes, edits: Sequence[tuple[str, float, int, bytes]]) -> bytes:
    """The body after some accidents, each at a place given as a part of its length."""
    for kind, place, length, piece in edits:
        at = int(place * (len(body) + 1))
        before, here, after = body[:at], body[at : at + length], body[at + length :]
        match kind:
            case "insert":
                body = before + piece + here + after
            case "replace":
                body = before + piece + after
            case "delete":
                body = before + after
            case "flip":
                body = before + bytes(byte ^ (1 << (length - 1)) for byte in here[:1]) + here[1:] + after
            case "repeat":
                body = before + here + here + after
            case _:
                body = before
    return body


def edits() -> st.SearchStrategy[list[tuple[str, float, int, bytes]]]:
    """None for documents that stay valid, otherwise up to four."""
    return st.lists(_EDITS, max_size=4)


class Spelling:
    """Writes values as JSON in one of the many ways that mean the same."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def write(self, value: object) -> str:
        match value:
            case dict():
                members = [f"{self._text(key)}{self._space()}:{self.write(item)}" for key, item in value.items()]
                return self._inside("{", members, "}")
            case list():
                return self._inside("[", [self.write(item) for item in value], "]")
            case str():
                return self._space() + self._text(value) + self._space()
            case _:
                return self._space() + json.dumps(value) + self._space()

    def _inside(self, opening: str, items: list[str], closing: str) -> str:
        inner = ",".join(self._space() + item for item in items)
        return self._space() + opening + inner + self._space() + closing + self._space()

    def _space(self) -> str:
        return self._dice.choice(["", "", "", " ", "\n", "\t\r\n "])

    def _text(self, text: str) -> str:
        escape = self._dice.choice([0.0, 0.02, 0.5, 1.0])
        return '"' + "".join(self._character(char, escape=escape) for char in text) + '"'

    def _character(self, char: str, *, escape: float) -> str:
        if char == "/" and self._dice.random() < escape:
            return "\\/"
        if self._dice.random() >= escape:
            return json.dumps(char, ensure_ascii=False)[1:-1]
        units = char.encode("utf-16-be").hex()
        if self._dice.random() < 0.5:
            units = units.upper()
        return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def documents(draw: st.DrawFn, *, data: st.SearchStrategy[str]) -> bytes:
    """Valid documents, most with a string at the path of the sink, written in every way JSON allows."""
    document = draw(st.dictionaries(st.text(max_size=4), _VALUES, max_size=3))
    file = draw(st.dictionaries(st.text(max_size=4), _VALUES, max_size=2))
    file[DATA[1]] = draw(st.one_of(data, data, data, _VALUES))
    document[DATA[0]] = draw(st.sampled_from([file, file, file, [file], None]))
    keys = draw(st.permutations(list(document)))
    spelling = Spelling(draw(st.randoms(use_true_random=True)))
    return spelling.write({key: document[key] for key in keys}).encode()
