"""POST /v1/media: bytes come in without a message."""

import base64
import hashlib

import pytest

from tests.media_files import html, jpeg, mp4, pdf, plain_text, png
from tests.people import BOUNDARY, Person, bytes_of, file_part, multipart, percent, refusal, text_part


class TestUploadingRawBytes:
    def test_answers_the_bare_media_object(self, alice: Person) -> None:
        answer = alice.api.upload(pdf(), content_type="application/pdf", X_File_Name="invoice.pdf")

        assert answer.status_code == 201
        media = answer.json()
        assert answer["Location"] == f"/v1/media/{media['id']}"
        assert alice.api.get(answer["Location"]).json() == media
        expected = {
            "status": "ready",
            "direction": "upload",
            "kind": "document",
            "mime_type": "application/pdf",
            "declared_mime_type": "application/pdf",
            "file_name": "invoice.pdf",
            "size": len(pdf()),
            "sha256": hashlib.sha256(pdf()).hexdigest(),
            "source": "raw",
            "device_id": None,
            "message_id": None,
            "delivery": None,
        }
        assert {name: media[name] for name in expected} == expected

    def test_gives_a_path_that_nobody_can_guess(self, alice: Person) -> None:
        first, second = (alice.uploaded(jpeg()) for _ in range(2))
        prefix = f"media/{alice.app.pk}/{first['id']}-"
        assert first["media_path"].startswith(prefix)
        secret, extension = first["media_path"].removeprefix(prefix).split(".")
        assert (len(secret), extension) == (32, "jpg")
        assert secret not in second["media_path"]

    @pytest.mark.parametrize(
        ("content", "kind"), [(jpeg(), "image"), (mp4(), "video"), (pdf(), "document"), (b"\0", "document")]
    )
    def test_finds_the_kind_by_the_bytes(self, alice: Person, content: bytes, kind: str) -> None:
        assert alice.uploaded(content, content_type="image/png")["kind"] == kind

    def test_takes_whatever_it_is(self, alice: Person) -> None:
        media = alice.uploaded(html(), content_type="image/png")
        answer = alice.api.download(media["media_path"])
        assert (answer["Content-Type"], bytes_of(answer)) == ("application/octet-stream", html())

    @pytest.mark.parametrize("content_type", ["", ";", "application/x-www-form-urlencoded"])
    def test_needs_a_type_that_is_no_form(self, alice: Person, content_type: str) -> None:
        assert refusal(alice.api.upload(jpeg(), content_type=content_type)) == (415, "unsupported_body")

    @pytest.mark.parametrize(
        "content_type",
        ["x", "image", "/", "image/jpeg; q", "image/" + "j" * 500, "image/jpe\xff", "IMAGE/JPEG", 'a/b; c="d'],
    )
    def test_takes_an_odd_type_for_advice(self, alice: Person, content_type: str) -> None:
        media = alice.uploaded(jpeg(), content_type=content_type)
        assert media["mime_type"] == "image/jpeg"

    def test_cannot_name_its_fields(self, alice: Person) -> None:
        answer = alice.api.post("/v1/media?caption=x", jpeg(), content_type="image/jpeg")
        assert answer.status_code == 201
        assert answer.json()["caption"] is None


class TestUploadingBase64:
    def test_keeps_type_and_name(self, alice: Person) -> None:
        fields = {"file_name": "a.png", "mime_type": "image/png", "sha256": hashlib.sha256(png()).hexdigest()}
        document = {"data_base64": base64.b64encode(png()).decode(), **fields}
        media = alice.api.post_json("/v1/media", document).json()
        assert (media["source"], media["file_name"], media["mime_type"]) == ("base64", "a.png", "image/png")
        assert bytes_of(alice.api.download(media["media_path"])) == png()

    def test_knows_no_fields_of_messages(self, alice: Person) -> None:
        document = {"data_base64": "AAAA", "to": "1", "type": "image"}
        answer = alice.api.post_json("/v1/media", document)
        assert refusal(answer) == (400, "unknown_field")
        assert answer.json()["fields"] == ["to", "type"]

    @pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
    def test_is_json_however_it_is_written(self, alice: Person, content_type: str) -> None:
        answer = alice.api.post("/v1/media", b'{"data_base64": "AAAA"}', content_type=content_type)
        assert answer.json()["size"] == 3


class TestUploadingAFile:
    def test_keeps_name_and_type_of_the_part(self, alice: Person) -> None:
        media = alice.api.post_parts("/v1/media", file_part(jpeg(), file_name="holiday.jpg")).json()
        assert (media["source"], media["file_name"]) == ("file", "holiday.jpg")
        assert media["declared_mime_type"] == "image/jpeg"
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    def test_decodes_a_part_sent_as_base64(self, alice: Person) -> None:
        part = (
            b'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(jpeg())
        )
        assert alice.api.post_parts("/v1/media", part).json()["sha256"] == hashlib.sha256(jpeg()).hexdigest()

    def test_keeps_bytes_that_look_like_boundaries(self, alice: Person) -> None:
        content = f"\r\n--{BOUNDARY[:-1]}\r\n--\r\n--{BOUNDARY}".encode()[:-1] + b"\r\n" * 3
        media = alice.api.post_parts("/v1/media", file_part(content)).json()
        assert media["sha256"] == hashlib.sha256(content).hexdigest()

    def test_takes_an_epilogue(self, alice: Person) -> None:
        body = multipart(file_part(jpeg())) + b"to be ignored\r\n"
        answer = alice.api.post("/v1/media", body, content_type=f"multipart/form-data; boundary={BOUNDARY}")
        assert answer.json()["size"] == len(jpeg())

    @pytest.mark.parametrize("spelt", ["multipart/form-data", "Multipart/Form-Data"])
    def test_takes_its_type_in_any_case(self, alice: Person, spelt: str) -> None:
        content_type = f'{spelt}; boundary="{BOUNDARY}"'
        answer = alice.api.post("/v1/media", multipart(file_part(jpeg())), content_type=content_type)
        assert answer.status_code == 201


class TestScopes:
    def test_uploading_needs_media_write(self, alice: Person) -> None:
        assert refusal(alice.with_scopes("media:read").upload(jpeg())) == (403, "scope_missing")

    def test_downloading_needs_media_read(self, alice: Person) -> None:
        media = alice.uploaded(jpeg())
        api = alice.with_scopes("media:write")
        paths = (f"/v1/media/{media['id']}", f"/v1/media/{media['id']}/content", "/v1/media", "/v1/limits")
        for path in paths:
            assert refusal(api.get(path)) == (403, "scope_missing")
        answer = api.download(media["media_path"])
        assert refusal(answer) == (403, "scope_missing")
        assert answer.json()["scope"] == "media:read"

    def test_deleting_needs_media_write(self, alice: Person) -> None:
        media = alice.uploaded(jpeg())
        path = f"/v1/media/{media['id']}"
        assert refusal(alice.with_scopes("media:read").delete(path)) == (403, "scope_missing")
        assert alice.api.get(path).json()["status"] == "ready"


NAMES = [
    ("slip.jpg", "slip.jpg"),
    ("Übung 1 кот 猫 🐈.jpg", "Übung 1 кот 猫 🐈.jpg"),
    ("a&amp;b.jpg", "a&amp;b.jpg"),
    ("100%.jpg", "100%.jpg"),
    ("a+b c.jpg", "a+b c.jpg"),
    ("../../etc/passwd", "passwd"),
    ("C:\\Users\\alice\\slip.jpg", "slip.jpg"),
    ("a\0b\r\nX-Evil: 1.jpg", "abX-Evil: 1.jpg"),
    ("..", None),
    ("", None),
]


class TestFileNames:
    """The whole table is file_names' own; here, that every way in leads through it."""

    @pytest.mark.parametrize(("sent", "kept"), NAMES)
    def test_in_json(self, alice: Person, sent: str, kept: str | None) -> None:
        media = alice.api.post_json("/v1/media", {"data_base64": "AAAA", "file_name": sent}).json()
        assert media["file_name"] == kept

    @pytest.mark.parametrize(("sent", "kept"), NAMES)
    def test_in_x_file_name(self, alice: Person, sent: str, kept: str | None) -> None:
        assert alice.uploaded(b"abc", X_File_Name=percent(sent))["file_name"] == kept

    @pytest.mark.parametrize(("sent", "kept"), [pair for pair in NAMES if "\r" not in pair[0]])
    def test_in_a_part(self, alice: Person, sent: str, kept: str | None) -> None:
        quoted = sent.replace("\\", "\\\\")
        answer = alice.api.post_parts("/v1/media", file_part(b"abc", file_name=quoted))
        if sent:
            assert answer.json()["file_name"] == kept
        else:
            # What a browser sends where no file was chosen.
            assert refusal(answer) == (400, "malformed_multipart")

    def test_in_the_encoded_form_of_a_part(self, alice: Person) -> None:
        disposition = 'name="file"; filename="x"; filename*=UTF-8\'\'na%C3%AFve.jpg'
        answer = alice.api.post_parts("/v1/media", file_part(b"abc", disposition=disposition))
        assert answer.json()["file_name"] == "naïve.jpg"

    def test_in_x_file_name_without_percent_encoding(self, alice: Person) -> None:
        header = "naïve.jpg".encode().decode("latin-1")
        assert alice.uploaded(b"abc", X_File_Name=header)["file_name"] == "naïve.jpg"

    @pytest.mark.parametrize("header", ["%FF%FE.jpg", "%ED%A0%80.jpg", "%", "%zz"])
    def test_in_x_file_name_that_is_no_utf8(self, alice: Person, header: str) -> None:
        media = alice.uploaded(b"abc", X_File_Name=header)
        assert alice.api.download(media["media_path"]).status_code == 200

    def test_longer_than_255_characters_keep_their_extension(self, alice: Person) -> None:
        name = alice.uploaded(b"abc", X_File_Name=percent("ü" * 400 + ".jpeg"))["file_name"]
        assert (len(name), name[-5:]) == (255, ".jpeg")

    def test_never_reach_the_store(self, alice: Person) -> None:
        alice.uploaded(b"abc", X_File_Name="secret-name.txt")
        assert "secret-name" not in str(alice.left_behind()["objects"])

    def test_are_the_fields_before_the_parts(self, alice: Person) -> None:
        parts = (file_part(plain_text(), file_name="part.txt"), text_part("file_name", "field.txt"))
        assert alice.api.post_parts("/v1/media", *parts).json()["file_name"] == "field.txt"
