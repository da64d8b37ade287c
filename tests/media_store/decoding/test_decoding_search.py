"""The decoders beside Python's own, over documents and strings that a search draws and then breaks.

The differences that the modules list are made part of the expectation here; there are no others.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from hypothesis import given, strategies as st

from media_store.decoding.base64_stream import Base64Sink
from media_store.decoding.json_stream import STREAMED, read_object
from media_store.errors import BadBase64
from problems.errors import MalformedJson
from tests.media_store.decoding.feeding import (
    DATA,
    NO_LIMITS,
    STRING_PIECES,
    Collected,
    documents,
    edited,
    edits,
    read_sizes,
    search,
    stream,
)

REFUSED = "refused"
Edits = list[tuple[str, float, int, bytes]]


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(number: str) -> float:
    return _refuse(number) if abs(float(number)) == float("inf") else float(number)


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(pairs) if len({key for key, _ in pairs}) == len(pairs) else _refuse("duplicate key")


def expected_json(body: bytes) -> dict[str, Any] | str:
    """What `json.loads` makes of the body, minus what we are stricter about."""
    try:
        document = json.loads(
            body.decode(),
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse,
            parse_float=_finite,
        )
        json.dumps(document, ensure_ascii=False).encode()
    except ValueError:
        return REFUSED
    return document if isinstance(document, dict) else REFUSED


def actual_json(body: bytes, *, sizes: Sequence[int]) -> dict[str, Any] | str:
    """What we make of it, the streamed string put back."""
    sink = Collected()
    try:
        document = read_object(stream(body, sizes=sizes), sinks={DATA: sink}, limits=NO_LIMITS)
    except MalformedJson:
        return REFUSED
    parent = parent_of_data(document)
    assert sink.finished == (parent.get(DATA[1]) is STREAMED)
    if sink.finished:
        parent[DATA[1]] = sink.text.decode()
    return document


def parent_of_data(document: dict[str, Any]) -> dict[str, Any]:
    """The object that may hold the string; an empty one where there is none."""
    parent = document.get(DATA[0])
    return parent if isinstance(parent, dict) else {}


# Read differently than the module reads it: one expression, where that takes the prefix apart.
TOKEN = "[a-z0-9][a-z0-9!#$&^_.+-]*"
PREFIX = re.compile(rf"data: *(?:{TOKEN}/{TOKEN} *)?(?:;[ -+\--:<-~]*)*; *base64 *,", re.IGNORECASE | re.ASCII)


def expected_base64(text: str) -> bytes | str:
    """What `base64.b64decode` makes of the part after the prefix, minus padding after a full group.

    A prefix that is none stays where it is, and Python refuses its colon.
    """
    rest = PREFIX.sub("", text, count=1) if PREFIX.match(text) else text
    if re.fullmatch(r"(?:[A-Za-z0-9+/]{4})+=+", rest):
        return REFUSED
    try:
        return base64.b64decode(rest, validate=True)
    except (binascii.Error, ValueError):
        return REFUSED


def actual_base64(text: str, *, sizes: Sequence[int]) -> bytes | str:
    decoded = bytearray()
    sink = Base64Sink(write=decoded.extend)
    read = stream(text.encode(), sizes=sizes)
    try:
        while piece := read(65_536):
            sink.feed(piece)
        sink.finish()
    except BadBase64:
        return REFUSED
    assert sink.size == len(decoded)
    return bytes(decoded)


def expected_upload(body: bytes) -> bytes | str | None:
    """The bytes that `json.loads` and `base64.b64decode` find at the path; None where no string is there."""
    document = expected_json(body)
    if isinstance(document, str):
        return REFUSED
    text = parent_of_data(document).get(DATA[1])
    return expected_base64(text) if isinstance(text, str) else None


def actual_upload(body: bytes, *, sizes: Sequence[int]) -> bytes | str | None:
    decoded = bytearray()
    sink = Base64Sink(write=decoded.extend)
    try:
        document = read_object(stream(body, sizes=sizes), sinks={DATA: sink}, limits=NO_LIMITS)
    except (MalformedJson, BadBase64):
        return REFUSED
    return bytes(decoded) if parent_of_data(document).get(DATA[1]) is STREAMED else None


def encoded() -> st.SearchStrategy[str]:
    """Base64 of a few bytes, some with a prefix."""
    prefixes = ["", "", "data:image/png;base64,", "DATA:;BASE64,", "data:audio/ogg; codecs=opus;base64,", "data:,"]
    text = st.binary(max_size=40).map(lambda value: base64.b64encode(value).decode())
    return st.tuples(st.sampled_from(prefixes), text).map("".join)


ODD_BASE64 = st.text(st.sampled_from("AQz09+/=-_ \né"), max_size=12)


class TestJson:
    @search
    @given(body=documents(data=st.text(max_size=40)), sizes=read_sizes())
    def test_reads_valid_documents_as_python_does(self, body: bytes, sizes: list[int]) -> None:
        expected = expected_json(body)
        assert expected != REFUSED
        assert repr(actual_json(body, sizes=sizes)) == repr(expected)

    @search
    @given(body=documents(data=st.text(max_size=40)), accidents=edits(), sizes=read_sizes())
    def test_reads_and_refuses_broken_documents_as_python_does(
        self, body: bytes, accidents: Edits, sizes: list[int]
    ) -> None:
        broken = edited(body, accidents)
        assert repr(actual_json(broken, sizes=sizes)) == repr(expected_json(broken))

    @search
    @given(inside=st.lists(st.sampled_from(STRING_PIECES), max_size=8).map(b"".join), sizes=read_sizes())
    def test_reads_and_refuses_odd_strings_as_python_does(self, inside: bytes, sizes: list[int]) -> None:
        body = b'{"file":{"data":"' + inside + b'"}}'
        assert repr(actual_json(body, sizes=sizes)) == repr(expected_json(body))

    @search
    @given(word=st.text(st.sampled_from("-+.eE0129xNaIinfty"), max_size=8), sizes=read_sizes())
    def test_reads_and_refuses_odd_numbers_as_python_does(self, word: str, sizes: list[int]) -> None:
        body = f'{{"a":{word}}}'.encode()
        assert repr(actual_json(body, sizes=sizes)) == repr(expected_json(body))


class TestBase64:
    @search
    @given(text=encoded() | ODD_BASE64, accidents=edits(), sizes=read_sizes())
    def test_decodes_and_refuses_as_python_does(self, text: str, accidents: Edits, sizes: list[int]) -> None:
        broken = edited(text.encode(), accidents).decode("utf-8", "replace")
        assert actual_base64(broken, sizes=sizes) == expected_base64(broken)

    def test_differs_from_python_where_the_docstring_says_so(self) -> None:
        for text in ("QUJD=", "QUJD==", "QUJD====", "QUJDQUJD========"):
            assert actual_base64(text, sizes=[3]) == REFUSED
        assert actual_base64("AB==", sizes=[3]) == base64.b64decode("AB==", validate=True)


class TestBoth:
    @search
    @given(body=documents(data=encoded()), sizes=read_sizes())
    def test_decode_valid_uploads_as_python_does(self, body: bytes, sizes: list[int]) -> None:
        expected = expected_upload(body)
        assert actual_upload(body, sizes=sizes) == expected

    @search
    @given(body=documents(data=encoded()), accidents=edits(), sizes=read_sizes())
    def test_decode_and_refuse_broken_uploads_as_python_does(
        self, body: bytes, accidents: Edits, sizes: list[int]
    ) -> None:
        broken = edited(body, accidents)
        assert actual_upload(broken, sizes=sizes) == expected_upload(broken)
