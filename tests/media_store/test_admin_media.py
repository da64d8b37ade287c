"""What staff see of how media is kept and goes, and what they do about it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.admin import pages
from devices.models import AuditEvent
from media_store import retention
from media_store.models import LegalHold, Media
from tests.media_files import jpeg, pdf, png
from tests.media_store.admin_lists import MEDIA, act, content_of, page_of, selected, shown
from tests.people import Person, bytes_of, staff

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("plain_static_files")]
REASON = "Case 7: the court asked for it"


@pytest.fixture
def dora(db: None) -> Client:
    """Staff who may open files, remove and hold them."""
    return staff("dora", "view_content", "remove_media", "hold_media", "view_legalhold")


def row(media: dict[str, Any]) -> Media:
    return Media.objects.get(pk=media["id"])


def hold(subject: Any, *, reason: str = REASON, days: int | None = None) -> LegalHold:
    now = timezone.now()
    until = None if days is None else now + timedelta(days=days)
    return retention.hold(subject, reason=reason, until=until, by="operator", now=now)


def expire(media: dict[str, Any]) -> None:
    Media.objects.filter(pk=media["id"]).update(expires_at=timezone.now() - timedelta(seconds=1))


class TestThePage:
    def test_tells_when_it_goes_and_by_which_rule(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        before = row(media).expires_at
        retention.set_rule(app=None, direction="outbound", keep_days=14, now=timezone.now(), by="test")
        retention.apply_changed_rules(now=timezone.now())
        text = shown(charlie, page_of(media))
        assert "every app: outbound, 14 days" in text
        assert f"{before:%-d %b %Y}" in text
        assert f"{row(media).expires_at:%-d %b %Y}" in text

    def test_tells_how_far_its_message_got(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        now = timezone.now()
        Media.objects.filter(pk=media["id"]).update(created_at=now - timedelta(days=40))
        retention.note_delivery(row(media).pk, state="read", at=now - timedelta(days=33), now=now)
        text = shown(charlie, page_of(media))
        assert "Read" in text
        assert f"{now - timedelta(days=33):%-d %b %Y}" in text

    def test_tells_what_a_source_answered_and_when_it_is_asked_again(self, charlie: Client, alice: Person) -> None:
        media = alice.api.send(alice.device, url="https://example.com/a.jpg").json()["media"]
        at = timezone.now() + timedelta(days=3)
        told = {"reason": "source_unreachable", "reason_detail": "The server answered 503.", "fetch_attempts": 2}
        Media.objects.filter(pk=media["id"]).update(fetch_at=at, **told)
        text = shown(charlie, page_of(media))
        assert "The server answered 503." in text
        assert f"{at:%-d %b %Y}" in text
        assert "attempts so far: 2" in text

    def test_names_every_hold_on_it_its_device_and_its_app(self, charlie: Client, alice: Person, bob: Person) -> None:
        media = alice.sent(jpeg())
        for subject, reason in ((row(media), "one"), (alice.device, "two"), (alice.app, "three"), (bob.app, "four")):
            hold(subject, reason=f"reason {reason}")
        text = shown(charlie, page_of(media))
        assert re.findall(r"on (?:this|its) (\w+)</span></a> reason (\w+)", text) == [
            ("media", "one"),
            ("device", "two"),
            ("app", "three"),
        ]

    def test_names_no_hold_that_is_over(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        retention.release_hold(hold(row(media)), by="test", now=timezone.now())
        LegalHold.objects.filter(pk=hold(alice.app, days=1).pk).update(until=timezone.now())
        assert REASON not in shown(charlie, page_of(media))
        assert "hub-held" not in shown(charlie, page_of(media)) + shown(charlie, MEDIA)

    def test_tells_why_and_when_a_tombstone_went(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        act(dora, MEDIA, "remove", media["id"], confirmed="yes")
        text = shown(dora, page_of(media))
        assert re.search(r"hub-quiet\">purged</span>\s+staff", text)
        assert f"{timezone.now():%-d %b %Y}" in text[text.index("How it went") :]

    def test_shows_hostile_reasons_as_words(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg(), file_name='"><img>.jpg')
        hold(row(media), reason="<script>alert(1)</script>")
        asked = act(dora, MEDIA, "release", media["id"]).content.decode()
        listed = shown(dora, "/admin/media_store/legalhold/")
        for text in (shown(dora, page_of(media)), asked, listed):
            assert "<script>alert(1)" not in text
            assert "&lt;script&gt;" in text


class TestTheList:
    def test_marks_what_is_held_and_filters_by_it(self, charlie: Client, alice: Person, bob: Person) -> None:
        alone, of_device, free = alice.uploaded(jpeg()), alice.sent(png()), alice.uploaded(pdf())
        of_app = bob.sent(jpeg())
        for subject in (row(alone), alice.device, bob.app):
            hold(subject)
        held = {alone["id"], of_device["id"], of_app["id"]}
        assert shown(charlie, MEDIA).count('hub-held">held<') == 3
        assert set(selected(charlie, MEDIA, held="yes")) == held
        assert set(selected(charlie, MEDIA, held="no")) == {free["id"]}

    def test_holds_of_another_do_not_count(self, charlie: Client, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        alice.uploaded(png())
        hold(bob.app)
        hold(bob.device)
        hold(alice.another_device())
        assert selected(charlie, MEDIA, held="yes") == []

    def test_shows_tombstones_with_their_reason(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        assert re.search(r"hub-quiet\">purged</span>\s+client", shown(charlie, MEDIA))

    @pytest.mark.parametrize("name", ["media_path", "sha256", "message_id"])
    def test_compares_what_is_named_whole(self, charlie: Client, alice: Person, bob: Person, name: str) -> None:
        media = alice.sent(jpeg(), message_id="wamid.HB==")
        bob.sent(png(), message_id="wamid.HB==2")
        words = {**media, "message_id": "wamid.HB=="}[name]
        with CaptureQueriesContext(connection) as captured:
            assert selected(charlie, MEDIA, q=words) == [media["id"]]
        searches = [query["sql"] for query in captured if "message_id" in query["sql"].partition("WHERE")[2]]
        assert searches
        assert not any("LIKE" in sql or "UPPER(" in sql for sql in searches)

    @pytest.mark.services
    @pytest.mark.parametrize("name", ["media_path", "sha256", "message_id"])
    def test_has_an_index_for_each_of_them(self, charlie: Client, alice: Person, name: str) -> None:
        media = alice.sent(jpeg(), message_id="wamid.HB==")
        with CaptureQueriesContext(connection) as captured:
            selected(charlie, MEDIA, q={**media, "message_id": "wamid.HB=="}[name])
        sql = next(query["sql"] for query in captured if "message_id" in query["sql"].partition("WHERE")[2])
        with connection.cursor() as cursor:
            # A handful of rows is read faster without any index.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            plan = " ".join(line for (line,) in cursor.fetchall())
        assert "BitmapOr" in plan
        assert "Seq Scan on media_store_media" not in plan

    def test_finds_parts_of_names_where_nothing_is_named_whole(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg(), file_name="Rechnung März.jpg")
        assert selected(charlie, MEDIA, q="rechnung märz") == [media["id"]]


class TestEvidence:
    def test_that_expired_and_is_held_opens_for_staff_only(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        hold(alice.device)
        expire(media)
        assert content_of(media) in shown(dora, page_of(media))
        answer = dora.get(content_of(media))
        assert (answer.status_code, bytes_of(answer)) == (200, jpeg())
        assert answer["Content-Disposition"].startswith("attachment")
        assert alice.api.download(media["media_path"]).status_code == 410

    def test_is_shut_to_staff_without_the_permission(self, charlie: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        hold(row(media))
        expire(media)
        assert charlie.get(content_of(media)).status_code == 403

    def test_is_shut_again_once_the_hold_is_over(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        held = hold(row(media))
        expire(media)
        retention.release_hold(held, by="test", now=timezone.now())
        assert dora.get(content_of(media)).status_code == 410
        assert "no bytes to open" in shown(dora, page_of(media))

    def test_that_was_purged_before_the_hold_stays_gone(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        hold(alice.app)
        assert dora.get(content_of(media)).status_code == 410


class TestTheTrail:
    def test_tells_who_opened_the_bytes_and_nothing_of_who_was_refused(
        self, dora: Client, charlie: Client, alice: Person
    ) -> None:
        media, gone = alice.sent(jpeg()), alice.sent(png())
        alice.api.delete(f"/v1/media/{gone['id']}")
        for client, one in ((charlie, media), (dora, gone), (dora, media)):
            bytes_of(client.get(content_of(one)))
        [event] = AuditEvent.objects.filter(action="media_opened")
        assert (event.by, event.subject, event.app_id) == ("staff dora", media["media_path"], alice.app.pk)
        assert event.details == {"sha256": media["sha256"]}

    def test_tells_of_no_answer_without_bytes(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        dora.head(content_of(media))
        dora.get(content_of(media), headers={"If-None-Match": f'"{media["sha256"]}"'})
        assert not AuditEvent.objects.filter(action="media_opened").exists()


class TestRemoving:
    def test_asks_first_and_says_what_stays(self, dora: Client, alice: Person) -> None:
        held, chosen, gone = alice.sent(jpeg()), alice.sent(png()), alice.sent(pdf(), type="document")
        hold(row(held))
        alice.api.delete(f"/v1/media/{gone['id']}")
        text = act(dora, MEDIA, "remove", held["id"], chosen["id"], gone["id"]).content.decode()
        assert "This cannot be undone." in text
        assert all(media["media_path"] in text for media in (held, chosen, gone))
        assert [text.count(words) for words in ("under a legal hold", "went before", " go<")] == [1, 1, 1]
        assert [row(media).status for media in (held, chosen, gone)] == ["ready", "ready", "purged"]

    def test_refuses_the_held_one_by_one_and_counts_the_others(self, dora: Client, alice: Person) -> None:
        held, removed, gone = alice.sent(jpeg()), alice.sent(png()), alice.sent(pdf(), type="document")
        hold(row(held))
        alice.api.delete(f"/v1/media/{gone['id']}")
        text = act(dora, MEDIA, "remove", held["id"], removed["id"], gone["id"], confirmed="yes").content.decode()
        assert f"The media {held['media_path']} stays: The media is under a legal hold" in text
        assert "1 media removed;" in text
        assert "1 had gone before." in text
        assert [row(media).status for media in (held, removed, gone)] == ["ready", "purged", "purged"]

    def test_tells_the_trail_who_it_was(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        act(dora, MEDIA, "remove", media["id"], confirmed="yes")
        event = AuditEvent.objects.get(action="media_removed")
        assert (event.by, event.subject) == ("staff dora", media["media_path"])

    def test_takes_no_more_at_once_than_somebody_waits_for(
        self, dora: Client, alice: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "AT_ONCE", 1)
        media = [alice.sent(jpeg()), alice.sent(png())]
        text = act(dora, MEDIA, "remove", *(each["id"] for each in media)).content.decode()
        assert "Select 1 at most at once" in text
        assert not Media.objects.filter(status="purged").exists()
