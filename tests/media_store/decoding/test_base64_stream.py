"""What the base64 sink takes, what it refuses, and where it says the fault is."""

import base64
import re

import pytest

from media_store.decoding.base64_stream import Base64Sink
from media_store.errors import BadBase64, TooLarge


def decode(text: str, *, size: int = 65_536) -> tuple[bytes, Base64Sink]:
    """Feed a whole string in pieces of so many bytes."""
    decoded = bytearray()
    sink = Base64Sink(write=decoded.extend)
    encoded = text.encode()
    for at in range(0, len(encoded), size):
        sink.feed(encoded[at : at + size])
    sink.finish()
    assert sink.size == len(decoded)
    return bytes(decoded), sink


def refusal(text: str, *, size: int = 65_536) -> BadBase64:
    with pytest.raises(BadBase64) as caught:
        decode(text, size=size)
    return caught.value


class TestDecoding:
    @pytest.mark.parametrize("length", range(20))
    @pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 65_536])
    def test_gives_back_what_was_encoded(self, length: int, size: int) -> None:
        original = bytes(range(250, 250 - length, -1))
        assert decode(base64.b64encode(original).decode(), size=size)[0] == original

    def test_decodes_nothing_from_an_empty_string(self) -> None:
        decoded, sink = decode("")
        assert (decoded, sink.size, sink.declared_mime_type) == (b"", 0, None)

    def test_writes_while_the_string_still_comes(self) -> None:
        decoded = bytearray()
        sink = Base64Sink(write=decoded.extend)
        sink.feed(b"QUJDR")
        assert decoded == b"ABC"

    def test_takes_bits_that_the_last_group_leaves_unused(self) -> None:
        assert decode("AB==")[0] == base64.b64decode("AB==", validate=True)

    def test_lets_what_write_raises_through(self) -> None:
        def write(_chunk: bytes) -> None:
            raise TooLarge(limit_bytes=1)

        with pytest.raises(TooLarge):
            Base64Sink(write=write).feed(b"QUJD")


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "position", "words"),
        [
            ("QUJ", 3, "inside a group of four"),
            ("QUJDQ", 5, "inside a group of four"),
            ("QQ", 2, "inside a group of four"),
            ("QQ=", 2, "padding must fill the last group"),
            ("=", 0, "padding must fill the last group"),
            ("====", 0, "padding must fill the last group"),
            ("Q===", 1, "padding must fill the last group"),
            ("QQ=Q", 2, "padding must fill the last group"),
            ("QQ==QUJD", 4, "nothing may follow the padding"),
            ("QQ==QQ==", 4, "nothing may follow the padding"),
            ("QUJDQQ===", 8, "nothing may follow the padding"),
            ("QUJDQUI=Q", 8, "nothing may follow the padding"),
            ("QUJD=", 4, "padding must fill the last group"),
            ("QUJD====", 4, "padding must fill the last group"),
            ("QUJD\nQUJD", 4, "without spaces or line breaks"),
            ("QUJD QUJD", 4, "without spaces or line breaks"),
            ("QUJDQQ==\n", 8, "without spaces or line breaks"),
            ("QUJDQQ==\nQUJD", 8, "without spaces or line breaks"),
            ("QUJD-UJD", 4, "URL-safe alphabet"),
            ("QUJDQU_D", 6, "URL-safe alphabet"),
            ("QUJ%QUJD", 3, "not of the alphabet"),
            ("QUJDQUéD", 6, "not of the alphabet"),
            ("QUJ\0", 3, "not of the alphabet"),
        ],
    )
    @pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 65_536])
    def test_says_what_is_wrong_and_where_however_it_is_cut(
        self, text: str, position: int, words: str, size: int
    ) -> None:
        problem = refusal(text, size=size)
        assert words in problem.detail
        assert f"at character {position}:" in problem.detail
        assert problem.extras["position"] == position

    @pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
    def test_counts_the_characters_of_the_prefix_too(self, size: int) -> None:
        assert refusal("data:image/png;base64,QUJDQUJDQU-D", size=size).extras["position"] == 32


class TestDataUri:
    @pytest.mark.parametrize(
        ("prefix", "mime_type"),
        [
            ("data:image/png;base64,", "image/png"),
            ("DATA:image/SVG+xml;BASE64,", "image/SVG+xml"),
            ("data:;base64,", None),
            ("data:;charset=utf-8;base64,", None),
            ("data:audio/ogg;codecs=opus;base64,", "audio/ogg"),
            ("data:audio/ogg; codecs=opus; base64,", "audio/ogg"),
            ("data:application/vnd.ms-excel;name=a%2Cb.xls;base64,", "application/vnd.ms-excel"),
        ],
    )
    @pytest.mark.parametrize("size", [1, 3, 65_536])
    def test_takes_the_prefix_off(self, prefix: str, mime_type: str | None, size: int) -> None:
        decoded, sink = decode(prefix + "QUJDRA==", size=size)
        assert (decoded, sink.declared_mime_type) == (b"ABCD", mime_type)

    def test_may_carry_nothing(self) -> None:
        decoded, sink = decode("data:image/png;base64,")
        assert (decoded, sink.declared_mime_type) == (b"", "image/png")

    @pytest.mark.parametrize("text", ["data", "Data", "dat/", "dataQUJD", "DA=="])
    @pytest.mark.parametrize("size", [1, 65_536])
    def test_is_not_seen_in_base64_that_begins_alike(self, text: str, size: int) -> None:
        decoded, sink = decode(text, size=size)
        assert (decoded, sink.declared_mime_type) == (base64.b64decode(text, validate=True), None)

    @pytest.mark.parametrize(
        ("text", "position", "words"),
        [
            ("data:image/png,QUJD", 14, "is not base64"),
            ("data:,QUJD", 5, "is not base64"),
            ("data:base64,QUJD", 11, "is not base64"),
            ("data:image/png;base64;charset=utf-8,QUJD", 35, "is not base64"),
            ("data:image/png;base64", 21, "has no comma and so no data"),
            ("data:", 5, "has no comma and so no data"),
            ("data:png;base64,QUJD", 5, "must begin with a type"),
            ("data:image/p@ng;base64,QUJD", 5, "must begin with a type"),
            ("data:imäge/png;base64,QUJD", 5, "only printable ASCII"),
            ("data:image/png;name=ä;base64,QUJD", 5, "only printable ASCII"),
            ("data:image/p\nng;base64,QUJD", 5, "only printable ASCII"),
            (f"data:image/{'p' * 122};base64,QUJD", 5, "must begin with a type"),
            ("data:image/png;base64,QU=", 24, "padding must fill the last group"),
            ("data:image/png;base64,data:image/png;base64,QUJD", 26, "not of the alphabet"),
            (" data:image/png;base64,QUJD", 0, "without spaces"),
        ],
    )
    @pytest.mark.parametrize("size", [1, 65_536])
    def test_is_refused_with_its_reason(self, text: str, position: int, words: str, size: int) -> None:
        problem = refusal(text, size=size)
        assert re.search(words, problem.detail)
        assert problem.extras["position"] == position

    def test_may_be_as_long_as_the_bound(self) -> None:
        prefix = f"data:image/png;name={'x' * 996};base64,"
        assert len(prefix) == 1_024
        assert decode(prefix + "QUJD")[0] == b"ABC"

    @pytest.mark.parametrize("size", [1, 65_536])
    def test_is_refused_where_it_is_longer(self, size: int) -> None:
        problem = refusal(f"data:image/png;name={'x' * 997};base64,QUJD", size=size)
        assert problem.detail == "The data: URI has no comma within its first 1024 characters."

    def test_is_refused_before_more_than_the_bound_is_held(self) -> None:
        sink = Base64Sink(write=bytearray().extend)
        sink.feed(b"data:" + b"x" * 1_018)
        with pytest.raises(BadBase64, match="no comma within"):
            sink.feed(b"x")
