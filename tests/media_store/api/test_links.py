"""Links to media: without a key, for a while, and dead as soon as the media is."""

import base64
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from media_store import links
from media_store.models import Media
from tests.media_files import jpeg
from tests.people import Answer, Person, bytes_of, device_url, refusal

pytestmark = pytest.mark.django_db

STRANGER = Client()


def made(person: Person, media: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = person.api.post_json(f"/v1/media/{media['id']}/links", fields)
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def path_of(link: dict[str, Any]) -> str:
    return str(urlsplit(link["url"]).path)


def follow(path: str, **headers: str) -> Answer:
    return STRANGER.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


class TestALink:
    def test_gives_the_bytes_to_whoever_has_it(self, alice: Person) -> None:
        link = made(alice, alice.sent(jpeg()), ttl_seconds=600)
        answer = follow(path_of(link))
        assert (answer.status_code, bytes_of(answer)) == (200, jpeg())
        lives = datetime.fromisoformat(link["expires_at"]) - timezone.now()
        assert timedelta(seconds=595) < lives <= timedelta(seconds=600)

    def test_answers_as_a_download_by_path_does(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        path = path_of(made(alice, media))
        for headers in ({}, {"Range": "bytes=2-9"}, {"Range": "bytes=-5"}, {"If_None_Match": f'"{media["sha256"]}"'}):
            by_link, by_path = follow(path, **headers), alice.api.download(media["media_path"], **headers)
            assert (by_link.status_code, bytes_of(by_link)) == (by_path.status_code, bytes_of(by_path))
            told = [{**answer.headers, "X-Request-ID": ""} for answer in (by_link, by_path)]
            assert told[0] == told[1]
        assert refusal(follow(path, Range="bytes=999999-")) == (416, "range_not_satisfiable")

    def test_may_be_asked_for_its_headers(self, alice: Person) -> None:
        answer = STRANGER.head(path_of(made(alice, alice.sent(jpeg()))))
        assert (answer.status_code, answer["Content-Length"], answer.content) == (200, str(len(jpeg())), b"")

    def test_stands_at_the_public_address(self, alice: Person, settings: Settings) -> None:
        media = alice.sent(jpeg())
        assert made(alice, media)["url"].startswith("http://testserver/v1/links/")
        settings.PUBLIC_URL = "https://media.example.com"
        assert made(alice, media)["url"].startswith("https://media.example.com/v1/links/")

    def test_dies_with_its_time(self, alice: Person) -> None:
        media = Media.objects.get(pk=alice.sent(jpeg())["id"])
        now = timezone.now()
        token = links.token_for(media, until=now - timedelta(seconds=1))
        answer = follow(f"/v1/links/{token}")
        assert refusal(answer) == (410, "link_expired")
        assert datetime.fromisoformat(answer.json()["expired_at"]) < now

    def test_dies_with_its_media(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        path = path_of(made(alice, media))
        alice.api.delete(f"/v1/media/{media['id']}")
        answer = follow(path)
        assert refusal(answer) == (410, "media_gone")
        assert answer.json()["reason"] == "client"

    def test_dies_when_its_media_expires(self, alice: Person) -> None:
        path = path_of(made(alice, alice.sent(jpeg())))
        Media.objects.update(expires_at=timezone.now())
        assert refusal(follow(path)) == (410, "media_gone")

    def test_of_a_destroyed_device_leads_nowhere(self, alice: Person) -> None:
        path = path_of(made(alice, alice.sent(jpeg())))
        alice.api.delete(device_url(alice.device))
        assert refusal(follow(path)) == (404, "not_found")

    def test_needs_no_row_of_its_own(self, alice: Person, django_assert_num_queries: Any) -> None:
        path = path_of(made(alice, alice.sent(jpeg())))
        with django_assert_num_queries(1):
            bytes_of(follow(path))

    @pytest.mark.parametrize(
        ("facts", "refused"),
        [
            ({"status": "purged", "blob": None, "reason": "client", "purged_at": timezone.now()}, (410, "media_gone")),
            ({"expires_at": timezone.now()}, (410, "media_gone")),
            ({"status": "failed", "blob": None, "reason": "bad_status"}, (422, "media_failed")),
            ({"status": "omitted", "blob": None, "reason": "too_large"}, (422, "media_omitted")),
        ],
    )
    def test_is_not_made_for_what_cannot_be_had(
        self, alice: Person, facts: dict[str, Any], refused: tuple[int, str]
    ) -> None:
        media = alice.sent(jpeg())
        Media.objects.update(**facts)
        assert refusal(alice.api.post_json(f"/v1/media/{media['id']}/links", {})) == refused

    def test_is_made_for_what_is_on_its_way(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        Media.objects.update(status="pending", blob=None, fetch_at=timezone.now(), url="https://example.com/a.jpg")
        path = path_of(made(alice, media))
        assert refusal(follow(path)) == (409, "media_not_ready")

    def test_is_made_for_one_s_own_media(self, alice: Person, bob: Person) -> None:
        media = alice.sent(jpeg())
        assert refusal(bob.api.post_json(f"/v1/media/{media['id']}/links", {})) == (404, "not_found")
        assert refusal(alice.api.post_json("/v1/media/nonsense/links", {})) == (404, "not_found")

    def test_is_made_by_those_who_may_download(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        writer = alice.with_scopes("media:write", "gateway")
        assert refusal(writer.post_json(f"/v1/media/{media['id']}/links", {})) == (403, "scope_missing")

    @pytest.mark.parametrize("seconds", [0, -1, "600", 1.5, True, None, 604_801, 10**30])
    def test_lives_as_long_as_may_be(self, alice: Person, seconds: Any) -> None:
        media = alice.sent(jpeg())
        answer = alice.api.post_json(f"/v1/media/{media['id']}/links", {"ttl_seconds": seconds})
        assert refusal(answer) == (400, "malformed")

    def test_lives_for_an_hour_where_nobody_says(self, alice: Person, settings: Settings) -> None:
        media = alice.sent(jpeg())
        lives = datetime.fromisoformat(made(alice, media)["expires_at"]) - timezone.now()
        assert timedelta(seconds=3_595) < lives <= timedelta(hours=1)
        settings.LINK_MAX_SECONDS = 60
        lives = datetime.fromisoformat(made(alice, media)["expires_at"]) - timezone.now()
        assert lives <= timedelta(seconds=60)


class TestAToken:
    def test_changed_in_any_bit_leads_nowhere(self, alice: Person) -> None:
        path = path_of(made(alice, alice.sent(jpeg())))
        token = path.rpartition("/")[2]
        raw = base64.urlsafe_b64decode(token)
        for bit in range(len(raw) * 8):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            forged = base64.urlsafe_b64encode(changed).decode()
            assert refusal(follow(f"/v1/links/{forged}")) == (404, "not_found"), bit

    def test_has_one_spelling(self, alice: Person) -> None:
        """Each character changed in each of its bits; and what a lenient decoder would take for the same."""
        path = path_of(made(alice, alice.sent(jpeg())))
        token = path.rpartition("/")[2]
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for place, character in enumerate(token):
            for bit in range(6):
                other = alphabet[alphabet.index(character) ^ 1 << bit]
                assert follow(f"/v1/links/{token[:place]}{other}{token[place + 1 :]}").status_code == 404
        for spelling in (
            f"{token}=",
            f"{token}==",
            f"{token}%0A",
            f"%20{token}",
            token[:-4],
            token + "AAAA",
            token.lower(),
        ):
            assert follow(f"/v1/links/{spelling}").status_code == 404, spelling

    @pytest.mark.parametrize("token", ["x", "%00", "%ff", "\u0661" * 72, "A" * 72, "A" * 5_000, "..", "{}"])
    def test_that_was_never_made_leads_nowhere(self, db: None, token: str) -> None:
        assert follow(f"/v1/links/{token}").status_code == 404

    def test_of_another_secret_leads_nowhere(self, alice: Person, settings: Settings) -> None:
        path = path_of(made(alice, alice.sent(jpeg())))
        settings.SECRET_KEY = "another" * 10
        assert refusal(follow(path)) == (404, "not_found")
