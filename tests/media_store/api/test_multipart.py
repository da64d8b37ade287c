"""multipart/form-data that is cut off, says things twice, or too much: refused, with nothing left behind."""

from collections.abc import Iterator

import pytest

from tests.media_files import jpeg
from tests.people import BOUNDARY, NOTHING, Answer, Person, file_part, messages_of, multipart, refusal, text_part

pytestmark = pytest.mark.once

WORDS = (text_part("to", "1"), text_part("type", "image"))
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


@pytest.fixture(autouse=True)
def _nothing_left_behind(alice: Person) -> Iterator[None]:
    yield
    assert alice.left_behind() == NOTHING


def send(person: Person, *parts: bytes) -> Answer:
    return person.api.post_parts(messages_of(person.device), *WORDS, *parts)


class TestABodyThatIsCutOff:
    def test_before_its_closing_boundary(self, alice: Person) -> None:
        body = multipart(*WORDS, file_part(jpeg()), closed=False)
        answer = alice.api.post(messages_of(alice.device), body, content_type=CONTENT_TYPE)
        assert refusal(answer) == (400, "malformed_multipart")
        assert "closing boundary" in answer.json()["detail"]

    @pytest.mark.parametrize("left", [0, 1, 10, 60, 100, 200, 400, -1, -2, -4, -6, -40, -100])
    def test_anywhere_else(self, alice: Person, left: int) -> None:
        whole = multipart(*WORDS, file_part(jpeg()))
        # The last line break may be missing; the hyphens before it may not.
        body = whole.removesuffix(b"\r\n")[:left] if left < 0 else whole[:left]
        answer = alice.api.post(messages_of(alice.device), body, content_type=CONTENT_TYPE)
        assert refusal(answer) == (400, "malformed_multipart")

    def test_after_a_boundary_that_only_its_file_holds(self, alice: Person) -> None:
        content = f"\r\n--{BOUNDARY}-".encode() + bytes(3_000)
        body = multipart(file_part(content), closed=False)
        answer = alice.api.post("/v1/media", body, content_type=CONTENT_TYPE)
        assert refusal(answer) == (400, "malformed_multipart")


class TestAFormWithInputsThatWereLeftEmpty:
    def test_says_nothing_by_them(self, alice: Person) -> None:
        names = ("url", "sha256", "caption", "message_id", "ptt", "mime_type")
        answer = send(alice, *(text_part(name, "") for name in names), file_part(b"no picture"))
        assert refusal(answer) == (422, "mime_mismatch")

    def test_is_told_what_it_has_to_fill_in(self, alice: Person) -> None:
        parts = (text_part("to", ""), text_part("type", "image"), file_part(jpeg()))
        answer = alice.api.post_parts(messages_of(alice.device), *parts)
        assert refusal(answer) == (400, "malformed")
        assert "to" in answer.json()["detail"]


class TestABodyThatSaysItTwice:
    def test_with_two_files(self, alice: Person) -> None:
        answer = send(alice, file_part(jpeg()), file_part(jpeg()))
        assert refusal(answer) == (400, "source_ambiguous")
        assert answer.json()["fields"] == ["file"]

    @pytest.mark.parametrize("name", ["to", "type", "caption"])
    def test_with_a_field_given_twice(self, alice: Person, name: str) -> None:
        answer = send(alice, text_part(name, "x"), text_part(name, "x"), file_part(jpeg()))
        assert refusal(answer) == (400, "malformed")
        assert name in answer.json()["detail"]

    def test_with_a_file_and_a_text_of_its_name(self, alice: Person) -> None:
        assert refusal(send(alice, file_part(jpeg()), text_part("file", "x"))) == (400, "malformed_multipart")


class TestABodyWithTheWrongParts:
    @pytest.mark.parametrize("name", ["media", "File", "file[]", "data_base64", "caption"])
    def test_a_file_under_another_name(self, alice: Person, name: str) -> None:
        answer = send(alice, file_part(jpeg(), name=name))
        assert refusal(answer) == (400, "unknown_field")
        assert answer.json()["fields"] == [name]
        assert "'file'" in answer.json()["detail"]

    def test_a_text_under_the_name_of_the_file(self, alice: Person) -> None:
        answer = send(alice, text_part("file", "not a file"))
        assert refusal(answer) == (400, "malformed_multipart")
        assert "filename" in answer.json()["detail"]

    @pytest.mark.parametrize("head", [b"", b"Content-Disposition: form-data"])
    def test_a_part_without_a_name(self, alice: Person, head: bytes) -> None:
        assert refusal(send(alice, head + b"\r\n\r\n" + jpeg())) == (400, "source_missing")

    @pytest.mark.parametrize("disposition", [b'filename="r\xe9sum\xe9.jpg"', b"filename*=martian''a.jpg"])
    def test_a_file_whose_name_nobody_can_read(self, alice: Person, disposition: bytes) -> None:
        head = b'Content-Disposition: form-data; name="file"; ' + disposition
        answer = send(alice, head + b"\r\n\r\n" + jpeg())
        assert refusal(answer) == (400, "source_missing")
        assert "a part called file, with a filename in UTF-8" in answer.json()["detail"]

    def test_a_file_whose_name_is_there_whole_and_in_pieces(self, alice: Person) -> None:
        head = b"Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''a.jpg; filename*0=b"
        assert refusal(send(alice, head + b"\r\n\r\n" + jpeg())) == (400, "malformed_multipart")

    def test_a_part_with_an_empty_name(self, alice: Person) -> None:
        head = b"Content-Disposition: form-data; name\r\n\r\n"
        assert refusal(send(alice, head + b"text")) == (400, "unknown_field")
        assert refusal(send(alice, head + jpeg())) == (400, "malformed")


class TestABodyWithTooMuch:
    def test_ten_thousand_fields(self, alice: Person) -> None:
        fields = [text_part(f"field{number}", "x") for number in range(10_000)]
        assert refusal(send(alice, *fields, file_part(jpeg()))) == (400, "malformed_multipart")

    def test_a_thousand_files(self, alice: Person) -> None:
        assert refusal(send(alice, *[file_part(jpeg())] * 1_000)) == (400, "source_ambiguous")

    @pytest.mark.parametrize("size", [2_000, 200_000, 2_000_000])
    def test_headers_of_a_part(self, alice: Person, size: int) -> None:
        head = b"X-Long: " + b"x" * size + b'\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        assert refusal(send(alice, head + jpeg())) == (400, "malformed_multipart")

    def test_fields_of_a_megabyte_and_more(self, alice: Person) -> None:
        answer = send(alice, *[text_part(f"field{number}", "x" * 100_000) for number in range(20)])
        assert refusal(answer) == (413, "too_large")
        assert answer.json()["limit_bytes"] == 1024 * 1024


class TestABoundary:
    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            'multipart/form-data; boundary="',
            "multipart/form-data; boundary=" + "b" * 300,
            "multipart/form-data; boundary=ü",
            "multipart/form-data; boundary=other",
        ],
    )
    def test_that_is_none_or_another(self, alice: Person, content_type: str) -> None:
        answer = alice.api.post("/v1/media", multipart(file_part(jpeg())), content_type=content_type)
        assert refusal(answer) == (400, "malformed_multipart")

    def test_of_another_kind_of_multipart(self, alice: Person) -> None:
        answer = alice.api.post(
            messages_of(alice.device),
            multipart(file_part(jpeg())),
            content_type=f"multipart/mixed; boundary={BOUNDARY}",
        )
        assert refusal(answer) == (415, "unsupported_body")


class TestALength:
    """As another server may pass it on."""

    def test_that_is_unknown_is_asked_for(self, alice: Person) -> None:
        answer = alice.api.client.generic(
            "POST", "/v1/media", content_type="image/jpeg", headers={"Transfer-Encoding": "chunked"}
        )
        assert refusal(answer) == (411, "length_required")

    @pytest.mark.parametrize("length", ["-1", "x", "1.5", "0x10", "٣", "1 2"])
    def test_that_is_none_is_malformed(self, alice: Person, length: str) -> None:
        answer = alice.api.client.generic("POST", "/v1/media", jpeg(), content_type="image/jpeg", CONTENT_LENGTH=length)
        assert refusal(answer) == (400, "malformed")
