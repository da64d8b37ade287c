"""Content-Disposition of any name, read back by parsers that are not ours; ranges beside a plain reading of them."""

import re
from email.message import EmailMessage
from email.policy import HTTP

from hypothesis import example, given, strategies as st
from werkzeug.http import parse_options_header

from media_store import file_names
from media_store.delivery.headers import disposition
from media_store.delivery.ranges import Span, parse
from media_store.errors import RangeNotSatisfiable

# Letters of every kind, and what breaks headers, quotes and percent-encoding.
NAMES = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="ab\"\\%;=*'' \t\r\n\0/.,é\u202e\U0001f600\ud800", max_size=60),
    st.from_regex(r"[ -~]{0,300}", fullmatch=True),
)
NUMBERS = st.one_of(st.integers(0, 30), st.integers(0, 10**25)).map(str)
SPECS = st.one_of(
    st.builds("{}-{}".format, NUMBERS, NUMBERS),
    st.builds("{}-".format, NUMBERS),
    st.builds("-{}".format, NUMBERS),
    st.text(alphabet="0123456789-, \t+x=\u0661", max_size=12),
)
RANGES = st.builds(
    "{}{}".format,
    st.sampled_from(["bytes=", "Bytes=", "bytes = ", "bytes:", "items=", "", "bytes= "]),
    st.lists(SPECS, max_size=4).map(",".join),
)
SIZES = st.one_of(st.integers(0, 20), st.integers(0, 10**12))


class TestADisposition:
    @given(name=NAMES, kind=st.sampled_from(["inline", "attachment"]))
    @example(name="a\r\nSet-Cookie: b", kind="inline")
    @example(name='"; filename="b.exe', kind="inline")
    @example(name="%2e%2e%2f", kind="inline")
    @example(name="d\u0301\u200d🦊.jpg", kind="attachment")
    def test_says_the_name_to_whoever_reads_it(self, name: str, kind: str) -> None:
        # A media without a name gets one.
        kept = file_names.clean(name) or "media.bin"
        header = disposition(kind, kept)
        # Nothing else can be said in it, nor after it.
        assert re.fullmatch(r"[ -~]*", header)
        assert parse_options_header(header) == (kind, {"filename": kept})
        # This one takes the first of the two forms that it finds.
        plain, _, true = header.partition("; filename*=")
        assert file_name_by_email(f"{kind}; filename*={true}") == kept
        assert len(file_name_by_email(plain)) == len(kept)


def file_name_by_email(header: str) -> str:
    message = EmailMessage(policy=HTTP)
    message["Content-Disposition"] = header
    return str(message["Content-Disposition"].params["filename"])


def plain_span(header: str, size: int) -> Span | str | None:
    """RFC 9110, section 14.1.2, read word by word, for one range."""
    unit, equals, spec = header.partition("=")
    spec = spec.strip(" \t")
    if unit.lower() != "bytes" or not equals or spec.count("-") != 1:
        return None
    first, last = spec.split("-")
    if not all(re.fullmatch("[0-9]{0,19}", word) for word in (first, last)) or spec == "-":
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < int(first):
            return None
    return Span(start=start, length=end - start) if start < end else "not satisfiable"


class TestARange:
    @given(header=RANGES, size=SIZES)
    def test_is_what_the_standard_says(self, header: str, size: int) -> None:
        try:
            span: Span | str | None = parse(header, size=size)
        except RangeNotSatisfiable:
            span = "not satisfiable"
        assert span == plain_span(header, size)
        if isinstance(span, Span):
            assert 0 <= span.start < span.start + span.length <= size
