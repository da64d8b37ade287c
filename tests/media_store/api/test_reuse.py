"""Sending what the app has already, by `media_id` or `media_path`."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from media_store import failpoints
from media_store.models import Blob, Media
from tests.media_files import incompressible, jpeg, ogg_opus, plain_text, png, webp
from tests.people import PENDING, Person, bytes_of, refusal

BOTH_WAYS = pytest.mark.parametrize("word", ["media_id", "media_path"])


def named(word: str, media: dict[str, Any]) -> dict[str, Any]:
    """The field that names this media."""
    return {word: media["id"] if word == "media_id" else media["media_path"]}


def in_state(media: dict[str, Any], **columns: Any) -> None:
    Media.objects.filter(pk=media["id"]).update(**columns)


class TestReuse:
    @BOTH_WAYS
    def test_makes_a_media_of_its_own_on_the_same_object(self, alice: Person, word: str) -> None:
        first = alice.uploaded(jpeg(), content_type="image/jpeg", X_File_Name="slip.jpg")
        answer = alice.api.send(alice.device, caption="again", **named(word, first))

        assert answer.status_code == 201
        media = answer.json()["media"]
        assert media["id"] != first["id"]
        assert (media["source"], media["source_detail"]) == ("media", first["id"])
        assert (media["file_name"], media["caption"], media["sha256"]) == ("slip.jpg", "again", first["sha256"])
        assert media["direction"] == "outbound"
        assert Blob.objects.filter(app=alice.app).count() == 1
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    @BOTH_WAYS
    def test_takes_what_was_sent_before(self, alice: Person, word: str) -> None:
        first = alice.sent(jpeg(), caption="first", to="1")
        media = alice.api.send(alice.another_device(), **named(word, first)).json()["media"]
        assert (media["caption"], media["status"]) == (None, "ready")

    def test_any_number_of_times(self, alice: Person) -> None:
        first = alice.uploaded(jpeg())
        paths = {alice.api.send(alice.device, media_id=first["id"]).json()["media"]["media_path"] for _ in range(5)}
        assert len(paths) == 5
        assert len(alice.left_behind()["objects"]) == 1

    def test_may_give_another_name(self, alice: Person) -> None:
        first = alice.uploaded(jpeg(), X_File_Name="old.jpg")
        media = alice.api.send(alice.device, media_id=first["id"], file_name="new.jpg").json()["media"]
        assert media["file_name"] == "new.jpg"

    def test_outlives_the_original(self, alice: Person) -> None:
        first = alice.uploaded(jpeg())
        media = alice.api.send(alice.device, media_id=first["id"]).json()["media"]
        alice.api.delete(f"/v1/media/{first['id']}")
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    def test_names_one_media_only(self, alice: Person) -> None:
        first = alice.uploaded(jpeg())
        answer = alice.api.send(alice.device, media_id=first["id"], media_path=first["media_path"])
        assert refusal(answer) == (400, "source_ambiguous")
        assert answer.json()["fields"] == ["media_id", "media_path"]

    @BOTH_WAYS
    def test_is_none_beside_bytes(self, alice: Person, word: str) -> None:
        first = alice.uploaded(jpeg())
        answer = alice.api.send(alice.device, jpeg(), **named(word, first))
        assert refusal(answer) == (400, "source_ambiguous")


class TestKinds:
    def test_are_held_against_the_bytes_as_in_any_sending(self, alice: Person) -> None:
        first = alice.uploaded(plain_text())
        answer = alice.api.send(alice.device, media_id=first["id"])
        assert refusal(answer) == (422, "mime_mismatch")
        assert answer.json()["detected_mime_type"] == "text/plain"

    def test_limit_the_size(self, alice: Person) -> None:
        first = alice.uploaded(webp(width=400, height=400, lossless=True) + incompressible(101 * 1024))
        answer = alice.api.send(alice.device, type="sticker", media_id=first["id"])
        assert refusal(answer) == (413, "too_large")
        assert answer.json()["limit_bytes"] == 100 * 1024

    def test_know_an_animated_sticker_by_its_bytes(self, alice: Person) -> None:
        first = alice.uploaded(webp(animated=True) + incompressible(101 * 1024))
        answer = alice.api.send(alice.device, type="sticker", media_id=first["id"])
        assert answer.status_code == 201

    def test_know_what_moves_in_any_kind_that_has_a_limit_for_it(self, alice: Person) -> None:
        """As for bytes that come with the message."""
        alice.app.media_kinds = {"image": {"types": ["image/webp"], "animated_max_bytes": 5_000}}
        alice.app.save()
        first = alice.uploaded(webp(animated=True) + incompressible(5_000))
        answer = alice.api.send(alice.device, type="image", media_id=first["id"])
        assert refusal(answer) == (413, "too_large")
        assert answer.json()["limit_bytes"] == 5_000
        assert refusal(alice.api.send(alice.device, webp(animated=True) + incompressible(5_000)))[0] == 413
        still = alice.uploaded(webp() + incompressible(5_000))
        assert alice.api.send(alice.device, type="image", media_id=still["id"]).status_code == 201

    def test_let_a_document_be_anything(self, alice: Person) -> None:
        first = alice.sent(ogg_opus(), type="audio")
        answer = alice.api.send(alice.device, type="document", media_path=first["media_path"])
        assert answer.json()["media"]["mime_type"] == "audio/ogg"


class TestWhatCannotBeReused:
    """It answers as its download would."""

    @BOTH_WAYS
    def test_what_is_deleted(self, alice: Person, word: str) -> None:
        first = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{first['id']}")
        answer = alice.api.send(alice.device, **named(word, first))
        assert refusal(answer) == (410, "media_gone")
        assert answer.json()["reason"] == "client"

    @BOTH_WAYS
    def test_what_has_expired(self, alice: Person, word: str) -> None:
        first = alice.sent(jpeg())
        in_state(first, expires_at=timezone.now() - timedelta(seconds=1))
        answer = alice.api.send(alice.device, **named(word, first))
        assert refusal(answer) == (410, "media_gone")
        assert answer.json()["reason"] == "retention"

    @BOTH_WAYS
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            ("pending", (409, "media_not_ready")),
            ("failed", (422, "media_failed")),
            ("omitted", (422, "media_omitted")),
        ],
    )
    def test_what_never_had_bytes(self, alice: Person, word: str, status: str, code: tuple[int, str]) -> None:
        first = alice.sent(jpeg())
        in_state(first, **{**PENDING, "status": status, "reason": "because"})
        assert refusal(alice.api.send(alice.device, **named(word, first))) == code

    @BOTH_WAYS
    def test_what_is_another_apps(self, alice: Person, bob: Person, word: str) -> None:
        answer = bob.api.send(bob.device, **named(word, alice.sent(jpeg())))
        assert refusal(answer) == (404, "not_found")

    @BOTH_WAYS
    def test_what_a_destroyed_device_had(self, alice: Person, word: str) -> None:
        first = alice.sent(jpeg())
        alice.api.delete(f"/v1/devices/{alice.device.pk}")
        assert refusal(alice.api.send(alice.another_device(), **named(word, first))) == (404, "not_found")

    @pytest.mark.parametrize(
        "fields",
        [
            {"media_id": str(uuid.uuid4())},
            {"media_id": "no-id"},
            {"media_id": "0" * 5000},
            {"media_path": "media/no/path.jpg"},
            {"media_path": "x" * 2000},
            {"media_path": "a\0b"},
            {"media_path": "../../etc/passwd"},
        ],
    )
    def test_what_is_unknown_or_malformed(self, alice: Person, fields: dict[str, Any]) -> None:
        assert refusal(alice.api.send(alice.device, **fields)) == (404, "not_found")

    @pytest.mark.parametrize("around", [" {}", "{} ", "{}\n", "/{}"])
    def test_a_path_that_is_nearly_right(self, alice: Person, around: str) -> None:
        path = around.format(alice.sent(jpeg())["media_path"])
        assert refusal(alice.api.send(alice.device, media_path=path)) == (404, "not_found")

    def test_what_does_not_have_the_promised_checksum(self, alice: Person) -> None:
        first = alice.uploaded(jpeg())
        answer = alice.api.send(alice.device, media_id=first["id"], sha256="0" * 64)
        assert refusal(answer) == (422, "checksum_mismatch")
        assert answer.json()["actual_sha256"] == first["sha256"]


class TestMessageIds:
    def test_the_same_again_from_the_same_media_is_no_second_message(self, alice: Person) -> None:
        first = alice.uploaded(jpeg())
        answers = [alice.api.send(alice.device, media_id=first["id"], message_id="m1") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 200]
        assert answers[0].json() == answers[1].json()

    @BOTH_WAYS
    @pytest.mark.parametrize("end", ["removed", "expired"])
    def test_the_same_again_after_its_media_went_is_no_failure(self, alice: Person, word: str, end: str) -> None:
        first = alice.uploaded(jpeg())
        sent = alice.api.send(alice.device, message_id="m1", **named(word, first))
        if end == "removed":
            alice.api.delete(f"/v1/media/{first['id']}")
        else:
            in_state(first, expires_at=timezone.now() - timedelta(seconds=1))
        again = alice.api.send(alice.device, message_id="m1", **named(word, first))
        assert (again.status_code, again.json()) == (200, sent.json())

    def test_the_same_from_other_media_that_went_is_none(self, alice: Person) -> None:
        first, second = alice.uploaded(jpeg()), alice.uploaded(png())
        alice.api.send(alice.device, media_id=first["id"], message_id="m1")
        alice.api.delete(f"/v1/media/{second['id']}")
        answer = alice.api.send(alice.device, media_id=second["id"], message_id="m1")
        assert refusal(answer) == (410, "media_gone")

    def test_the_same_from_media_that_never_came_is_none(self, alice: Person) -> None:
        first, second = (alice.uploaded(jpeg()), alice.sent(jpeg(), message_id="m1"))
        in_state(first, **{**PENDING, "sha256": ""})
        in_state(second, **{**PENDING, "sha256": ""})
        alice.api.delete(f"/v1/media/{first['id']}")
        answer = alice.api.send(alice.device, media_id=first["id"], message_id="m1")
        assert refusal(answer) == (410, "media_gone")

    def test_the_same_from_other_media_is_a_conflict(self, alice: Person) -> None:
        first, second = alice.uploaded(jpeg()), alice.uploaded(png())
        alice.api.send(alice.device, media_id=first["id"], message_id="m1")
        answer = alice.api.send(alice.device, media_id=second["id"], message_id="m1")
        assert refusal(answer) == (409, "duplicate_message_id")


class TestRaces:
    def test_an_object_condemned_after_the_look_is_gone(self, alice: Person) -> None:
        first = alice.sent(jpeg())

        def condemn() -> None:
            Blob.objects.filter(app=alice.app).condemn(now=timezone.now())

        with failpoints.at("ingest.attach.owner_locked", condemn):
            answer = alice.api.send(alice.device, media_id=first["id"])
        assert refusal(answer) == (410, "media_gone")
        assert answer.json()["gone_at"]
        assert Media.objects.filter(app=alice.app).count() == 1

    def test_what_was_removed_after_the_look_says_when_and_why(self, alice: Person) -> None:
        first = alice.sent(jpeg())

        def remove() -> None:
            alice.api.delete(f"/v1/media/{first['id']}")
            Blob.objects.filter(app=alice.app).condemn(now=timezone.now())

        with failpoints.at("ingest.attach.owner_locked", remove):
            answer = alice.api.send(alice.device, media_id=first["id"])
        download = alice.api.download(first["media_path"]).json()
        assert refusal(answer) == (410, "media_gone")
        told = {name: answer.json()[name] for name in ("reason", "gone_at", "detail")}
        assert told == {name: download[name] for name in told}
        assert told["reason"] == "client"
