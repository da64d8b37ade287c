"""What is refused on the way in: by which code, with what beside it, and with nothing left behind."""

import base64
import hashlib
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.media_files import gif, html, incompressible, jpeg, mp4, plain_text, png, webp
from tests.people import NOTHING, Person, file_part, messages_of, refusal, text_part

pytestmark = pytest.mark.once

KIB = 1024
LIMIT = 64 * KIB


@pytest.fixture(autouse=True)
def nothing_left_behind(alice: Person) -> Iterator[None]:
    """Whatever a test here sends is refused, and leaves no trace."""
    yield
    assert alice.left_behind() == NOTHING


@pytest.fixture
def small_limit(settings: Settings) -> int:
    settings.MEDIA_MAX_BYTES = LIMIT
    return LIMIT


class TestTooLarge:
    def test_by_the_announced_length(self, alice: Person, small_limit: int) -> None:
        answer = alice.api.upload(b"x" * (LIMIT + 1024 * KIB))
        assert refusal(answer) == (413, "too_large")
        assert answer.json()["limit_bytes"] == LIMIT
        assert str(LIMIT) in answer.json()["detail"]

    def test_by_the_bytes_of_a_raw_body(self, alice: Person, small_limit: int) -> None:
        answer = alice.api.upload(b"x" * (LIMIT + 1))
        assert (*refusal(answer), answer.json()["limit_bytes"]) == (413, "too_large", LIMIT)

    def test_by_the_bytes_of_a_file(self, alice: Person, small_limit: int) -> None:
        answer = alice.api.post_parts("/v1/media", file_part(b"x" * (LIMIT + 1)))
        assert (*refusal(answer), answer.json()["limit_bytes"]) == (413, "too_large", LIMIT)

    @pytest.mark.parametrize("more", [1, 2, 3, 50_000])
    def test_by_the_bytes_of_base64(self, alice: Person, small_limit: int, more: int) -> None:
        document = {"data_base64": base64.b64encode(b"x" * (LIMIT + more)).decode()}
        answer = alice.api.post_json("/v1/media", document)
        assert (*refusal(answer), answer.json()["limit_bytes"]) == (413, "too_large", LIMIT)

    def test_by_the_limit_of_the_kind(self, alice: Person) -> None:
        alice.app.media_kinds = {"image": {"max_bytes": 1000}}
        alice.app.save()
        content = jpeg() + bytes(1000)
        answer = alice.api.send(alice.device, content)
        assert refusal(answer) == (413, "too_large")
        assert (answer.json()["limit_bytes"], answer.json()["actual_bytes"]) == (1000, len(content))

    @pytest.mark.parametrize(("animated", "limit"), [(False, 100 * KIB), (True, 500 * KIB)])
    def test_by_the_limit_of_a_sticker(self, alice: Person, animated: bool, limit: int) -> None:
        content = webp(animated=animated) + incompressible(limit)
        answer = alice.api.send(alice.device, content, type="sticker")
        assert (*refusal(answer), answer.json()["limit_bytes"]) == (413, "too_large", limit)

    def test_by_the_words_beside_a_file(self, alice: Person) -> None:
        parts = (text_part("caption", "x" * (2 * 1024 * KIB)), text_part("to", "1"), file_part(jpeg()))
        answer = alice.api.post_parts(messages_of(alice.device), *parts)
        assert refusal(answer) == (413, "too_large")
        assert answer.json()["limit_bytes"] > 0


class TestTypes:
    @pytest.mark.parametrize(
        ("kind", "content", "found"),
        [
            ("image", plain_text(), "text/plain"),
            ("image", gif(), "image/gif"),
            ("image", html(), "text/html"),
            ("image", webp(), "image/webp"),
            ("video", jpeg(), "image/jpeg"),
            ("audio", mp4(), "video/mp4"),
            ("sticker", png(), "image/png"),
        ],
    )
    def test_of_the_bytes_that_the_kind_does_not_carry(
        self, alice: Person, kind: str, content: bytes, found: str
    ) -> None:
        answer = alice.api.send(alice.device, content, type=kind)
        assert refusal(answer) == (422, "mime_mismatch")
        assert answer.json()["detected_mime_type"] == found
        assert found not in answer.json()["allowed_mime_types"]
        assert answer.json()["allowed_mime_types"]

    def test_of_a_page_that_calls_itself_a_picture(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, html(), mime_type="image/jpeg", file_name="a.jpg")
        assert refusal(answer) == (422, "mime_mismatch")

    def test_that_are_declared_and_never_allowed(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, gif(), mime_type="image/gif")
        assert refusal(answer) == (415, "type_not_allowed")
        assert answer.json()["declared_mime_type"] == "image/gif"
        assert answer.json()["allowed_mime_types"] == ["image/jpeg", "image/png"]


class TestBase64:
    @pytest.mark.parametrize(
        ("text", "position"),
        [
            ("!!!!", 0),
            ("AAAA AAAA", 4),
            ("AAAA\nAAAA", 4),
            ("AAA", 3),
            ("A", 1),
            ("AA==AAAA", 4),
            ("AAAA=", 4),
            ("AA-_", 2),
            ("AAé=", 2),
            ("data:image/png;base64", 21),
            ("data:image/png,AAAA", 14),
            ("data:image/png;base64,!AAA", 22),
        ],
    )
    def test_that_is_none(self, alice: Person, text: str, position: int) -> None:
        answer = alice.api.post_json("/v1/media", {"data_base64": text})
        assert (*refusal(answer), answer.json()["position"]) == (422, "bad_base64", position)

    def test_that_goes_wrong_late(self, alice: Person) -> None:
        text = base64.b64encode(bytes(300_000)).decode() + "!AAA"
        answer = alice.api.post_json("/v1/media", {"data_base64": text})
        assert answer.json()["position"] == 400_000

    @pytest.mark.parametrize("value", [1, True, ["AAAA"], {"a": "AAAA"}])
    def test_that_is_no_string(self, alice: Person, value: object) -> None:
        answer = alice.api.post_json("/v1/media", {"data_base64": value})
        assert refusal(answer) == (400, "malformed")
        assert "data_base64 must be a string" in answer.json()["detail"]

    def test_in_a_part_of_multipart(self, alice: Person) -> None:
        answer = alice.api.post_parts("/v1/media", text_part("data_base64", "AAAA"))
        assert refusal(answer) == (400, "malformed")
        assert "JSON" in answer.json()["detail"]


class TestEmpty:
    @pytest.mark.parametrize("text", ["", "data:image/png;base64,"])
    def test_base64(self, alice: Person, text: str) -> None:
        assert refusal(alice.api.post_json("/v1/media", {"data_base64": text})) == (422, "empty")

    def test_file(self, alice: Person) -> None:
        assert refusal(alice.api.post_parts("/v1/media", file_part(b""))) == (422, "empty")

    def test_raw_body(self, alice: Person) -> None:
        assert refusal(alice.api.upload(b"")) == (422, "empty")


class TestChecksum:
    def test_that_does_not_fit(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, jpeg(), sha256="0" * 64)
        assert refusal(answer) == (422, "checksum_mismatch")
        assert answer.json()["actual_sha256"] == hashlib.sha256(jpeg()).hexdigest()

    def test_that_does_not_fit_a_file(self, alice: Person) -> None:
        assert refusal(alice.api.send_file(alice.device, jpeg(), sha256="0" * 64)) == (422, "checksum_mismatch")


class TestSources:
    def test_none(self, alice: Person) -> None:
        assert refusal(alice.api.send(alice.device)) == (400, "source_missing")
        assert refusal(alice.api.post_json("/v1/media", {})) == (400, "source_missing")
        assert refusal(alice.api.post_parts("/v1/media", text_part("file_name", "a"))) == (400, "source_missing")

    def test_two(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, jpeg(), url="https://example.com/slip.jpg")
        assert refusal(answer) == (400, "source_ambiguous")
        assert answer.json()["fields"] == ["data_base64", "url"]

    def test_a_file_and_another(self, alice: Person) -> None:
        answer = alice.api.send_file(alice.device, jpeg(), media_path="media/x")
        assert refusal(answer) == (400, "source_ambiguous")
        assert answer.json()["fields"] == ["file", "media_path"]


class TestFields:
    def test_that_nobody_knows(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, jpeg(), captoin="x", Type="image")
        assert refusal(answer) == (400, "unknown_field")
        assert answer.json()["fields"] == ["Type", "captoin"]

    def test_that_nobody_knows_are_named_where_they_were_meant_for_the_source(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, image_url="https://example.com/slip.jpg")
        assert refusal(answer) == (400, "unknown_field")
        assert answer.json()["fields"] == ["image_url"]
        for path in ("/v1/media", "/v1/media/validate"):
            assert refusal(alice.api.post_json(path, {"base64": "AAAA"})) == (400, "unknown_field")

    def test_that_nobody_knows_beside_a_file(self, alice: Person) -> None:
        assert refusal(alice.api.send_file(alice.device, jpeg(), captoin="x")) == (400, "unknown_field")

    @pytest.mark.parametrize("name", ["to", "type"])
    def test_that_are_missing(self, alice: Person, name: str) -> None:
        answer = alice.api.send(alice.device, jpeg(), **{name: None})
        assert refusal(answer) == (400, "malformed")
        assert name in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("to", ""), ("to", "x" * 256), ("to", True), ("to", ["1"]), ("to", "1\0"),
            ("caption", {}), ("caption", "a\0"),
            ("mime_type", "image/" + "j" * 200), ("mime_type", []),
            ("ptt", "perhaps"), ("ptt", None),
            ("file_name", {}),
            ("message_id", ""), ("message_id", "x" * 256), ("message_id", {}), ("message_id", "a\0"),
        ],
    )  # fmt: skip
    def test_that_hold_the_wrong_thing(self, alice: Person, name: str, value: object) -> None:
        answer = alice.api.send(alice.device, jpeg(), **{name: value})
        assert refusal(answer) == (400, "malformed")
        assert name in answer.json()["detail"]

    def test_a_caption_of_more_than_1024_characters(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, jpeg(), caption="ü" * 1025)
        assert refusal(answer) == (400, "caption_too_long")
        assert (answer.json()["limit_characters"], answer.json()["actual_characters"]) == (1024, 1025)


class TestBodies:
    @pytest.mark.parametrize("content_type", ["", "text/plain", "image/jpeg", "application/x-www-form-urlencoded"])
    def test_of_a_message_that_are_no_json_or_multipart(self, alice: Person, content_type: str) -> None:
        answer = alice.api.post(messages_of(alice.device), jpeg(), content_type=content_type)
        assert refusal(answer) == (415, "unsupported_body")
        assert "application/json or multipart/form-data" in answer.json()["detail"]

    def test_for_another_apps_device(self, alice: Person, bob: Person) -> None:
        assert refusal(alice.api.send(bob.device, jpeg())) == (404, "not_found")

    def test_for_a_destroyed_device(self, alice: Person) -> None:
        device = alice.another_device()
        alice.api.delete(f"/v1/devices/{device.pk}")
        assert refusal(alice.api.send(device, jpeg())) == (404, "not_found")
