"""Messages written as for other gateways: taken as they are, and what is no business of media is named."""

import base64
import uuid
from typing import Any

import pytest

from media_store.models import Media
from tests.media_files import jpeg, ogg_opus, pdf
from tests.people import Person, bytes_of, messages_of, refusal

pytestmark = pytest.mark.once

URL = "https://files.example.com/slip.jpg"
PICTURE = base64.b64encode(jpeg()).decode()


def send(person: Person, document: dict[str, Any]) -> Any:
    return person.api.post_json(messages_of(person.device), document)


def row(answer: Any) -> Media:
    assert answer.status_code in (201, 202), answer.content
    return Media.objects.get(pk=answer.json()["media"]["id"])


class TestWhatsAppCloud:
    def test_an_image_by_link(self, alice: Person) -> None:
        answer = send(
            alice,
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                "to": "6281234567890",
                "type": "image",
                "image": {"link": URL, "caption": "Payment slip"},
            },
        )
        media = row(answer)
        assert answer.status_code == 202
        assert (media.kind, media.caption, media.to, media.url) == ("image", "Payment slip", "6281234567890", URL)
        assert answer.json()["ignored"] == ["messaging_product", "recipient_type"]

    def test_a_document_by_the_id_of_an_upload(self, alice: Person) -> None:
        uploaded = alice.uploaded(pdf())
        document = {"id": uploaded["id"], "filename": "invoice.pdf", "caption": "Invoice"}
        answer = send(alice, {"messaging_product": "whatsapp", "to": "1", "type": "document", "document": document})
        assert answer.status_code == 201
        assert (row(answer).file_name, row(answer).caption) == ("invoice.pdf", "Invoice")

    def test_a_voice_message(self, alice: Person) -> None:
        uploaded = alice.uploaded(ogg_opus())
        answer = send(alice, {"to": "1", "type": "audio", "audio": {"id": uploaded["id"], "voice": True}})
        assert row(answer).ptt is True

    def test_a_reply_in_a_context(self, alice: Person) -> None:
        body = {"to": "1", "type": "image", "image": {"link": URL}, "context": {"message_id": "wamid.x"}}
        answer = send(alice, {**body, "biz_opaque_callback_data": "x"})
        assert answer.json()["ignored"] == ["biz_opaque_callback_data", "context"]

    def test_a_text_carries_no_media(self, alice: Person) -> None:
        answer = send(alice, {"messaging_product": "whatsapp", "to": "1", "type": "text", "text": {"body": "hello"}})
        assert refusal(answer) == (400, "malformed")
        assert "A message of type text carries no media" in answer.json()["detail"]

    def test_an_object_that_is_not_called_as_the_type_is_no_field(self, alice: Person) -> None:
        answer = send(alice, {"to": "1", "type": "video", "image": {"link": URL}})
        assert refusal(answer) == (400, "unknown_field")
        assert answer.json()["fields"] == ["image"]

    def test_an_object_of_another_type_is_no_source(self, alice: Person) -> None:
        answer = send(alice, {"to": "1", "type": "image", "image": {"caption": "x"}})
        assert refusal(answer) == (400, "source_missing")


class TestEvolution:
    BODY = {"number": "5511999999999", "mediatype": "image", "mimetype": "image/jpeg", "fileName": "slip.jpg"}

    def test_media_by_url(self, alice: Person) -> None:
        answer = send(alice, {**self.BODY, "media": URL, "caption": "Slip", "delay": 1200})
        media = row(answer)
        assert (answer.status_code, media.url, media.to) == (202, URL, "5511999999999")
        assert (media.kind, media.file_name, media.caption) == ("image", "slip.jpg", "Slip")
        assert media.declared_mime_type == "image/jpeg"
        assert answer.json()["ignored"] == ["delay"]

    @pytest.mark.parametrize("prefix", ["", "data:image/jpeg;base64,"])
    def test_media_as_base64(self, alice: Person, prefix: str) -> None:
        answer = send(alice, {**self.BODY, "media": prefix + PICTURE})
        assert answer.status_code == 201
        assert bytes_of(alice.api.download(row(answer).path)) == jpeg()
        assert row(answer).source == "base64"

    @pytest.mark.parametrize("media", ["h", "http", "https:/x", "not base64!", "ftp://files.example.com/a"])
    def test_media_that_is_neither(self, alice: Person, media: str) -> None:
        assert refusal(send(alice, {**self.BODY, "media": media})) in ((422, "bad_base64"), (422, "mime_mismatch"))

    def test_media_that_is_a_very_long_url(self, alice: Person) -> None:
        answer = send(alice, {**self.BODY, "media": URL + "?" + "x" * 100_000})
        assert refusal(answer) == (422, "bad_base64")

    def test_media_by_a_url_that_is_forbidden(self, alice: Person) -> None:
        assert refusal(send(alice, {**self.BODY, "media": "http://minio:9000/a"})) == (422, "source_forbidden")

    def test_no_media(self, alice: Person) -> None:
        assert refusal(send(alice, self.BODY)) == (400, "source_missing")


class TestWaha:
    BODY = {"session": "default", "chatId": "11111111111@c.us", "caption": "Slip"}

    def test_a_file_by_url(self, alice: Person) -> None:
        file = {"mimetype": "image/jpeg", "filename": "slip.jpg", "url": URL}
        answer = send(alice, {**self.BODY, "file": file, "reply_to": None})
        media = row(answer)
        assert (media.kind, media.to, media.url) == ("image", "11111111111@c.us", URL)
        assert answer.json()["ignored"] == ["reply_to", "session"]

    def test_a_file_as_base64(self, alice: Person) -> None:
        file = {"mimetype": "image/jpeg", "filename": "slip.jpg", "data": PICTURE}
        answer = send(alice, {**self.BODY, "file": file})
        assert answer.status_code == 201
        assert bytes_of(alice.api.download(row(answer).path)) == jpeg()
        assert row(answer).file_name == "slip.jpg"

    def test_a_document_whose_type_says_nothing(self, alice: Person) -> None:
        answer = send(alice, {**self.BODY, "file": {"filename": "a.pdf", "data": base64.b64encode(pdf()).decode()}})
        assert row(answer).kind == "document"

    def test_a_type_of_our_own_beside_it_decides(self, alice: Person) -> None:
        file = {"mimetype": "image/jpeg", "data": PICTURE}
        assert row(send(alice, {**self.BODY, "type": "document", "file": file})).kind == "document"

    def test_two_sources_are_one_too_many(self, alice: Person) -> None:
        answer = send(alice, {**self.BODY, "file": {"url": URL, "data": PICTURE}})
        assert refusal(answer) == (400, "source_ambiguous")


class TestTwoWordsForOneThing:
    """Of two recipients or two pictures none is chosen, whichever comes first."""

    FILE = {"mimetype": "image/jpeg", "data": PICTURE}

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({"number": "1", "mediatype": "image", "media": PICTURE, "to": "2"}, "number and to both say to"),
            (
                {"number": "1", "mediatype": "image", "media": PICTURE, "type": "document"},
                "mediatype and type both say",
            ),
            ({"chatId": "1@c.us", "file": FILE, "to": "2"}, "chatId and to both say to"),
            ({"chatId": "1@c.us", "file": FILE, "mime_type": "image/png"}, "file.mimetype and mime_type both say"),
            ({"to": "1", "type": "image", "image": {"link": URL, "caption": "a"}, "caption": "b"}, "both say caption"),
        ],
    )
    def test_is_refused(self, alice: Person, body: dict[str, Any], named: str) -> None:
        for members in (body, dict(reversed(body.items()))):
            answer = send(alice, members)
            assert refusal(answer) == (400, "malformed")
            assert named in answer.json()["detail"]
        assert not Media.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [
            {"to": "1", "type": "image", "data_base64": PICTURE, "file": {"url": URL}},
            {"to": "1", "type": "image", "image": {"link": URL}, "url": "https://files.example.com/other.jpg"},
            {"to": "1", "type": "image", "image": {"link": URL}, "url": URL},
            {"to": "1", "type": "image", "image": {"link": URL}, "data_base64": PICTURE},
            {"to": "1", "type": "image", "image": {"id": str(uuid.UUID(int=1))}, "media_path": "media/a/b"},
            {"number": "1", "mediatype": "image", "media": URL, "url": URL},
            {"number": "1", "mediatype": "image", "media": PICTURE, "url": URL},
            {"number": "1", "mediatype": "image", "media": PICTURE, "data_base64": PICTURE},
        ],
    )
    def test_is_one_source_too_many(self, alice: Person, body: dict[str, Any]) -> None:
        for members in (body, dict(reversed(body.items()))):
            assert refusal(send(alice, members)) == (400, "source_ambiguous")
        assert not Media.objects.exists()

    @pytest.mark.parametrize("to", ["1@c.us", None])
    def test_is_taken_where_both_say_the_same(self, alice: Person, to: str | None) -> None:
        assert row(send(alice, {"chatId": "1@c.us", "file": self.FILE, "to": to})).to == "1@c.us"
        assert row(send(alice, {"to": to, "chatId": "1@c.us", "file": self.FILE})).to == "1@c.us"

    def test_is_no_matter_of_a_source_of_our_own_that_stands_alone(self, alice: Person) -> None:
        sources = ({"data_base64": PICTURE}, {"url": URL}, {"media_id": alice.uploaded(jpeg())["id"]})
        for source in sources:
            assert row(send(alice, {"chatId": "1@c.us", "type": "image", **source})).to == "1@c.us"

    def test_is_said_of_everybody_in_a_group(self, alice: Person) -> None:
        answer = send(
            alice, {"number": "1", "mediatype": "image", "media": PICTURE, "mentioned": [str(n) for n in range(1_024)]}
        )
        assert row(answer).to == "1"
        assert answer.json()["ignored"] == ["mentioned"]


class TestOurOwn:
    def test_lists_nothing_as_ignored(self, alice: Person) -> None:
        assert "ignored" not in alice.api.send(alice.device, jpeg()).json()

    @pytest.mark.parametrize("field", [{"media": PICTURE}, {"delay": 1}, {"file": "x"}, {"image": "x"}])
    def test_is_as_strict_as_ever(self, alice: Person, field: dict[str, Any]) -> None:
        answer = send(alice, {"to": "1", "type": "image", "data_base64": PICTURE, **field})
        assert refusal(answer) in ((400, "unknown_field"), (400, "source_ambiguous"))
        assert not Media.objects.exists()

    def test_fields_may_stand_beside_a_foreign_form(self, alice: Person) -> None:
        body = {"number": "1", "mediatype": "image", "media": PICTURE, "message_id": "m1"}
        assert row(send(alice, body)).message_id == "m1"
        assert send(alice, body).status_code == 200

    @pytest.mark.parametrize("body", [{"mediatype": {}}, {"chatId": []}, {"file": {}}, {"file": {"data": 7}}])
    def test_nonsense_in_a_foreign_form_is_400(self, alice: Person, body: dict[str, Any]) -> None:
        assert send(alice, body).status_code == 400

    def test_uploads_without_a_message_know_no_foreign_forms(self, alice: Person) -> None:
        answer = alice.api.post_json("/v1/media", {"file": {"data": PICTURE}})
        assert answer.status_code == 400
