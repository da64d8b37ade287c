"""Kinds: what a message of each type carries, who is corrected, who is refused, and what settings may change."""

import json

import pytest

from media_store.errors import MimeMismatch, TooLarge, TypeNotAllowed
from media_store.kinds import DEFAULTS, Kind, check, kinds_from, limits_document

IMAGE, DOCUMENT, STICKER = DEFAULTS["image"], DEFAULTS["document"], DEFAULTS["sticker"]
UNKNOWN = "application/octet-stream"


def checked(
    kind: Kind, *, declared: str | None = None, detected: str, size: int = 1_000, animated: bool = False
) -> str:
    return check(kind=kind, declared=declared, detected=detected, size=size, animated=animated)


class TestCheck:
    def test_takes_what_the_kind_carries(self) -> None:
        assert checked(IMAGE, declared="image/png", detected="image/png") == "image/png"
        assert checked(IMAGE, detected="image/png") == "image/png"

    @pytest.mark.parametrize("declared", ["image/png", "image/pjpeg", "text/html", "application/pdf", "rubbish", ""])
    def test_corrects_a_wrong_label_where_the_bytes_are_welcome(self, declared: str) -> None:
        assert checked(IMAGE, declared=declared, detected="image/jpeg") == "image/jpeg"

    @pytest.mark.parametrize("declared", [None, "", "rubbish", "image/jpeg", "image/JPG; q=1", UNKNOWN])
    def test_refuses_bytes_that_are_not_what_was_promised(self, declared: str | None) -> None:
        with pytest.raises(MimeMismatch) as refusal:
            checked(IMAGE, declared=declared, detected="text/html")
        assert refusal.value.extras == {
            "detected_mime_type": "text/html",
            "allowed_mime_types": ["image/jpeg", "image/png"],
        }
        assert "text/html" in refusal.value.detail
        assert "image/jpeg, image/png" in refusal.value.detail

    def test_refuses_a_declared_type_that_the_kind_never_carries(self) -> None:
        with pytest.raises(TypeNotAllowed) as refusal:
            checked(IMAGE, declared="Image/GIF", detected="image/gif")
        assert refusal.value.extras == {
            "declared_mime_type": "image/gif",
            "allowed_mime_types": ["image/jpeg", "image/png"],
        }

    def test_a_document_may_be_anything(self) -> None:
        assert checked(DOCUMENT, declared="application/pdf", detected=UNKNOWN) == UNKNOWN
        assert checked(DOCUMENT, declared="image/svg+xml", detected="image/svg+xml") == "image/svg+xml"

    def test_the_limit_is_the_last_size_that_passes(self) -> None:
        assert checked(IMAGE, detected="image/png", size=5 * 1_048_576)
        with pytest.raises(TooLarge) as refusal:
            checked(IMAGE, detected="image/png", size=5 * 1_048_576 + 1)
        assert refusal.value.extras == {"limit_bytes": 5 * 1_048_576, "actual_bytes": 5 * 1_048_576 + 1}

    def test_a_sticker_that_moves_may_be_larger(self) -> None:
        assert checked(STICKER, detected="image/webp", size=500 * 1_024, animated=True)
        with pytest.raises(TooLarge, match="still"):
            checked(STICKER, detected="image/webp", size=100 * 1_024 + 1)
        with pytest.raises(TooLarge, match="animated"):
            checked(STICKER, detected="image/webp", size=500 * 1_024 + 1, animated=True)

    def test_the_type_is_told_before_the_size(self) -> None:
        with pytest.raises(MimeMismatch):
            checked(IMAGE, detected="text/html", size=10**9)

    def test_reading_may_stop_at_the_largest_limit(self) -> None:
        assert STICKER.most_bytes == 500 * 1_024
        assert IMAGE.most_bytes == 5 * 1_048_576


class TestKindsFrom:
    def test_nothing_changes_nothing(self) -> None:
        assert kinds_from(None, max_bytes=10**9) == DEFAULTS
        assert kinds_from({}, max_bytes=10**9) == DEFAULTS

    def test_changes_what_is_named_and_keeps_the_rest(self) -> None:
        override = {"image": {"types": ["image/jpg", "IMAGE/GIF", "image/jpeg"], "max_bytes": 10}}
        kinds = kinds_from(override, max_bytes=10**9)
        assert kinds["image"] == Kind("image", ("image/jpeg", "image/gif"), 10)
        assert {name: kind for name, kind in kinds.items() if name != "image"} == {
            name: kind for name, kind in DEFAULTS.items() if name != "image"
        }

    def test_null_is_any_type_and_no_limit_of_its_own(self) -> None:
        kinds = kinds_from({"sticker": {"types": None, "animated_max_bytes": None}}, max_bytes=10**9)
        assert kinds["sticker"] == Kind("sticker", None, 100 * 1_024)
        assert kinds["sticker"].limit_bytes(animated=True) == 100 * 1_024

    def test_an_app_changes_what_the_installation_left(self) -> None:
        installation = kinds_from({"image": {"max_bytes": 10}}, max_bytes=10**9)
        kinds = kinds_from({"image": {"types": ["image/gif"]}}, max_bytes=10**9, base=installation)
        assert kinds["image"] == Kind("image", ("image/gif",), 10)

    def test_nothing_exceeds_what_the_service_takes(self) -> None:
        kinds = kinds_from({"image": {"max_bytes": 10**12}}, max_bytes=200_000)
        assert {kind.most_bytes for kind in kinds.values()} == {200_000}
        assert kinds["sticker"].max_bytes == 100 * 1_024

    @pytest.mark.parametrize(
        ("override", "sentence"),
        [
            ([], "must be a JSON object"),
            ("image", "must be a JSON object"),
            ({"text": {}}, "'text' is no kind of media; the kinds are image, video, audio, document, sticker"),
            ({"image": None}, "The kind image must be a JSON object"),
            ({"image": {"mime": []}}, "has no mime; it has animated_max_bytes, max_bytes, types"),
            ({"image": {"max_bytes": 0}}, "whole number of bytes above 0, not 0"),
            ({"image": {"max_bytes": True}}, "not True"),
            ({"image": {"max_bytes": "5 MB"}}, "not '5 MB'"),
            ({"image": {"max_bytes": None}}, "not None"),
            ({"image": {"animated_max_bytes": 1.5}}, "not 1.5"),
            ({"image": {"types": []}}, "must be a list of types"),
            ({"image": {"types": "image/png"}}, "must be a list of types"),
            ({"image": {"types": ["png"]}}, "'png' in the types of the kind image is no type"),
            ({"image": {"types": [5]}}, "5 in the types"),
        ],
    )
    def test_says_what_is_wrong(self, override: object, sentence: str) -> None:
        with pytest.raises(ValueError, match=".*".join(sentence.split("; "))):
            kinds_from(override, max_bytes=10**9)  # type: ignore[arg-type] # JSON may be anything


class TestLimitsDocument:
    def test_is_json_that_can_be_edited_into_an_override(self) -> None:
        document = json.loads(json.dumps(limits_document(DEFAULTS, max_bytes=7)))
        assert document["max_bytes"] == 7
        assert document["kinds"]["sticker"] == {
            "types": ["image/webp"],
            "max_bytes": 102_400,
            "animated_max_bytes": 512_000,
        }
        assert document["kinds"]["document"]["types"] is None
        assert kinds_from(document["kinds"], max_bytes=10**9) == DEFAULTS

    def test_names_the_largest_limit_where_no_other_is_given(self) -> None:
        assert limits_document(DEFAULTS)["max_bytes"] == 100 * 1_048_576
