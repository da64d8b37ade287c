"""GET /media?path= and /v1/media/{id}/content, header by header."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from media_store.models import Media
from tests.media_files import gif, html, jpeg, m4a, mp3, mp4, ogg_opus, pdf, plain_text, png, svg, webp
from tests.people import PENDING, Answer, Api, Person, bytes_of, percent, refusal

SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}

Get = Callable[..., Answer]


@pytest.fixture(params=["path", "id"])
def asked(request: pytest.FixtureRequest) -> Callable[[Api, dict[str, Any]], Get]:
    """Both routes: by path and by id they answer the same."""

    def by_path(api: Api, media: dict[str, Any]) -> Get:
        return lambda method="get", **headers: getattr(api, method)("/media", {"path": media["media_path"]}, **headers)

    def by_id(api: Api, media: dict[str, Any]) -> Get:
        return lambda method="get", **headers: getattr(api, method)(f"/v1/media/{media['id']}/content", **headers)

    return by_path if request.param == "path" else by_id


@pytest.fixture
def media(alice: Person) -> dict[str, Any]:
    return alice.sent(jpeg(), message_id="m1", file_name="slip.jpg")


@pytest.fixture
def get(alice: Person, media: dict[str, Any], asked: Callable[[Api, dict[str, Any]], Get]) -> Get:
    """Ask for alice's picture, by either route."""
    return asked(alice.api, media)


class TestTheWhole:
    def test_comes_byte_for_byte_with_every_header(self, get: Get, media: dict[str, Any]) -> None:
        answer = get()
        assert answer.status_code == 200
        assert bytes_of(answer) == jpeg()
        digest = base64.b64encode(hashlib.sha256(jpeg()).digest()).decode()
        created = datetime.fromisoformat(media["created_at"]).astimezone(UTC).replace(microsecond=0)
        expected = {
            "Content-Type": "image/jpeg",
            "Content-Length": str(len(jpeg())),
            "Content-Disposition": "inline; filename=\"slip.jpg\"; filename*=UTF-8''slip.jpg",
            "ETag": f'"{media["sha256"]}"',
            "Last-Modified": format_datetime(created, usegmt=True),
            "Accept-Ranges": "bytes",
            "Repr-Digest": f"sha-256=:{digest}:",
            **SAFETY,
        }
        assert {name: answer.get(name) for name in expected} == expected
        assert "Content-Range" not in answer

    def test_is_what_head_describes_without_sending_it(self, get: Get) -> None:
        whole, head = get(), get("head")
        assert (head.status_code, bytes_of(head)) == (200, b"")
        differing = {"X-Request-ID"}
        assert {k: v for k, v in head.items() if k not in differing} == {
            k: v for k, v in whole.items() if k not in differing
        }
        whole.close()

    def test_comes_whatever_the_client_accepts(self, get: Get) -> None:
        for accept in ("application/json", "text/html", "image/png", "nonsense", "*/*;q=0", ""):
            answer = get(Accept=accept)
            assert (answer.status_code, bytes_of(answer)) == (200, jpeg()), accept

    def test_comes_whatever_format_is_asked_for(self, alice: Person, media: dict[str, Any]) -> None:
        for form in ("json", "xml", "api", ""):
            by_path = alice.api.get("/media", {"path": media["media_path"], "format": form})
            by_id = alice.api.get(f"/v1/media/{media['id']}/content", {"format": form})
            assert bytes_of(by_path) == bytes_of(by_id) == jpeg(), form

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_can_only_be_read(self, alice: Person, media: dict[str, Any], method: str) -> None:
        for path in (f"/media?path={media['media_path']}", f"/v1/media/{media['id']}/content"):
            answer = alice.api.client.generic(method, path)
            assert refusal(answer) == (405, "method_not_allowed")
            assert answer["Allow"].startswith("GET")


class TestTypes:
    @pytest.mark.parametrize(
        ("content", "mime_type", "shown"),
        [
            (jpeg(), "image/jpeg", "inline"),
            (png(), "image/png", "inline"),
            (webp(), "image/webp", "inline"),
            (mp4(), "video/mp4", "inline"),
            (mp3(), "audio/mpeg", "inline"),
            (ogg_opus(), "audio/ogg", "inline"),
            (m4a(), "audio/mp4", "inline"),
            (pdf(), "application/pdf", "attachment"),
            (gif(), "application/octet-stream", "attachment"),
            (svg(), "application/octet-stream", "attachment"),
            (html(), "application/octet-stream", "attachment"),
            (plain_text(), "application/octet-stream", "attachment"),
        ],
    )
    def test_are_those_of_the_table_and_only_pictures_and_sounds_open_inline(
        self, alice: Person, content: bytes, mime_type: str, shown: str
    ) -> None:
        media = alice.uploaded(content, content_type="image/svg+xml", X_File_Name="evil.html")
        answer = alice.api.download(media["media_path"])
        assert (answer["Content-Type"], answer["Content-Disposition"].split(";")[0]) == (mime_type, shown)
        assert {name: answer.get(name) for name in SAFETY} == SAFETY

    def test_are_more_where_a_setting_says_so(self, alice: Person, settings: Settings) -> None:
        settings.MEDIA_SERVED_TYPES = ("image/gif",)
        media = alice.uploaded(gif())
        assert alice.api.download(media["media_path"])["Content-Type"] == "image/gif"


class TestContentDisposition:
    @pytest.mark.parametrize(
        ("name", "plain", "encoded"),
        [
            ('say "hi".jpg', "say _hi_.jpg", "say%20%22hi%22.jpg"),
            ("Übung кот 🐈.jpg", "_bung ___ _.jpg", "%C3%9Cbung%20%D0%BA%D0%BE%D1%82%20%F0%9F%90%88.jpg"),
            ("100% (1);x=y.jpg", "100_ (1);x=y.jpg", "100%25%20%281%29%3Bx%3Dy.jpg"),
            ("it's*.jpg", "it's*.jpg", "it%27s%2A.jpg"),
        ],
    )
    def test_holds_the_name_in_both_forms(self, alice: Person, name: str, plain: str, encoded: str) -> None:
        media = alice.uploaded(jpeg(), X_File_Name=percent(name))
        found = alice.api.download(media["media_path"])["Content-Disposition"]
        assert found == f"inline; filename=\"{plain}\"; filename*=UTF-8''{encoded}"

    @pytest.mark.parametrize(
        "name",
        ["a\r\nSet-Cookie: x=1\r\n\r\n<b>.jpg", "a\nb", "a\0b", "\u2028x\u2029", "a\x7f\x85b", "\u202egpj.exe"],
    )
    def test_lets_no_name_out_of_its_line(self, alice: Person, name: str) -> None:
        media = alice.uploaded(jpeg(), X_File_Name=percent(name))
        found = alice.api.download(media["media_path"])["Content-Disposition"]
        assert found.isascii()
        assert found.isprintable()

    def test_is_made_of_the_message_id_where_there_is_no_name(self, alice: Person) -> None:
        media = alice.sent(pdf(), type="document", message_id="invoice 1/é")
        found = alice.api.download(media["media_path"])["Content-Disposition"]
        assert found.startswith('attachment; filename="')
        assert found.endswith(".pdf")
        assert "/" not in found

    def test_is_made_of_the_id_where_there_is_neither(self, alice: Person) -> None:
        media = alice.uploaded(jpeg())
        assert f'filename="{media["id"]}.jpg"' in alice.api.download(media["media_path"])["Content-Disposition"]


class TestStatuses:
    def _in_state(self, media: dict[str, Any], **columns: Any) -> None:
        Media.objects.filter(pk=media["id"]).update(**columns)

    def test_not_ready(self, get: Get, media: dict[str, Any]) -> None:
        self._in_state(media, **PENDING)
        answer = get()
        assert refusal(answer) == (409, "media_not_ready")
        assert int(answer["Retry-After"]) > 0

    @pytest.mark.parametrize("reason", ["retention", "client", "staff", "bytes_missing"])
    def test_gone(self, get: Get, media: dict[str, Any], reason: str) -> None:
        moment = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
        self._in_state(media, status="purged", blob=None, purged_at=moment, reason=reason)
        answer = get()
        assert (*refusal(answer), answer.json()["reason"]) == (410, "media_gone", reason)
        assert datetime.fromisoformat(answer.json()["gone_at"]) == moment

    def test_gone_from_its_last_moment_on_before_anybody_has_purged(self, get: Get, media: dict[str, Any]) -> None:
        last = timezone.now() - timedelta(microseconds=1)
        self._in_state(media, expires_at=last)
        answer = get()
        assert (*refusal(answer), answer.json()["reason"]) == (410, "media_gone", "retention")
        assert datetime.fromisoformat(answer.json()["gone_at"]) == last

    def test_failed(self, get: Get, media: dict[str, Any]) -> None:
        self._in_state(media, status="failed", reason="source_forbidden", blob=None)
        answer = get()
        assert (*refusal(answer), answer.json()["reason"]) == (422, "media_failed", "source_forbidden")

    def test_omitted(self, get: Get, media: dict[str, Any]) -> None:
        self._in_state(media, status="omitted", reason="too_large", blob=None)
        answer = get()
        assert (*refusal(answer), answer.json()["reason"]) == (422, "media_omitted", "too_large")

    def test_quarantined_media_are_not_served(self, get: Get, media: dict[str, Any]) -> None:
        self._in_state(media, status="quarantined")
        assert get().status_code >= 400

    @pytest.mark.parametrize("columns", [PENDING, {"status": "failed"}, {"expires_at": timezone.now()}])
    def test_no_condition_gets_past_a_refusal(self, get: Get, media: dict[str, Any], columns: dict[str, Any]) -> None:
        self._in_state(media, **columns)
        for headers in ({"If_None_Match": "*"}, {"If_None_Match": f'"{media["sha256"]}"'}, {"Range": "bytes=0-1"}):
            assert get(**headers).status_code in (409, 410, 422)

    @pytest.mark.parametrize("query", [None, {"path": ""}, {"Path": "x"}])
    def test_no_path(self, alice: Person, query: dict[str, str] | None) -> None:
        assert refusal(alice.api.get("/media", query)) == (400, "path_missing")

    @pytest.mark.parametrize("token", [None, "", "mhk_x", "mhk_" + "0" * 36, "ü"])
    def test_no_key(self, media: dict[str, Any], token: str | None) -> None:
        answer = Api(token).download(media["media_path"])
        assert refusal(answer) == (401, "unauthenticated")
        assert answer["WWW-Authenticate"] == "Bearer"

    def test_a_refusal_to_head_has_its_status_too(self, get: Get, media: dict[str, Any]) -> None:
        self._in_state(media, **PENDING)
        assert get("head").status_code == 409
