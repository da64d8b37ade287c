"""Downloads asked for, and bodies sent, in ways that a search draws: never a fault, never other bytes, nothing left."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings as hypothesis_settings, strategies as st

from media_store.models import Blob
from tests.media_files import jpeg
from tests.media_store.test_headers_search import RANGES
from tests.people import Answer, Person, bytes_of, refusal

pytestmark = pytest.mark.once

CONTENT = jpeg()
# Each example is a request or two.
search = hypothesis_settings(
    max_examples=hypothesis_settings().max_examples // 4, suppress_health_check=list(HealthCheck), deadline=None
)


@pytest.fixture
def media(alice: Person) -> dict[str, Any]:
    return alice.sent(CONTENT)


# What may stand in a header: gunicorn refuses the other characters.
TEXT = st.text(alphabet=st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=80)
DATES = st.one_of(
    st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT")),
    st.sampled_from(["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Sun Nov  6 08:49:37 1994"]),
    st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{1,9} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\Z"),
)
TAGS = st.one_of(
    st.sampled_from(["*", '"THE"', 'W/"THE"', '"x", "THE"', "THE", '"', "W/", ","]),
    st.lists(st.sampled_from(['"a"', 'W/"b"', '"THE"', "c", "", '"d\\"']), max_size=300).map(", ".join),
)
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "Range": st.one_of(RANGES.filter(str.isascii), TEXT),
        "If_Range": st.one_of(TAGS, DATES, TEXT),
        "If_None_Match": st.one_of(TAGS, TEXT),
        "If_Match": st.one_of(TAGS, TEXT),
        "If_Modified_Since": st.one_of(DATES, TEXT),
        "If_Unmodified_Since": st.one_of(DATES, TEXT),
    },
)


class TestADownload:
    @given(headers=CONDITIONS)
    @example(headers={"Range": "bytes=" + ",".join(["0-1"] * 10_000)})
    @example(headers={"Range": "bytes=" + ",".join(f"{at}-" for at in range(2_000))})
    @example(headers={"Range": "bytes=-" + "9" * 8_000})
    @example(headers={"If_None_Match": ", ".join(['"a"'] * 1_500)})
    @example(headers={"If_Modified_Since": "Thu, 01 Jan 99999999 00:00:00 GMT"})
    @search
    def test_gets_its_bytes_or_a_reason(self, alice: Person, media: dict[str, Any], headers: dict[str, str]) -> None:
        asked = {name: value.replace("THE", media["sha256"]) for name, value in headers.items()}
        answer = alice.api.download(media["media_path"], **asked)
        if answer.status_code == 206:
            span, _, size = answer["Content-Range"].removeprefix("bytes ").partition("/")
            first, last = map(int, span.split("-"))
            assert size == str(len(CONTENT))
            assert bytes_of(answer) == CONTENT[first : last + 1] != b""
        elif answer.status_code == 200:
            assert bytes_of(answer) == CONTENT
        elif answer.status_code == 304:
            assert bytes_of(answer) == b""
        else:
            assert refusal(answer) in {(412, "precondition_failed"), (416, "range_not_satisfiable")}

    @given(path=st.text(max_size=200), query=st.text(max_size=50))
    @search
    def test_of_any_path_finds_nothing_else(self, alice: Person, path: str, query: str) -> None:
        assert alice.api.download(path).status_code in {400, 404}
        assert alice.api.get("/media", {query: path}).status_code in {400, 404}


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body of parts. `content` is what its file holds, where it has one and nothing is wrong with it."""

    content_type: str
    raw: bytes
    content: bytes | None


# RFC 2046, section 5.1.1: all of a boundary's characters, and a few that are none.
BOUNDARIES = st.from_regex(r"\A[0-9a-zA-Z'()+_,./:=?-]{1,70}\Z")
CONTENTS = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([CONTENT, b"\r\n", b"--", b"\r\n--", b"\r", b"\n", b"", b"-" * 5_000, CONTENT * 200]),
)
NAME_PIECES = st.text(alphabet='ab"\\;= é\u202e%\r\n\0/.', max_size=20)
DISPOSITIONS = st.one_of(
    st.sampled_from(
        [
            'form-data; name="file"; filename="a.jpg"',
            'form-data; name="file_name"',
            'form-data; name="file"',
            "form-data",
            "attachment; filename=a",
            "form-data; name=file; filename*=UTF-8''%e2%82%ac",
            'form-data; name="file"; filename=""',
            "form-data; name*=UTF-8''file; filename=x",
        ]
    ),
    st.builds('form-data; name="{}"; filename="{}"'.format, NAME_PIECES, NAME_PIECES),
)
PART_HEADERS = st.lists(
    st.one_of(
        st.builds("Content-Disposition: {}".format, DISPOSITIONS),
        st.sampled_from(
            [
                "Content-Type: image/jpeg",
                "Content-Type: multipart/mixed; boundary=inner",
                "Content-Type: text/plain; charset=utf-7",
                "Content-Type: text/plain; charset=nonsense",
                "Content-Transfer-Encoding: base64",
                "Content-Transfer-Encoding: quoted-printable",
                "Content-Length: 3",
                "Content-Encoding: gzip",
                "X: " + "y" * 900,
                "no colon",
                ": no name",
                "folded:\r\n here",
            ]
        ),
    ),
    max_size=4,
)
FILE_PART = (['Content-Disposition: form-data; name="file"; filename="a.jpg"', "Content-Type: image/jpeg"],)


@st.composite
def sound_bodies(draw: st.DrawFn) -> Body:
    """One file, and what may stand around it."""
    boundary, content = draw(BOUNDARIES), draw(CONTENTS)
    raw = _joined(boundary, [(FILE_PART[0], content)], newline=b"\r\n")
    raw = (
        draw(st.sampled_from([b"", b"preamble\r\n", b"\r\n"]))
        + raw
        + draw(st.sampled_from([b"", b"epilogue", b"\r\n"]))
    )
    # A body whose file holds its boundary means something else.
    fits = f"--{boundary}".encode() not in content
    return Body(content_type=_type(boundary, draw(st.booleans())), raw=raw, content=content if fits else None)


@st.composite
def broken_bodies(draw: st.DrawFn) -> Body:
    """Any parts, whose line ends, boundary and end are drawn too."""
    boundary = draw(BOUNDARIES)
    parts = draw(st.lists(st.tuples(PART_HEADERS, CONTENTS), max_size=5))
    if draw(st.booleans()):
        parts.insert(0, (FILE_PART[0], draw(CONTENTS)))
    raw = _joined(boundary, parts, newline=draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"])))
    raw = draw(st.binary(max_size=30)) + raw + draw(st.binary(max_size=30))
    cut = draw(st.one_of(st.none(), st.integers(0, len(raw))))
    at, junk = draw(st.integers(0, len(raw))), draw(st.binary(max_size=5))
    said = draw(st.one_of(st.just(boundary), BOUNDARIES, st.text(alphabet='"; =é', max_size=5)))
    return Body(content_type=_type(said, draw(st.booleans())), raw=(raw[:at] + junk + raw[at:])[:cut], content=None)


def _joined(boundary: str, parts: list[tuple[list[str], bytes]], *, newline: bytes) -> bytes:
    opening = b"--" + boundary.encode() + newline
    whole = (newline.join(header.encode() for header in headers) + newline * 2 + content for headers, content in parts)
    return b"".join(opening + part + newline for part in whole) + b"--" + boundary.encode() + b"--" + newline


def _type(boundary: str, quoted: bool) -> str:
    return f'multipart/form-data; boundary="{boundary}"' if quoted else f"multipart/form-data; boundary={boundary}"


class TestABodyOfParts:
    @pytest.fixture(autouse=True)
    def _every_object_has_its_row(self, alice: Person) -> Iterator[None]:
        yield
        left = alice.left_behind()
        assert left["spool"] == []
        assert len(left["objects"]) == len(left["blobs"])

    @given(body=sound_bodies())
    @search
    def test_that_is_sound_is_taken_as_it_is(self, alice: Person, body: Body) -> None:
        answer = self._send(alice, body)
        if body.content == b"":
            assert refusal(answer) == (422, "empty")
        elif body.content is not None:
            assert answer.status_code == 201, answer.content
            assert bytes_of(alice.api.download(answer.json()["media_path"])) == body.content

    @given(body=st.one_of(broken_bodies(), broken_bodies(), sound_bodies()))
    @search
    def test_in_any_shape_is_taken_or_refused_whole(self, alice: Person, body: Body) -> None:
        before = Blob.objects.count()
        answer = self._send(alice, body)
        if answer.status_code == 201:
            media = answer.json()
            assert len(bytes_of(alice.api.download(media["media_path"]))) == media["size"]
        else:
            status, _ = refusal(answer)
            assert 400 <= status < 500
            assert Blob.objects.count() == before

    @staticmethod
    def _send(alice: Person, body: Body) -> Answer:
        return alice.api.post("/v1/media", body.raw, content_type=body.content_type)
