"""POST /v1/devices/{id}/messages: media goes out with a message."""

import base64
import hashlib
import json
from datetime import datetime, timedelta

import pytest

from media_store.models import Blob, Media
from tests.media_files import gif, jpeg, mp4, ogg_opus, pdf, plain_text, png, webp
from tests.people import Person, bytes_of, file_part, messages_of, refusal, text_part


class TestSendingBase64:
    def test_answers_the_message_and_its_media(self, alice: Person) -> None:
        answer = alice.api.send(
            alice.device,
            jpeg(),
            to="6281234567890",
            mime_type="image/jpg",
            file_name="slip.jpg",
            caption="Payment slip",
            message_id="slip-1",
        )

        assert answer.status_code == 201
        media = answer.json()["media"]
        assert answer["Location"] == f"/v1/media/{media['id']}"
        assert answer.json()["message_id"] == media["message_id"] == "slip-1"
        moments = {name: media.pop(name) for name in ("created_at", "expires_at")}
        assert media == {
            "id": media["id"],
            "media_path": f"media/{alice.app.pk}/{alice.device.pk}-slip-1.jpg",
            "status": "ready",
            "reason": None,
            "reason_detail": None,
            "direction": "outbound",
            "kind": "image",
            "mime_type": "image/jpeg",
            "declared_mime_type": "image/jpeg",
            "file_name": "slip.jpg",
            "caption": "Payment slip",
            "size": len(jpeg()),
            "sha256": hashlib.sha256(jpeg()).hexdigest(),
            "source": "base64",
            "expiry_rule": "shipped: outbound, 30 days",
            "source_detail": None,
            "device_id": str(alice.device.pk),
            "message_id": "slip-1",
            "ptt": False,
            "delivery": "queued",
            "purged_at": None,
        }
        kept = {name: datetime.fromisoformat(moment) for name, moment in moments.items()}
        assert kept["expires_at"] - kept["created_at"] == timedelta(days=30)

    def test_takes_the_type_from_a_data_uri(self, alice: Person) -> None:
        uri = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
        media = alice.api.send(alice.device, data_base64=uri).json()["media"]
        assert media["declared_mime_type"] == media["mime_type"] == "image/png"
        assert bytes_of(alice.api.download(media["media_path"])) == png()

    def test_believes_the_field_before_the_data_uri(self, alice: Person) -> None:
        uri = f"data:image/png;base64,{base64.b64encode(jpeg()).decode()}"
        media = alice.api.send(alice.device, data_base64=uri, mime_type="image/jpeg").json()["media"]
        assert media["declared_mime_type"] == "image/jpeg"

    def test_reads_keys_in_any_order_with_escapes_and_white_space(self, alice: Person) -> None:
        escaped = base64.b64encode(jpeg()).decode().replace("/", r"\/")
        body = f'\n{{ "data_base64" :\t"{escaped}", "type":"im\\u0061ge" , "to":"1", "caption": "\\ud83d\\ude00" }}\r\n'
        answer = alice.api.post(messages_of(alice.device), body.encode(), content_type="application/json")
        assert answer.status_code == 201
        assert answer.json()["media"]["sha256"] == hashlib.sha256(jpeg()).hexdigest()
        assert answer.json()["media"]["caption"] == "😀"

    def test_takes_null_for_a_field_left_out(self, alice: Person) -> None:
        unset = dict.fromkeys(
            ("url", "media_id", "media_path", "mime_type", "file_name", "caption", "message_id", "sha256")
        )
        media = alice.sent(jpeg(), **unset)
        assert (media["caption"], media["file_name"], media["declared_mime_type"]) == (None, None, None)

    def test_takes_a_number_for_a_recipient(self, alice: Person) -> None:
        media = alice.sent(jpeg(), to=6281234567890)
        assert Media.objects.get(pk=media["id"]).to == "6281234567890"

    def test_never_shows_the_recipient(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, jpeg(), to="6281234567890")
        assert "6281234567890" not in answer.content.decode()


class TestSendingAFile:
    def test_takes_the_fields_beside_the_file(self, alice: Person) -> None:
        answer = alice.api.send_file(
            alice.device, ogg_opus(), file_name="voice.ogg", type="audio", ptt="true", caption="hm"
        )
        media = answer.json()["media"]
        assert (answer.status_code, media["source"], media["ptt"]) == (201, "file", True)
        assert (media["file_name"], media["caption"], media["mime_type"]) == ("voice.ogg", "hm", "audio/ogg")
        assert bytes_of(alice.api.download(media["media_path"])) == ogg_opus()

    def test_takes_the_fields_after_the_file_too(self, alice: Person) -> None:
        parts = (file_part(jpeg()), text_part("to", "1"), text_part("type", "image"))
        assert alice.api.post_parts(messages_of(alice.device), *parts).status_code == 201

    def test_lets_fields_outdo_what_the_part_says(self, alice: Person) -> None:
        answer = alice.api.send_file(alice.device, png(), mime_type="image/png", file_name="part.jpg")
        assert answer.json()["media"]["declared_mime_type"] == "image/png"


class TestKinds:
    @pytest.mark.parametrize(
        ("kind", "content", "mime_type", "extension"),
        [
            ("image", jpeg(), "image/jpeg", "jpg"),
            ("image", png(), "image/png", "png"),
            ("video", mp4(), "video/mp4", "mp4"),
            ("audio", ogg_opus(), "audio/ogg", "ogg"),
            ("document", pdf(), "application/pdf", "pdf"),
            ("document", jpeg(), "image/jpeg", "jpg"),
            ("sticker", webp(), "image/webp", "webp"),
            ("sticker", webp(animated=True), "image/webp", "webp"),
        ],
    )
    def test_each_carries_its_types(
        self, alice: Person, kind: str, content: bytes, mime_type: str, extension: str
    ) -> None:
        media = alice.sent(content, type=kind)
        assert (media["kind"], media["mime_type"]) == (kind, mime_type)
        assert media["media_path"].endswith(f".{extension}")
        assert bytes_of(alice.api.download(media["media_path"])) == content

    def test_correct_a_label_that_is_another_type_of_the_kind(self, alice: Person) -> None:
        media = alice.sent(png(), mime_type="image/jpeg")
        assert (media["mime_type"], media["declared_mime_type"]) == ("image/png", "image/jpeg")

    @pytest.mark.parametrize("kind", ["text", "location", "contacts", "reaction"])
    def test_without_media_are_refused_with_that_sentence(self, alice: Person, kind: str) -> None:
        answer = alice.api.send(alice.device, jpeg(), type=kind)
        assert refusal(answer) == (400, "malformed")
        assert f"A message of type {kind} carries no media" in answer.json()["detail"]

    def test_without_media_are_told_so_before_what_they_lack(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, type="text", text="Hello")
        assert refusal(answer) == (400, "malformed")
        assert "A message of type text carries no media" in answer.json()["detail"]

    @pytest.mark.parametrize("kind", ["Image", "", "gif", None, 1, ["image"], {"image": 1}])
    def test_that_do_not_exist_are_refused(self, alice: Person, kind: object) -> None:
        assert refusal(alice.api.send(alice.device, jpeg(), type=kind)) == (400, "malformed")

    def test_that_do_not_exist_are_told_which_there_are(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, jpeg(), type="photo")
        assert "'photo'; MediaHub takes image, video, audio, document, sticker" in answer.json()["detail"]

    def test_of_one_app_may_differ_from_those_of_another(self, alice: Person, bob: Person) -> None:
        alice.app.media_kinds = {"image": {"types": ["image/jpeg", "image/png", "image/gif"]}}
        alice.app.save()
        assert alice.api.send(alice.device, gif()).status_code == 201
        assert refusal(bob.api.send(bob.device, gif())) == (422, "mime_mismatch")


class TestSharing:
    def test_the_same_bytes_are_stored_once_within_an_app(self, alice: Person) -> None:
        first, second = alice.sent(jpeg()), alice.sent(jpeg())
        assert first["media_path"] != second["media_path"]
        assert Blob.objects.filter(app=alice.app).count() == 1
        assert len(alice.left_behind()["objects"]) == 1

    def test_and_never_across_apps(self, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        bob.sent(jpeg())
        assert Blob.objects.filter(app=alice.app).count() == Blob.objects.filter(app=bob.app).count() == 1

    def test_each_keeps_its_own_words(self, alice: Person) -> None:
        first, second = alice.sent(jpeg(), caption="one"), alice.sent(jpeg(), caption="two", type="document")
        assert (first["caption"], second["caption"]) == ("one", "two")
        assert (first["kind"], second["kind"]) == ("image", "document")


class TestChecksum:
    @pytest.mark.parametrize("spelt", [str.lower, str.upper])
    def test_that_fits_is_taken_in_any_case(self, alice: Person, spelt: object) -> None:
        promised = hashlib.sha256(jpeg()).hexdigest()
        assert callable(spelt)
        assert alice.api.send(alice.device, jpeg(), sha256=spelt(promised)).status_code == 201

    @pytest.mark.parametrize("promised", ["", "ab", "g" * 64, "a" * 63, "a" * 65])
    def test_that_is_none_is_malformed(self, alice: Person, promised: str) -> None:
        assert refusal(alice.api.send(alice.device, jpeg(), sha256=promised)) == (400, "malformed")


class TestScopes:
    def test_sending_needs_media_write(self, alice: Person) -> None:
        answer = alice.with_scopes("media:read", "devices").send(alice.device, jpeg())
        assert refusal(answer) == (403, "scope_missing")
        assert answer.json()["scope"] == "media:write"

    def test_sending_needs_no_other_scope(self, alice: Person) -> None:
        assert alice.with_scopes("media:write").send(alice.device, jpeg()).status_code == 201

    def test_reusing_needs_no_other_scope(self, alice: Person) -> None:
        media = alice.sent(plain_text(), type="document")
        api = alice.with_scopes("media:write")
        assert api.send(alice.device, type="document", media_id=media["id"]).status_code == 201


class TestBodiesThatAreNoObject:
    @pytest.mark.parametrize("document", [[], "x", 1, None, True])
    def test_are_malformed(self, alice: Person, document: object) -> None:
        assert refusal(alice.api.post_json(messages_of(alice.device), document)) == (400, "malformed_json")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b'{"to": "1" "type": "image"}',
            b'{"to": "1", "to": "2"}',
            b'{"ptt": NaN}',
            b'{"caption": "\\ud800"}',
            b'{"caption": "\xff"}',
            b"\xef\xbb\xbf{}",
            "{}".encode("utf-16"),
            b'{"a":' * 100 + b"1" + b"}" * 100,
            json.dumps({"caption": "x" * 100_000}).encode(),
            json.dumps({f"key{number}": 1 for number in range(11_000)}).encode(),
            b"{}{}",
        ],
    )
    def test_neither_is_what_is_no_json(self, alice: Person, body: bytes) -> None:
        answer = alice.api.post(messages_of(alice.device), body, content_type="application/json")
        assert refusal(answer) == (400, "malformed_json")
        assert isinstance(answer.json()["position"], int)
