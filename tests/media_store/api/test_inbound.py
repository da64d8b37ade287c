"""What a gateway hands in: stored whatever it is, once for each message, and never silently lost."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices.models import WebhookDelivery
from media_store import news, retention
from media_store.models import Media
from tests.listening import events, heard, listen
from tests.media_files import jpeg
from tests.people import BOUNDARY, Answer, Person, device_url, file_part, multipart, percent, refusal, text_part

pytestmark = pytest.mark.django_db

MOST = 1_000_000
SENT_AT = "2026-11-23T09:59:58Z"


@pytest.fixture
def small(settings: Settings) -> int:
    """A limit that tests can go beyond."""
    settings.MEDIA_MAX_BYTES = MOST
    return MOST


def taken(answer: Answer, status: int = 201) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    return dict(answer.json())


def set_policy(person: Person, policy: dict[str, Any]) -> None:
    path = f"{device_url(person.device)}/ingest-policy"
    assert person.api.client.put(path, policy, content_type="application/json").status_code == 200


class TestAMessageWithAFile:
    def test_becomes_media_that_the_app_can_download(self, alice: Person) -> None:
        media = taken(alice.api.hand_in(alice.device, jpeg(), caption="Is it this one?"))
        assert media["status"] == "ready"
        assert (media["direction"], media["kind"], media["mime_type"]) == ("inbound", "image", "image/jpeg")
        assert media["media_path"] == f"media/{alice.app.pk}/{alice.device.pk}-in-1.jpg"
        assert (media["caption"], media["delivery"], media["source"]) == ("Is it this one?", None, "file")
        assert alice.api.download(media["media_path"]).body == jpeg()

    def test_is_kept_for_as_long_as_inbound_media_is(self, alice: Person) -> None:
        media = taken(alice.api.hand_in(alice.device, jpeg()))
        lives = datetime.fromisoformat(media["expires_at"]) - datetime.fromisoformat(media["created_at"])
        assert lives == timedelta(days=7)

    def test_remembers_who_wrote_it_where_and_when(self, alice: Person) -> None:
        said = {"from_": "62811@s.whatsapp.net", "chat_id": "12036@g.us", "sent_at": SENT_AT, "ptt": "true"}
        media = taken(alice.api.hand_in(alice.device, jpeg(), **said))
        row = Media.objects.get(pk=media["id"])
        assert (row.sender, row.chat_id, row.ptt) == ("62811@s.whatsapp.net", "12036@g.us", True)
        assert row.sent_at == datetime(2026, 11, 23, 9, 59, 58, tzinfo=UTC)

    @pytest.mark.parametrize("kind", ["image", "video", "audio", "document", "sticker"])
    def test_is_what_the_network_calls_it_whatever_its_bytes_are(self, alice: Person, kind: str) -> None:
        media = taken(alice.api.hand_in(alice.device, b"%PDF-1.7 and more", kind=kind))
        assert (media["kind"], media["mime_type"]) == (kind, "application/pdf")

    def test_of_no_known_type_is_stored(self, alice: Person) -> None:
        media = taken(alice.api.hand_in(alice.device, bytes([7, 250, 1, 99]) * 512))
        assert (media["kind"], media["mime_type"]) == ("document", "application/octet-stream")

    def test_of_an_odd_id_is_known_by_it_and_has_a_path_without_it(self, alice: Person) -> None:
        odd = "true_62811@c.us_3EB0/../%00 \u00e9"
        media = taken(alice.api.hand_in(alice.device, jpeg(), message_id=odd))
        assert media["message_id"] == odd
        assert odd not in media["media_path"]
        assert alice.api.download(media["media_path"]).body == jpeg()

    def test_shares_its_id_with_an_outbound_one_and_not_its_path(self, alice: Person) -> None:
        out = alice.sent(jpeg(), message_id="m-1")
        came = taken(alice.api.hand_in(alice.device, jpeg(), message_id="m-1"))
        assert came["media_path"] != out["media_path"]

    def test_wipes_what_people_said_when_it_goes(self, alice: Person) -> None:
        media = taken(alice.api.hand_in(alice.device, jpeg(), caption="c", from_="62811", chat_id="62811"))
        assert alice.api.delete(f"/v1/media/{media['id']}").status_code == 204
        row = Media.objects.get(pk=media["id"])
        assert (row.caption, row.sender, row.chat_id) == ("", "", "")


class TestARawBody:
    def test_is_taken_with_its_fields_in_headers(self, alice: Person) -> None:
        said = {
            "X_Message_Id": percent("3EB0 é"),
            "X_Message_From": "62811",
            "X_Message_Chat_Id": percent("12036@g.us"),
            "X_Message_Sent_At": percent(SENT_AT),
            "X_Message_File_Name": percent("naïve.jpg"),
            "X_Message_Caption": percent("first line\nsecond, 漢"),
            "X_Message_Kind": "document",
        }
        media = taken(alice.api.hand_in_raw(alice.device, jpeg(), **said))
        assert (media["message_id"], media["file_name"]) == ("3EB0 é", "naïve.jpg")
        assert (media["caption"], media["kind"]) == ("first line\nsecond, 漢", "document")
        assert Media.objects.get().chat_id == "12036@g.us"
        assert (media["source"], media["declared_mime_type"]) == ("raw", "image/jpeg")

    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({"X_Message_Id": ""}, "malformed"),
            ({"X_Message_Id": "%00"}, "malformed"),
            ({"X_Message_Colour": "red"}, "unknown_field"),
            ({"X_Message_Sent_At": "yesterday"}, "malformed"),
            ({"X_Message_Sent_At": "9999-12-31T23%3A59%3A59-23%3A59"}, "malformed"),
            ({"X_Message_Kind": "text"}, "malformed"),
            ({"X_Message_Chat_Type": "crowd"}, "malformed"),
            ({"X_Message_Id": "a" * 256}, "malformed"),
            ({"X_Message_From": "a" * 256}, "malformed"),
            ({"X_Message_Caption": "a" * 1_025}, "caption_too_long"),
            ({"X_Message_Sha256": "zz"}, "malformed"),
            ({"X_Message_Omitted": "not_wanted"}, "source_ambiguous"),
        ],
    )
    def test_is_refused_where_a_field_is_wrong(self, alice: Person, headers: dict[str, str], code: str) -> None:
        assert refusal(alice.api.hand_in_raw(alice.device, jpeg(), **headers)) == (400, code)
        assert not Media.objects.exists()

    def test_of_no_bytes_is_refused(self, alice: Person) -> None:
        assert refusal(alice.api.hand_in_raw(alice.device, b"")) == (422, "empty")

    def test_that_is_not_what_was_promised_is_refused(self, alice: Person) -> None:
        assert refusal(alice.api.hand_in_raw(alice.device, jpeg(), X_Message_Sha256="0" * 64)) == (
            422,
            "checksum_mismatch",
        )


class TestTheSameMessageAgain:
    def test_is_answered_with_the_first(self, alice: Person) -> None:
        first = taken(alice.api.hand_in(alice.device, jpeg(), caption="as it was"))
        again = taken(alice.api.hand_in(alice.device, jpeg(), caption="another"), status=200)
        assert again == first
        assert taken(alice.api.hand_in_raw(alice.device, jpeg()), status=200) == first

    def test_of_other_bytes_is_refused(self, alice: Person) -> None:
        taken(alice.api.hand_in(alice.device, jpeg()))
        assert refusal(alice.api.hand_in(alice.device, jpeg() + b"x")) == (409, "duplicate_message_id")

    def test_of_another_device_is_another_message(self, alice: Person) -> None:
        taken(alice.api.hand_in(alice.device, jpeg()))
        taken(alice.api.hand_in(alice.another_device(), jpeg()))

    def test_is_answered_with_the_first_after_that_has_gone(self, alice: Person) -> None:
        first = taken(alice.api.hand_in(alice.device, jpeg()))
        alice.api.delete(f"/v1/media/{first['id']}")
        again = taken(alice.api.hand_in(alice.device, jpeg()), status=200)
        assert (again["id"], again["status"], again["reason"]) == (first["id"], "purged", "client")
        assert refusal(alice.api.hand_in(alice.device, jpeg() + b"x")) == (409, "duplicate_message_id")

    def test_is_answered_with_the_first_after_that_has_expired(self, alice: Person) -> None:
        first = taken(alice.api.hand_in(alice.device, jpeg()))
        Media.objects.update(expires_at=timezone.now())
        again = taken(alice.api.hand_in(alice.device, jpeg()), status=200)
        assert (again["id"], again["status"]) == (first["id"], "expired")

    def test_is_told_of_once(self, alice: Person) -> None:
        listen(alice.app)
        for _ in range(3):
            alice.api.hand_in(alice.device, jpeg())
        assert events(alice.app) == ["message"]

    def test_without_its_bytes_is_the_first(self, alice: Person) -> None:
        first = taken(alice.api.hand_in(alice.device, jpeg()))
        assert taken(alice.api.omit(alice.device), status=200) == first

    def test_stays_omitted_while_no_bytes_come(self, alice: Person) -> None:
        first = taken(alice.api.omit(alice.device))
        assert taken(alice.api.omit(alice.device, "another_reason"), status=200) == first

    def test_is_given_the_bytes_that_it_was_omitted_without(self, alice: Person) -> None:
        """A gateway that could not download it at first hands it in when it can."""
        listen(alice.app)
        first = taken(alice.api.omit(alice.device, caption="as it was", kind="video"))
        media = taken(alice.api.hand_in(alice.device, jpeg(), caption="another", kind="image"), status=200)
        assert (media["id"], media["media_path"]) == (first["id"], first["media_path"])
        assert (media["status"], media["reason"], media["source"]) == ("ready", None, "file")
        assert (media["kind"], media["mime_type"], media["size"]) == ("image", "image/jpeg", len(jpeg()))
        assert media["caption"] == "as it was"
        assert alice.api.download(first["media_path"]).body == jpeg()
        assert [(event, facts["reason"], facts["sha256"]) for event, facts in heard(alice.app)] == [
            ("message", "not_downloaded", None),
            ("media.ready", None, media["sha256"]),
        ]
        assert taken(alice.api.hand_in(alice.device, jpeg()), status=200) == media
        assert refusal(alice.api.hand_in(alice.device, jpeg() + b"x")) == (409, "duplicate_message_id")
        assert events(alice.app) == ["message", "media.ready"]

    def test_is_given_them_only_as_the_policy_and_the_limit_allow(self, alice: Person, small: int) -> None:
        first = taken(alice.api.hand_in(alice.device, bytes(small + 1)))
        assert taken(alice.api.hand_in(alice.device, bytes(small + 1)), status=200) == first
        policy = {"kinds": ["audio"], "groups": True, "statuses": True, "max_bytes": None}
        set_policy(alice, policy)
        assert taken(alice.api.hand_in(alice.device, jpeg()), status=200) == first
        assert alice.left_behind() == {"spool": [], "blobs": [], "objects": []}
        set_policy(alice, policy | {"kinds": None})
        assert taken(alice.api.hand_in_raw(alice.device, jpeg()), status=200)["status"] == "ready"

    def test_is_kept_from_when_its_bytes_came(self, alice: Person) -> None:
        """Even where the record without them was about to be swept."""
        first = taken(alice.api.omit(alice.device))
        Media.objects.update(created_at=timezone.now() - timedelta(days=7), expires_at=timezone.now())
        media = taken(alice.api.hand_in(alice.device, jpeg()), status=200)
        assert (media["id"], media["status"]) == (first["id"], "ready")
        lives = datetime.fromisoformat(media["expires_at"]) - timezone.now()
        assert timedelta(days=6, hours=23) < lives <= timedelta(days=7)
        retention.sweep_windows(now=timezone.now())
        assert alice.api.download(media["media_path"]).body == jpeg()

    def test_cannot_be_both_too_large_and_here(self, alice: Person, small: int) -> None:
        taken(alice.api.hand_in(alice.device, jpeg()))
        assert refusal(alice.api.hand_in(alice.device, bytes(small + 1))) == (409, "duplicate_message_id")


class TestFieldsThatAreNoUtf8:
    """Read by a sign of the reader's own, two ids would be one."""

    @pytest.mark.parametrize(
        ("header", "name"),
        [("X_Message_Id", "message_id"), ("X_Message_From", "from"), ("X_Message_Caption", "caption")],
    )
    def test_in_headers_are_refused(self, alice: Person, header: str, name: str) -> None:
        answer = alice.api.hand_in_raw(alice.device, jpeg(), **{header: "caf%E9"})
        assert refusal(answer) == (400, "malformed")
        assert answer.json()["detail"] == f"{name} is not UTF-8 from byte 3 on."
        assert not Media.objects.exists()

    @pytest.mark.parametrize("name", ["message_id", "from", "caption"])
    def test_in_a_form_are_refused(self, alice: Person, name: str) -> None:
        part = b'Content-Disposition: form-data; name="%s"\r\n\r\ncaf\xe9' % name.encode()
        answer = alice.api.post_parts(f"{device_url(alice.device)}/inbound", part, file_part(jpeg()))
        assert refusal(answer) == (400, "malformed")
        assert f"{name} is not UTF-8 from byte 3 on" in answer.json()["detail"]

    def test_are_made_out_where_they_name_a_file(self, alice: Person) -> None:
        media = taken(alice.api.hand_in_raw(alice.device, jpeg(), X_Message_File_Name="caf%E9.jpg"))
        assert media["file_name"] == "caf\ufffd.jpg"

    def test_are_told_from_the_sign_itself(self, alice: Person) -> None:
        raw = taken(alice.api.hand_in_raw(alice.device, jpeg(), X_Message_Caption="caf%EF%BF%BD"))
        form = taken(alice.api.hand_in(alice.device, jpeg(), message_id="in-2", caption="caf\ufffd \U0001f600"))
        assert (raw["caption"], form["caption"]) == ("caf\ufffd", "caf\ufffd \U0001f600")


class TestMediaThatIsTooLarge:
    @pytest.mark.parametrize("beyond", [1, 300_000, 3_000_000])
    def test_is_recorded_with_all_that_is_said_of_it(self, alice: Person, small: int, beyond: int) -> None:
        """Met in the middle of the body, and told by Content-Length alone."""
        listen(alice.app)
        said = {"kind": "video", "from_": "62811", "caption": "long", "mime_type": "video/mp4"}
        media = taken(alice.api.hand_in(alice.device, bytes(small + beyond), **said))
        assert (media["status"], media["reason"], media["size"]) == ("omitted", "too_large", small + beyond)
        assert (media["kind"], media["mime_type"], media["caption"]) == ("video", "video/mp4", "long")
        assert media["sha256"] is None
        assert heard(alice.app)[0][1]["reason"] == "too_large"
        assert refusal(alice.api.download(media["media_path"])) == (422, "media_omitted")

    @pytest.mark.parametrize("beyond", [1, 3_000_000])
    def test_is_recorded_where_its_fields_come_after_it(self, alice: Person, small: int, beyond: int) -> None:
        parts = [file_part(bytes(small + beyond)), text_part("message_id", "late"), text_part("from", "62811")]
        media = taken(alice.api.post_parts(f"{device_url(alice.device)}/inbound", *parts))
        assert (media["message_id"], media["reason"], media["size"]) == ("late", "too_large", small + beyond)
        assert Media.objects.get().sender == "62811"

    @pytest.mark.parametrize("beyond", [1, 3_000_000])
    def test_is_recorded_as_a_raw_body(self, alice: Person, small: int, beyond: int) -> None:
        media = taken(alice.api.hand_in_raw(alice.device, bytes(small + beyond), X_Message_From="62811"))
        assert (media["status"], media["reason"], media["size"]) == ("omitted", "too_large", small + beyond)

    @pytest.mark.parametrize("length", [2**53, 2**63, 10**300])
    def test_of_a_size_that_nothing_has_is_recorded_without_it(self, alice: Person, length: int) -> None:
        meta: dict[str, Any] = {"wsgi.input": io.BytesIO(b"abc"), "CONTENT_LENGTH": str(length)}
        headers = {"X-Message-Id": "huge", "Content-Type": "image/jpeg"}
        media = taken(
            alice.api.client.generic("POST", f"{device_url(alice.device)}/inbound", b"", headers=headers, **meta)
        )
        assert (media["status"], media["reason"], media["size"]) == ("omitted", "too_large", None)

    def test_is_recorded_as_a_chunked_body(self, alice: Person, small: int) -> None:
        body = multipart(text_part("message_id", "chunked"), file_part(bytes(small + 700_000)))
        for content, content_type, headers in (
            (body, f"multipart/form-data; boundary={BOUNDARY}", {}),
            (bytes(small + 700_000), "video/mp4", {"X-Message-Id": "raw"}),
        ):
            meta: dict[str, Any] = {
                "wsgi.input": io.BytesIO(content),
                "wsgi.input_terminated": True,
                "CONTENT_TYPE": content_type,
                "CONTENT_LENGTH": "",
                "HTTP_TRANSFER_ENCODING": "chunked",
            }
            answer = alice.api.client.generic(
                "POST", f"{device_url(alice.device)}/inbound", b"", headers=headers, **meta
            )
            media = taken(answer)
            assert (media["reason"], media["size"]) == ("too_large", small + 700_000)

    def test_is_given_up_past_the_bounds_and_recorded_by_what_came_before(
        self, alice: Person, small: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("media_store.api.inbound_bodies.DRAIN_BYTES", 500_000)
        media = taken(alice.api.hand_in(alice.device, bytes(small + 1_200_000), size=7))
        assert (media["reason"], media["size"]) == ("too_large", 7)
        late = [file_part(bytes(small + 1_200_000)), text_part("message_id", "late")]
        answer = alice.api.post_parts(f"{device_url(alice.device)}/inbound", *late)
        assert refusal(answer) == (413, "too_large")

    def test_leaves_nothing_behind(self, alice: Person, small: int) -> None:
        for content in (bytes(small + 1), bytes(small + 3_000_000)):
            alice.api.hand_in(alice.device, content, message_id=str(len(content)))
        assert alice.left_behind() == {"spool": [], "blobs": [], "objects": []}

    def test_is_not_what_stands_beside_small_media(self, alice: Person, small: int) -> None:
        parts = [text_part("message_id", "m"), file_part(jpeg()), file_part(bytes(small + 300_000), name="other")]
        answer = alice.api.post_parts(f"{device_url(alice.device)}/inbound", *parts)
        assert refusal(answer) == (400, "unknown_field")
        answer = alice.api.hand_in(alice.device, bytes(small - 1), caption="y" * 400_000)
        assert refusal(answer) == (413, "too_large")
        answer = alice.api.hand_in(alice.device, bytes(small - 1), caption="y" * 2_000_000)
        assert refusal(answer) == (413, "too_large")


class TestMediaThatWasNotCarried:
    def test_is_recorded_with_what_is_known(self, alice: Person) -> None:
        listen(alice.app)
        media = taken(alice.api.omit(alice.device, size=73_400_320, mime_type="video/mp4", **{"from": "62811"}))
        assert (media["status"], media["reason"], media["source"]) == ("omitted", "not_downloaded", "none")
        assert (media["size"], media["kind"], media["sha256"]) == (73_400_320, "video", None)
        assert media["media_path"].endswith("-in-1.mp4")
        event, facts = heard(alice.app)[0]
        assert (event, facts["reason"], facts["from"], facts["size"]) == (
            "message",
            "not_downloaded",
            "62811",
            73_400_320,
        )

    def test_is_recorded_as_multipart_too(self, alice: Person) -> None:
        media = taken(alice.api.hand_in(alice.device, omitted="not_wanted"))
        assert (media["status"], media["reason"]) == ("omitted", "not_wanted")

    def test_says_so_to_whoever_would_download_it(self, alice: Person) -> None:
        media = taken(alice.api.omit(alice.device))
        answer = alice.api.download(media["media_path"])
        assert refusal(answer) == (422, "media_omitted")
        assert answer.json()["reason"] == "not_downloaded"

    def test_is_forgotten_when_its_time_is_over(self, alice: Person) -> None:
        media = taken(alice.api.omit(alice.device, caption="words"))
        ends = datetime.fromisoformat(media["expires_at"])
        retention.sweep_windows(now=ends - timedelta(seconds=1))
        assert Media.objects.exists()
        retention.sweep_windows(now=ends)
        assert not Media.objects.exists()

    @pytest.mark.parametrize(
        ("document", "code"),
        [
            ({}, "malformed"),
            ({"message_id": "a"}, "malformed"),
            ({"message_id": "a", "omitted": "x", "ptt": "yes"}, "malformed"),
            ({"message_id": "a", "omitted": "x", "size": "7"}, "malformed"),
            ({"message_id": "a", "omitted": ""}, "malformed"),
            ({"message_id": "a", "omitted": "No such thing!"}, "malformed"),
            ({"message_id": "a", "omitted": "x" * 41}, "malformed"),
            ({"message_id": "a", "omitted": "x", "size": -1}, "malformed"),
            ({"message_id": "a", "omitted": "x", "size": 10**30}, "malformed"),
            ({"message_id": "a", "omitted": "x", "data_base64": "AAAA"}, "unknown_field"),
            ({"message_id": 5, "omitted": "x"}, "malformed"),
            ({"message_id": "a\u0000b", "omitted": "x"}, "malformed"),
            ({"message_id": ["a"], "omitted": "x"}, "malformed"),
            ({"message_id": "a", "omitted": "x", "caption": "y" * 300_000}, "too_large"),
        ],
    )
    def test_is_refused_where_it_says_nonsense(self, alice: Person, document: dict[str, Any], code: str) -> None:
        answer = alice.api.post_json(f"{device_url(alice.device)}/inbound", document)
        assert refusal(answer)[1] == code
        assert not Media.objects.exists()

    def test_has_no_file(self, alice: Person) -> None:
        assert refusal(alice.api.hand_in(alice.device, jpeg(), omitted="x")) == (400, "source_ambiguous")
        assert refusal(alice.api.hand_in(alice.device)) == (400, "source_missing")


class TestTheEvent:
    def test_tells_all_that_is_needed_to_download_it(self, alice: Person) -> None:
        listen(alice.app, "message")
        said = {"from_": "62811", "chat_id": "12036@g.us", "sent_at": SENT_AT, "caption": "c", "kind": "image"}
        media = taken(alice.api.hand_in(alice.device, jpeg(), **said))
        assert heard(alice.app) == [
            (
                "message",
                {
                    "message_id": "in-1",
                    "direction": "inbound",
                    "type": "image",
                    "from": "62811",
                    "chat_id": "12036@g.us",
                    "sent_at": SENT_AT,
                    "media_path": media["media_path"],
                    "mime_type": "image/jpeg",
                    "file_name": "a.jpg",
                    "size": len(jpeg()),
                    "sha256": hashlib.sha256(jpeg()).hexdigest(),
                    "caption": "c",
                    "reason": None,
                },
            )
        ]
        row = WebhookDelivery.objects.get()
        assert (str(row.subject_id), row.device_id) == (media["id"], alice.device.pk)

    def test_has_the_id_of_the_request(self, alice: Person) -> None:
        listen(alice.app)
        answer = alice.api.hand_in(alice.device, jpeg())
        assert WebhookDelivery.objects.get().request_id == answer["X-Request-ID"]

    def test_is_not_written_for_those_who_do_not_listen(self, alice: Person, bob: Person) -> None:
        listen(alice.app, "receipt")
        listen(bob.app)
        taken(alice.api.hand_in(alice.device, jpeg()))
        assert not WebhookDelivery.objects.exists()

    def test_is_not_written_for_what_was_refused(self, alice: Person) -> None:
        listen(alice.app)
        alice.api.hand_in_raw(alice.device, jpeg(), X_Message_Sha256="0" * 64)
        alice.api.hand_in_raw(alice.device, b"")
        assert events(alice.app) == []


class TestWhatIsTrueWhenItIsSent:
    def test_is_what_clients_see(self, alice: Person) -> None:
        media = taken(alice.api.hand_in(alice.device, jpeg()))
        pk = Media.objects.get().pk
        expires_at = media["expires_at"]
        assert news.live([pk])[pk] == {"id": media["id"], "status": "ready", "expires_at": expires_at, "reason": None}
        Media.objects.update(expires_at=timezone.now())
        assert (news.live([pk])[pk]["status"], news.live([pk])[pk]["reason"]) == ("expired", "retention")
        alice.api.delete(f"/v1/media/{pk}")
        assert (news.live([pk])[pk]["status"], news.live([pk])[pk]["reason"]) == ("purged", "client")

    def test_of_a_destroyed_device_is_that_it_is_gone(self, alice: Person) -> None:
        taken(alice.api.hand_in(alice.device, jpeg()))
        pk = Media.objects.get().pk
        alice.api.delete(device_url(alice.device))
        gone = {"id": str(pk), "status": "purged", "expires_at": None, "reason": "device_destroyed"}
        assert news.live([pk])[pk] == gone


class TestTheDevice:
    def test_is_the_caller_s_own_and_living(self, alice: Person, bob: Person) -> None:
        assert refusal(bob.api.hand_in(alice.device, jpeg())) == (404, "not_found")
        assert refusal(bob.api.omit(alice.device)) == (404, "not_found")
        assert refusal(alice.api.hand_in("nonsense", jpeg())) == (404, "not_found")
        alice.api.delete(device_url(alice.device))
        assert refusal(alice.api.hand_in(alice.device, jpeg())) == (404, "not_found")

    def test_needs_the_gateway_s_scope(self, alice: Person) -> None:
        client = alice.with_scopes("media:read", "media:write", "devices")
        assert refusal(client.hand_in(alice.device, jpeg())) == (403, "scope_missing")
        taken(alice.with_scopes("gateway").hand_in(alice.device, jpeg()))
