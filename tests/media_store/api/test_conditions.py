"""Ranges and conditions of downloads (RFC 9110, sections 13 and 14)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.http import http_date

from tests.media_files import jpeg
from tests.media_store.api.test_download import SAFETY
from tests.people import Answer, Person, bytes_of, refusal

SIZE = len(jpeg())
Get = Callable[..., Answer]


@pytest.fixture
def media(alice: Person) -> dict[str, Any]:
    return alice.sent(jpeg())


@pytest.fixture
def get(alice: Person, media: dict[str, Any]) -> Get:
    return lambda **headers: alice.api.download(media["media_path"], **headers)


def date_of(media: dict[str, Any], *, later: int = 0) -> str:
    """The date of Last-Modified, or so many seconds later."""
    moment = datetime.fromisoformat(media["created_at"]) + timedelta(seconds=later)
    return http_date(int(moment.timestamp()))


class TestRange:
    def test_gets_its_bytes_only(self, get: Get) -> None:
        for header, first, last in [
            ("bytes=0-0", 0, 0),
            ("bytes=0-9", 0, 9),
            ("bytes=5-9", 5, 9),
            ("bytes=10-", 10, SIZE - 1),
            ("bytes=0-", 0, SIZE - 1),
            ("bytes=-1", SIZE - 1, SIZE - 1),
            ("bytes=-10", SIZE - 10, SIZE - 1),
            (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
            (f"bytes=0-{SIZE - 1}", 0, SIZE - 1),
            (f"bytes=5-{SIZE * 1000}", 5, SIZE - 1),
            (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
            ("bytes= 0-9", 0, 9),
            ("Bytes=0-9", 0, 9),
        ]:
            answer = get(Range=header)
            assert answer.status_code == 206, header
            assert bytes_of(answer) == jpeg()[first : last + 1], header
            assert answer["Content-Range"] == f"bytes {first}-{last}/{SIZE}", header
            assert answer["Content-Length"] == str(last + 1 - first), header

    def test_comes_with_the_headers_of_the_whole(self, get: Get, media: dict[str, Any]) -> None:
        whole, part = get(), get(Range="bytes=0-9")
        own = {"X-Request-ID", "Content-Length", "Content-Range"}
        assert {k: v for k, v in part.items() if k not in own} == {k: v for k, v in whole.items() if k not in own}
        assert {name: part.get(name) for name in SAFETY} == SAFETY
        bytes_of(whole), bytes_of(part)

    def test_that_is_several_or_nonsense_is_ignored(self, get: Get) -> None:
        for header in (
            "bytes=0-1,3-4", "bytes=0-1, -1", "bytes=5-4", "bytes=", "bytes", "bytes=-", "bytes=a-b", "bytes=0-x",
            "bytes=--1", "bytes=1-2-3", "items=0-1", "bytes:0-1", "0-1", "bytes=0x0-0x1", "bytes=1 2-3 4", "by tes=0-1",
            "bytes=\u0660-\u0669", "bytes=+0-+1", "bytes=1.0-2", "",
        ):  # fmt: skip
            answer = get(Range=header)
            assert (answer.status_code, bytes_of(answer)) == (200, jpeg()), header
            assert "Content-Range" not in answer, header

    def test_beyond_the_end_cannot_be_satisfied(self, get: Get) -> None:
        for header in (f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0", f"bytes={10**18}-"):
            answer = get(Range=header)
            assert refusal(answer) == (416, "range_not_satisfiable"), header
            assert answer["Content-Range"] == f"bytes */{SIZE}", header

    def test_of_absurd_numbers_does_no_harm(self, get: Get) -> None:
        for header in ("bytes=" + "9" * 5000 + "-", "bytes=0-" + "9" * 5000, "bytes=-" + "9" * 5000):
            assert get(Range=header).status_code in (200, 206, 416), header

    def test_is_for_get_alone(self, alice: Person, media: dict[str, Any]) -> None:
        answer = alice.api.head("/media", {"path": media["media_path"]}, Range="bytes=0-9")
        assert (answer.status_code, answer["Content-Length"]) == (200, str(SIZE))


@pytest.mark.once
class TestIfRange:
    def test_with_the_etag_gets_the_range(self, get: Get, media: dict[str, Any]) -> None:
        assert get(Range="bytes=0-9", If_Range=f'"{media["sha256"]}"').status_code == 206

    def test_with_the_date_gets_the_range(self, get: Get, media: dict[str, Any]) -> None:
        assert get(Range="bytes=0-9", If_Range=date_of(media)).status_code == 206

    def test_with_another_etag_gets_the_whole(self, get: Get, media: dict[str, Any]) -> None:
        for etag in (f'W/"{media["sha256"]}"', media["sha256"], '"other"'):
            answer = get(Range="bytes=0-9", If_Range=etag)
            assert (answer.status_code, bytes_of(answer)) == (200, jpeg()), etag

    def test_with_another_date_gets_the_whole(self, get: Get, media: dict[str, Any]) -> None:
        for later in (-1, 1):
            assert get(Range="bytes=0-9", If_Range=date_of(media, later=later)).status_code == 200, later

    def test_with_nonsense_gets_the_whole(self, get: Get) -> None:
        for validator in ("", "yesterday", "*", "Mon, 99 Foo 2026 99:99:99 GMT"):
            assert get(Range="bytes=0-9", If_Range=validator).status_code == 200, validator

    def test_saves_an_outdated_range_from_416(self, get: Get) -> None:
        assert get(Range=f"bytes={SIZE}-", If_Range='"other"').status_code == 200


@pytest.mark.once
class TestIfNoneMatch:
    def test_with_the_etag_is_not_modified(self, get: Get, media: dict[str, Any]) -> None:
        for made in ('"{}"', 'W/"{}"', '"x", "{}"', '"x",W/"{}" , "y"', "*"):
            answer = get(If_None_Match=made.format(media["sha256"]))
            assert (answer.status_code, bytes_of(answer)) == (304, b""), made

    def test_not_modified_says_what_a_cache_needs_and_describes_no_content(
        self, get: Get, media: dict[str, Any]
    ) -> None:
        etag = f'"{media["sha256"]}"'
        answer = get(If_None_Match=etag)
        assert {name: answer.get(name) for name in SAFETY} == SAFETY
        assert (answer["ETag"], answer["Last-Modified"]) == (etag, date_of(media))
        assert "Content-Type" not in answer
        assert "Content-Disposition" not in answer
        # RFC 9110, section 8.6: the length of what a 200 would have sent, or none.
        assert answer.get("Content-Length", str(SIZE)) == str(SIZE)

    def test_with_other_etags_gets_the_bytes(self, get: Get) -> None:
        for header in ('"other"', "other", '""', "", 'W/"other", "x"', '"*"'):
            assert get(If_None_Match=header).status_code == 200, header

    def test_comes_before_the_range(self, get: Get, media: dict[str, Any]) -> None:
        assert get(If_None_Match=f'"{media["sha256"]}"', Range="bytes=0-9").status_code == 304
        assert get(If_None_Match='"other"', Range="bytes=0-9").status_code == 206

    def test_comes_before_the_date(self, get: Get, media: dict[str, Any]) -> None:
        assert get(If_None_Match='"other"', If_Modified_Since=date_of(media)).status_code == 200

    def test_answers_head_as_get(self, alice: Person, media: dict[str, Any]) -> None:
        answer = alice.api.head("/media", {"path": media["media_path"]}, If_None_Match="*")
        assert answer.status_code == 304


@pytest.mark.once
class TestIfModifiedSince:
    def test_looks_at_the_date(self, get: Get, media: dict[str, Any]) -> None:
        for later, status in ((-1, 200), (0, 304), (1, 304)):
            assert get(If_Modified_Since=date_of(media, later=later)).status_code == status, later

    def test_ignores_what_is_no_date(self, get: Get) -> None:
        for header in ("", "yesterday", "2026-01-01", "Mon, 99 Foo 2026 99:99:99 GMT"):
            assert get(If_Modified_Since=header).status_code == 200, header


@pytest.mark.once
class TestIfMatch:
    def test_with_the_etag_gets_the_bytes(self, get: Get, media: dict[str, Any]) -> None:
        assert get(If_Match=f'"{media["sha256"]}"').status_code == 200
        assert get(If_Match="*").status_code == 200

    def test_with_another_is_a_failed_precondition(self, get: Get, media: dict[str, Any]) -> None:
        for made in ('"other"', 'W/"{}"'):
            assert refusal(get(If_Match=made.format(media["sha256"]))) == (412, "precondition_failed"), made

    def test_looks_at_the_date_of_if_unmodified_since(self, get: Get, media: dict[str, Any]) -> None:
        assert get(If_Unmodified_Since=date_of(media)).status_code == 200
        answer = get(If_Unmodified_Since=date_of(media, later=-1))
        assert refusal(answer) == (412, "precondition_failed")
