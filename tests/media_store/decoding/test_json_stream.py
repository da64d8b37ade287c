"""What the JSON reader takes, what it refuses, and what it hands on."""

import json
import math
import tracemalloc
from typing import Any

import pytest

from media_store.decoding.base64_stream import Base64Sink
from media_store.decoding.json_stream import STREAMED, Limits, read_object
from media_store.errors import BadBase64
from problems.errors import MalformedJson
from tests.media_store.decoding.feeding import Collected, load, stream

MIB = 1_048_576

# Each holds, around a string for the sink, whatever can be cut in two: escapes, pairs of them, characters.
CUT_ANYWHERE = [
    rb'{"a": "x", "data": "AB\/CD\u002bEF\u002B\ud83d\ude00\"\\", "b": [1, -2.5e-3, {"c": null}]}',
    '{"ä€😀": true, "data": "ä€😀\\u00e4\\uD83D\\uDE00 end", "nested": {"data": "\\\\\\""}}'.encode(),
    b'\r\n\t {"data"\n:\t"" , "to":[ ], "o" : { } , "n":-0.0e+0 }\n ',
    b'{"data": "\\\\\\\\\\"\\\\", "key \\u0041\\n\\t\\r\\b\\f\\/": "\x7f"}',
]


def refusal(text: str | bytes, **limits: int) -> MalformedJson:
    with pytest.raises(MalformedJson) as caught:
        load(text, **limits)
    return caught.value


def streamed(body: bytes, *, sizes: list[int]) -> tuple[dict[str, Any], bytes]:
    sink = Collected()
    document = read_object(stream(body, sizes=sizes), sinks={("data",): sink})
    assert sink.finished == 1
    return document, sink.text


class TestValues:
    def test_reads_every_kind_of_value(self) -> None:
        text = '{"s": "x", "i": -12, "f": 1.5e3, "t": true, "f2": false, "n": null, "l": [1, [2]], "o": {"a": {}}}'
        assert load(text) == json.loads(text)

    def test_tells_whole_numbers_from_fractions(self) -> None:
        numbers = load('{"whole": 1, "fraction": 1.0, "power": 1e2, "negative_zero": -0.0}')
        assert [type(number) for number in numbers.values()] == [int, float, float, float]
        assert math.copysign(1, numbers["negative_zero"]) == -1

    def test_allows_white_space_around_everything(self) -> None:
        assert load(' \r\n\t{ "a" : [ 1 , 2 ] , "b" : { } } \n') == {"a": [1, 2], "b": {}}

    def test_undoes_every_escape(self) -> None:
        assert load(r'{"a": "\"\\\/\b\f\n\r\t\u00e9\u20AC\uD83d\uDe00"}') == {"a": '"\\/\b\f\n\r\té€😀'}

    def test_keeps_a_backslash_before_a_slash_apart_from_an_escaped_slash(self) -> None:
        assert load(r'{"a": "\/", "b": "\\/", "c": "\\\/"}') == {"a": "/", "b": "\\/", "c": "\\/"}

    def test_takes_the_same_key_in_different_objects(self) -> None:
        assert load('{"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}') == {"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "position", "words"),
        [
            ("", 0, "the body ended where an object (`{`) at the top level was expected."),
            (" \n", 2, "the body ended where an object (`{`) at the top level was expected."),
            ("[1]", 0, "expected an object (`{`) at the top level, found `[`."),
            ('"text"', 0, 'expected an object (`{`) at the top level, found `"`.'),
            ("\ufeff{}", 0, "byte order mark"),
            ('{"a": 1} x', 9, "expected nothing more after the object, found `x`"),
            ('{"a": 1}{}', 8, "expected nothing more after the object, found `{`"),
            ('{"a": 1', 7, "the body ended where `,` or `}` was expected"),
            ('{"a": [1}', 8, "expected `,` or `]`, found `}`"),
            ('{"a": 1,}', 8, 'expected a key in `"`, found `}`'),
            ('{"a": [1,]}', 9, "expected a value, found `]`"),
            ("{'a': 1}", 1, "expected a key in `\"`, found `'`"),
            ('{"a" 1}', 5, "expected `:` after a key, found `1`"),
            ('{"a": }', 6, "expected a value, found `}`"),
            ('{"a":', 5, "the body ended where a value was expected"),
            ('{"a": 1 "b": 2}', 8, 'expected `,` or `}`, found `"`'),
            ('{"a": 1, "b": 2, "a": 3}', 17, "the key 'a' stands a second time"),
            (r'{"a": 1, "\u0061": 3}', 9, "the key 'a' stands a second time"),
            ('{"b": [{"a": 1, "a": 2}]}', 16, "the key 'a' stands a second time"),
            ('{"a": NaN}', 6, "`NaN` is no value"),
            ('{"a": Infinity}', 6, "`Infinity` is no value"),
            ('{"a": -Infinity}', 6, "`-Infinity` is no value"),
            ('{"a": True}', 6, "`True` is no value"),
            ('{"a": 01}', 6, "`01` is no value"),
            ('{"a": 1.}', 6, "`1.` is no value"),
            ('{"a": .5}', 6, "`.5` is no value"),
            ('{"a": +1}', 6, "`+1` is no value"),
            ('{"a": 0x10}', 6, "`0x10` is no value"),
            ('{"a": 1e999}', 6, "the number 1e999 is too large"),
            ('{"a": -1e999}', 6, "the number -1e999 is too large"),
            ('{"a": "x', 8, "the body ended inside the string that began at byte 6"),
            ('{"a": "x\\', 8, "the body ended inside the string that began at byte 6"),
            ('{"a": "x\\u00', 8, "the body ended inside the string that began at byte 6"),
            ('{"a": "x\ny"}', 8, "control character 0x0A"),
            ('{"a": "x\0y"}', 8, "control character 0x00"),
            ('{"a": "é\ty"}', 9, "control character 0x09"),
            (r'{"a": "x\xy"}', 8, "a backslash begins no escape"),
            (r'{"a": "\U0041"}', 7, "a backslash begins no escape"),
            (r'{"a": "x\u12"}', 8, "a backslash begins no escape"),
            (r'{"a": "x\u"}', 8, "a backslash begins no escape"),
            (r'{"a": "\u12G4"}', 7, "a backslash begins no escape"),
            (r'{"a": "\u 123"}', 7, "a backslash begins no escape"),
            (r'{"a": "x\ud83d"}', 8, "a surrogate stands alone"),
            (r'{"a": "\ude00"}', 7, "a surrogate stands alone"),
            (r'{"a": "\ud83d\u0041"}', 7, "a surrogate stands alone"),
            (r'{"a": "\ud83d\ud83d\ude00"}', 7, "a surrogate stands alone"),
            (r'{"a": "\ud83d\"}', 7, "a surrogate stands alone"),
            (b'{"a": "x\xff"}', 8, "bytes that are not UTF-8"),
            (b'{"a": "\xed\xa0\x80"}', 7, "bytes that are not UTF-8"),
            (b'{"a": "\xc0\xaf"}', 7, "bytes that are not UTF-8"),
            (b'{"a": "x\xc3"}', 8, "bytes that are not UTF-8"),
            (b'{"a": "x\xc3', 8, "the body ended inside the string"),
            ('{"a":\f1}', 5, "expected a value, found the byte 0x0C"),
            (b'{"a": \xa0 1}', 6, "expected a value, found the byte 0xA0"),
            ('{"a": 1}'.encode("utf-16-le"), 1, "found the byte 0x00"),
        ],
    )
    def test_says_what_is_wrong_and_where(self, text: str | bytes, position: int, words: str) -> None:
        problem = refusal(text)
        assert words in problem.detail
        assert f"at byte {position}:" in problem.detail
        assert problem.extras["position"] == position

    @pytest.mark.parametrize("code", range(0x20))
    def test_refuses_every_control_character(self, code: int) -> None:
        assert f"control character 0x{code:02X}" in refusal(f'{{"a": "x{chr(code)}y"}}').detail

    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    def test_refuses_at_the_same_place_however_the_body_is_cut(self, size: int) -> None:
        body = b'{"a": "' + b"x" * 20 + b'\xc3\xa9\\ud83d", "b": 1}'
        with pytest.raises(MalformedJson) as caught:
            read_object(stream(body, sizes=[size]), sinks={})
        assert caught.value.extras["position"] == 29

    def test_lets_what_the_stream_raises_through(self) -> None:
        def read(_size: int) -> bytes:
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            read_object(read, sinks={})


class TestLimits:
    def test_bounds_the_depth(self) -> None:
        assert load('{"a": [[{}]]}', max_depth=4)
        assert refusal('{"a": [[{}]]}', max_depth=3).extras["position"] == 8

    def test_counts_depth_and_not_brackets(self) -> None:
        assert load('{"a": [], "b": [], "c": {"d": []}}', max_depth=3)

    def test_bounds_the_depth_of_a_hostile_body_without_a_deep_stack(self) -> None:
        assert "nested 16 deep" in refusal('{"a":' + "[" * 100_000).detail

    def test_bounds_keys_by_their_decoded_bytes(self) -> None:
        assert load(r'{"\u00e9\u00e9": 1}', max_key_bytes=4) == {"éé": 1}
        assert refusal(r'{"\u00e9\u00e9": 1}', max_key_bytes=3).extras["position"] == 1

    def test_bounds_strings_that_no_sink_takes(self) -> None:
        assert load('{"a": "1234"}', max_string_bytes=4) == {"a": "1234"}
        assert "a string may have at most 4 bytes" in refusal('{"a": "12345"}', max_string_bytes=4).detail

    def test_bounds_all_keys_and_strings_together(self) -> None:
        assert load('{"a": "12", "b": "34"}', max_text_bytes=6)
        assert refusal('{"a": "12", "b": "34"}', max_text_bytes=5).extras["position"] == 17

    def test_bounds_numbers(self) -> None:
        assert load('{"a": 12345}', max_number_chars=5) == {"a": 12345}
        assert "at most 5 characters" in refusal('{"a": 123456}', max_number_chars=5).detail

    def test_stops_at_a_long_number_before_its_end(self) -> None:
        digits = stream(b'{"a":' + b"1" * MIB, sizes=[10])
        with pytest.raises(MalformedJson):
            read_object(digits, sinks={})
        assert len(digits(MIB)) == 10

    def test_bounds_members_and_elements_of_the_whole_document(self) -> None:
        assert load('{"a": [1, {"b": 2}]}', max_members=4)
        assert refusal('{"a": [1, {"b": 2}]}', max_members=3).extras["position"] == 11

    def test_leaves_strings_for_a_sink_to_the_sink(self) -> None:
        sink = Collected()
        limits = Limits(max_string_bytes=4, max_text_bytes=8)
        assert read_object(stream(b'{"data": "1234567890"}'), sinks={("data",): sink}, limits=limits)
        assert sink.text == b"1234567890"


class TestSinks:
    def test_puts_a_mark_where_the_string_was(self) -> None:
        assert streamed(b'{"a": 1, "data": "xyz"}', sizes=[9]) == ({"a": 1, "data": STREAMED}, b"xyz")

    def test_finishes_an_empty_string(self) -> None:
        assert streamed(b'{"data": ""}', sizes=[9]) == ({"data": STREAMED}, b"")

    def test_reaches_into_objects(self) -> None:
        sink = Collected()
        document = read_object(stream(b'{"file": {"data": "x"}, "data": "y"}'), sinks={("file", "data"): sink})
        assert document == {"file": {"data": STREAMED}, "data": "y"}
        assert sink.text == b"x"

    @pytest.mark.parametrize("text", ['{"file": [{"data": "x"}]}', '{"files": [{"file": {"data": "x"}}]}'])
    def test_does_not_reach_into_arrays(self, text: str) -> None:
        sink = Collected()
        assert read_object(stream(text.encode()), sinks={("file", "data"): sink}) == json.loads(text)
        assert sink.finished == 0

    def test_knows_the_path_by_what_the_key_means(self) -> None:
        assert streamed(rb'{"d\u0061ta": "x"}', sizes=[9]) == ({"data": STREAMED}, b"x")

    @pytest.mark.parametrize("value", ["1", "null", "true", '["x"]', '{"data": "x"}'])
    def test_reads_what_is_no_string_as_usual(self, value: str) -> None:
        sink = Collected()
        assert read_object(stream(f'{{"data": {value}}}'.encode()), sinks={("data",): sink}) == {
            "data": json.loads(value)
        }
        assert (sink.text, sink.finished) == (b"", 0)

    def test_feeds_several(self) -> None:
        one, two = Collected(), Collected()
        read_object(stream(b'{"b": "2", "a": "1"}'), sinks={("a",): one, ("b",): two})
        assert (one.text, two.text) == (b"1", b"2")

    def test_refuses_a_second_value_for_the_path_before_feeding_it(self) -> None:
        sink = Collected()
        with pytest.raises(MalformedJson, match="second time"):
            read_object(stream(b'{"data": "first", "data": "second"}'), sinks={("data",): sink})
        assert sink.text == b"first"

    def test_does_not_finish_a_string_that_is_cut_off(self) -> None:
        sink = Collected()
        with pytest.raises(MalformedJson, match="ended inside"):
            read_object(stream(b'{"data": "xyz'), sinks={("data",): sink})
        assert sink.finished == 0

    def test_lets_what_the_sink_raises_through(self) -> None:
        sink = Base64Sink(write=bytearray().extend)
        with pytest.raises(BadBase64):
            read_object(stream(b'{"data": "?"}'), sinks={("data",): sink})

    @pytest.mark.parametrize("body", CUT_ANYWHERE)
    def test_does_not_care_where_the_body_is_cut(self, body: bytes) -> None:
        plain = json.loads(body)
        expected = {**plain, "data": STREAMED}, plain["data"].encode()
        assert streamed(body, sizes=[1]) == expected
        for cut in range(1, len(body)):
            assert streamed(body, sizes=[cut, len(body)]) == expected

    @pytest.mark.parametrize("odd", [b"\\u0041", b"\\/", b"\\\\", b'\\"', "é".encode(), b"\\ud83d\\ude00"])
    def test_does_not_care_where_the_window_ends(self, odd: bytes) -> None:
        for length in range(65_536 - 24, 65_536):
            body = b'{"data": "' + b"A" * length + odd + b"B" * 70_000 + odd + b'"}'
            _, text = streamed(body, sizes=[len(body)])
            assert text == json.loads(body)["data"].encode()


class LazyBody:
    """A JSON body with base64 of so many mebibytes, made while it is read."""

    def __init__(self, *, mebibytes: int) -> None:
        self._block = bytearray(b"QUJD" * 16_384)
        self._left = mebibytes * 16
        self._parts = [b'{"to": "1", "data_base64": "data:image/png;base64,', b'", "type": "image"}']

    def __call__(self, _size: int) -> bytes:
        if len(self._parts) == 1 and self._left:
            self._left -= 1
            return bytes(self._block)
        return self._parts.pop(0) if self._parts else b""


class TestMemory:
    def test_does_not_grow_with_the_string(self) -> None:
        sizes: list[int] = []
        sink = Base64Sink(write=lambda chunk: sizes.append(len(chunk)))
        tracemalloc.start()
        try:
            document = read_object(LazyBody(mebibytes=50), sinks={("data_base64",): sink})
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert document == {"to": "1", "data_base64": STREAMED, "type": "image"}
        assert sum(sizes) == sink.size == 50 * MIB // 4 * 3
        assert peak < 2 * MIB
