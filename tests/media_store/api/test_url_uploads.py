"""Sending by URL: the answer comes before the bytes, and says where they will be."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone
from pytest_django import Settings

from media_store import ingest, retention
from media_store.api import waiting
from media_store.models import Media
from tests.interleaving import just_before
from tests.media_files import jpeg
from tests.people import Person, bytes_of, messages_of, refusal
from tests.sources import Source

URL = "https://files.example.com/slip.jpg"


class TestTheAnswer:
    def test_is_202_with_the_path_that_it_will_have(self, alice: Person) -> None:
        answer = alice.api.send(alice.device, url=URL, message_id="m1", mime_type="image/jpeg")
        assert answer.status_code == 202
        media = answer.json()["media"]
        assert answer["Location"] == f"/v1/media/{media['id']}"
        assert int(answer["Retry-After"]) > 0
        assert media["media_path"] == f"media/{alice.app.pk}/{alice.device.pk}-m1.jpg"
        shown = {name: media[name] for name in ("status", "size", "sha256", "source", "source_detail", "delivery")}
        assert shown == {
            "status": "pending",
            "size": None,
            "sha256": None,
            "source": "url",
            "source_detail": "files.example.com",
            "delivery": "queued",
        }
        assert refusal(alice.api.download(media["media_path"])) == (409, "media_not_ready")

    def test_never_shows_the_url(self, alice: Person) -> None:
        media = alice.api.send(alice.device, url=f"{URL}?token=secret").json()["media"]
        shown = alice.api.get(f"/v1/media/{media['id']}").content + alice.api.get("/v1/media").content
        assert b"secret" not in shown

    @pytest.mark.once
    def test_is_422_where_the_spelling_alone_forbids_it(self, alice: Person) -> None:
        for url in (
            "http://files.example.com/slip.jpg",
            "https://127.0.0.1/slip.jpg",
            "https://[::1]/slip.jpg",
            "https://localhost/slip.jpg",
            "https://user:secret@files.example.com/",
            "https://files.example.com:8443/",
            "https://0x7f.1/",
            "file:///etc/passwd",
            "slip.jpg",
            "https://",
            "  ",
        ):
            for answer in (alice.api.send(alice.device, url=url), alice.api.post_json("/v1/media", {"url": url})):
                assert refusal(answer) in ((422, "source_forbidden"), (400, "malformed")), url
                assert "secret" not in answer.content.decode()
        assert not Media.objects.exists()

    @pytest.mark.once
    def test_is_400_for_what_is_no_text(self, alice: Person) -> None:
        for url in (["x"], {"a": 1}, "x" * 5_000):
            assert refusal(alice.api.send(alice.device, url=url)) == (400, "malformed")

    def test_in_a_form_is_the_same(self, alice: Person) -> None:
        parts = [
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
            for name, value in {"to": "1", "type": "image", "url": URL}.items()
        ]
        assert alice.api.post_parts(messages_of(alice.device), *parts).status_code == 202


class TestTheSameMessageId:
    def test_with_the_same_url_is_the_first(self, alice: Person) -> None:
        first = alice.api.send(alice.device, url=URL, message_id="m1").json()["media"]
        again = alice.api.send(alice.device, url=URL, message_id="m1")
        assert again.json()["media"]["id"] == first["id"]
        assert again.status_code == 202

    def test_once_it_is_here_is_200(self, alice: Person, source: Source) -> None:
        url = source.has("/a", jpeg())
        first = alice.api.send(alice.device, url=url, message_id="m1").json()["media"]
        _fetch()
        again = alice.api.send(alice.device, url=url, message_id="m1")
        assert (again.status_code, again.json()["media"]["id"]) == (200, first["id"])

    def test_with_another_url_is_409(self, alice: Person) -> None:
        alice.api.send(alice.device, url=URL, message_id="m1")
        assert refusal(alice.api.send(alice.device, url=f"{URL}2", message_id="m1")) == (409, "duplicate_message_id")

    def test_with_other_bytes_is_409(self, alice: Person) -> None:
        alice.api.send(alice.device, url=URL, message_id="m1")
        assert refusal(alice.api.send(alice.device, jpeg(), message_id="m1")) == (409, "duplicate_message_id")

    def test_after_it_failed_fetches_again(self, alice: Person, source: Source) -> None:
        url = source.has("/a", status=404)
        alice.api.send(alice.device, url=url, message_id="m1")
        _fetch()
        source.has("/a", jpeg())
        again = alice.api.send(alice.device, url=url, message_id="m1")
        assert (again.status_code, again.json()["media"]["status"]) == (202, "pending")
        assert _fetch() == "ready"

    def test_after_it_failed_is_kept_from_when_it_was_asked_for_again(self, alice: Person, source: Source) -> None:
        """Even where it would have expired meanwhile, had it been fetched at first."""
        url = source.has("/a", status=404)
        first = alice.api.send(alice.device, url=url, message_id="m1").json()["media"]
        _fetch()
        long_ago = timezone.now() - timedelta(days=9)
        Media.objects.update(created_at=long_ago, expires_at=long_ago + timedelta(days=7))
        retention.set_rule(app=alice.app, keep_days=7, now=timezone.now(), by="test")
        source.has("/a", jpeg())
        alice.api.post(f"/v1/media/{first['id']}/refetch", b"", content_type="")
        assert _fetch() == "ready"
        media = alice.api.get(f"/v1/media/{first['id']}").json()
        assert media["status"] == "ready"
        lives = datetime.fromisoformat(media["expires_at"]) - timezone.now()
        assert timedelta(days=6, hours=23) < lives <= timedelta(days=7)
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    def test_after_it_failed_at_once_with_another_fetches_again(self, alice: Person, source: Source) -> None:
        """Both have seen that it failed; one of them is first to have it fetched."""
        url = source.has("/a", status=404)
        first = alice.api.send(alice.device, url=url, message_id="m1").json()["media"]
        _fetch()
        source.has("/a", jpeg())
        with just_before(
            'UPDATE "media_store_media"',
            lambda: alice.api.post(f"/v1/media/{first['id']}/refetch", b"", content_type=""),
        ):
            again = alice.api.send(alice.device, url=url, message_id="m1")
        assert (again.status_code, again.json()["media"]["status"]) == (202, "pending")
        assert _fetch() == "ready"


def _fetch() -> str:
    now = timezone.now()
    media = ingest.claim(now=now)
    assert media is not None
    return ingest.fetch(media, now=now)


@pytest.mark.django_db(transaction=True)
class TestWaiting:
    """`Prefer: wait`, with somebody who fetches meanwhile."""

    @pytest.fixture
    def fetcher(self) -> Iterator[None]:
        done = threading.Event()

        def work() -> None:
            while not done.wait(0.05):
                now = timezone.now()
                media = ingest.claim(now=now)
                if media is not None:
                    ingest.fetch(media, now=now)
            connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        yield
        done.set()
        thread.join()

    def wait(self, person: Person, url: str, prefer: str) -> Any:
        body = b'{"to": "1", "type": "image", "url": "%s"}' % url.encode()
        return person.api.post(messages_of(person.device), body, content_type="application/json", Prefer=prefer)

    @pytest.mark.usefixtures("fetcher")
    def test_answers_201_once_it_is_here(self, alice: Person, source: Source) -> None:
        answer = self.wait(alice, source.has("/a", jpeg()), "wait=10")
        assert (answer.status_code, answer.json()["media"]["status"]) == (201, "ready")
        assert alice.api.download(answer.json()["media"]["media_path"]).status_code == 200

    @pytest.mark.usefixtures("fetcher")
    def test_answers_422_once_it_has_failed(self, alice: Person, source: Source) -> None:
        answer = self.wait(alice, source.has("/a", status=404), "respond-async, wait=10")
        assert refusal(answer) == (422, "media_failed")
        assert answer.json()["reason"] == "bad_status"

    def test_answers_410_once_it_was_removed(self, alice: Person) -> None:
        with self.meanwhile(lambda media: alice.api.delete(f"/v1/media/{media.pk}")):
            answer = self.wait(alice, URL, "wait=10")
        assert refusal(answer) == (410, "media_gone")
        assert answer.json()["reason"] == "client"

    def test_answers_404_once_its_device_was_destroyed(self, alice: Person) -> None:
        with self.meanwhile(lambda _: alice.device.delete()):
            assert refusal(self.wait(alice, URL, "wait=10")) == (404, "not_found")

    @contextmanager
    def meanwhile(self, what: Callable[[Media], object]) -> Iterator[None]:
        """Once there is a media, by somebody else."""

        def work() -> None:
            try:
                while (media := Media.objects.first()) is None:
                    time.sleep(0.01)
                what(media)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(work)
            yield
            done.result()

    @pytest.mark.once
    def test_answers_202_when_its_time_is_up(self, alice: Person) -> None:
        began = time.monotonic()
        assert self.wait(alice, URL, "wait=1").status_code == 202
        assert 0.9 < time.monotonic() - began < 5

    @pytest.mark.once
    def test_is_not_asked_by_anything_else(self, alice: Person) -> None:
        for prefer in ("", "wait", "wait=", "wait=x", "wait=-1", "wait=0", "awaits=3"):
            began = time.monotonic()
            assert self.wait(alice, URL, prefer).status_code == 202, prefer
            assert time.monotonic() - began < 0.9, prefer

    @pytest.mark.once
    def test_is_for_a_quarter_of_the_threads(
        self, alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(waiting, "_places", threading.BoundedSemaphore(1))
        with waiting._places:
            began = time.monotonic()
            assert self.wait(alice, URL, "wait=20").status_code == 202
            assert time.monotonic() - began < 5

    def test_holds_no_connection(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        held: list[bool] = []
        monkeypatch.setattr(time, "sleep", lambda _: held.append(connection.connection is not None))
        media = Media.objects.get(pk=alice.api.send(alice.device, url=URL).json()["media"]["id"])
        waiting.until_fetched(media, seconds=1)
        assert held
        assert not any(held)
