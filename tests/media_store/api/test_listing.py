"""GET /v1/media: everything an app has stored, newest first."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from media_store.models import Media
from tests.media_files import jpeg, ogg_opus, pdf, png
from tests.media_store.rows import blob_of, media_of
from tests.people import Answer, Person, refusal


def listed(person: Person, **query: Any) -> list[str]:
    """The ids that the query finds."""
    answer = person.api.get("/v1/media", query)
    assert answer.status_code == 200, answer.content
    return [media["id"] for media in answer.json()["results"]]


def in_state(media: dict[str, Any], **columns: Any) -> None:
    Media.objects.filter(pk=media["id"]).update(**columns)


class TestTheList:
    def test_holds_every_media_newest_first_as_each_is_shown_alone(self, alice: Person) -> None:
        media = [alice.uploaded(png()), alice.sent(jpeg()), alice.sent(pdf(), type="document")]
        answer = alice.api.get("/v1/media").json()
        assert answer == {"results": media[::-1], "next": None, "previous": None}
        assert alice.api.get(f"/v1/media/{media[0]['id']}").json() == media[0]

    def test_is_empty_at_first(self, alice: Person) -> None:
        assert alice.api.get("/v1/media").json() == {"results": [], "next": None, "previous": None}

    def test_holds_nothing_of_another_app(self, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        assert listed(bob) == []

    def test_holds_nothing_of_a_destroyed_device(self, alice: Person) -> None:
        alice.sent(jpeg())
        kept = alice.uploaded(jpeg())
        alice.api.delete(f"/v1/devices/{alice.device.pk}")
        assert listed(alice) == [kept["id"]]

    def test_holds_tombstones_and_what_has_expired(self, alice: Person) -> None:
        removed, expired = alice.sent(jpeg()), alice.sent(png())
        alice.api.delete(f"/v1/media/{removed['id']}")
        in_state(expired, expires_at=timezone.now())
        results = alice.api.get("/v1/media").json()["results"]
        assert [(media["status"], media["reason"]) for media in results] == [
            ("expired", "retention"),
            ("purged", "client"),
        ]

    def test_takes_as_many_queries_for_fifty_as_for_five(self, alice: Person) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert alice.api.get("/v1/media").status_code == 200
            return len(captured)

        # What is noted of a key that is used is not the list's.
        queries()
        asked = []
        for count in (5, 45):
            blob = blob_of(alice.app)
            for _ in range(count):
                media_of(alice.app, device=alice.device, direction="outbound", blob=blob)
            asked.append(queries())
        assert asked[0] == asked[1]


class TestFilters:
    @pytest.fixture
    def three(self, alice: Person) -> list[dict[str, Any]]:
        """An image, a voice message of another device, and an upload."""
        image = alice.sent(jpeg(), message_id="m1")
        voice = alice.api.send(alice.another_device(), ogg_opus(), type="audio", message_id="voice 1")
        return [image, voice.json()["media"], alice.uploaded(pdf())]

    def test_each_find_what_has_the_value(self, alice: Person, three: list[dict[str, Any]]) -> None:
        same = ("direction", "kind", "mime_type", "sha256", "message_id", "media_path")
        for name, member in (("device", "device_id"), *zip(same, same, strict=True)):
            for wanted in three:
                if wanted[member] is not None:
                    expected = [media["id"] for media in three[::-1] if media[member] == wanted[member]]
                    assert listed(alice, **{name: wanted[member]}) == expected, name

    def test_a_checksum_may_be_in_capitals(self, alice: Person, three: list[dict[str, Any]]) -> None:
        assert listed(alice, sha256=three[0]["sha256"].upper()) == [three[0]["id"]]

    def test_status_is_that_of_now(self, alice: Person, three: list[dict[str, Any]]) -> None:
        in_state(three[0], expires_at=timezone.now())
        alice.api.delete(f"/v1/media/{three[1]['id']}")
        assert listed(alice, status="expired") == [three[0]["id"]]
        assert listed(alice, status="purged") == [three[1]["id"]]
        assert listed(alice, status="ready") == [three[2]["id"]]

    def test_a_removed_media_that_would_have_expired_is_purged(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        in_state(media, expires_at=timezone.now())
        assert listed(alice, status="expired") == []
        assert alice.api.get(f"/v1/media/{media['id']}").json()["status"] == "purged"

    @pytest.mark.parametrize("column", ["created", "expires"])
    def test_ranges_begin_at_after_and_end_before_before(self, alice: Person, column: str) -> None:
        early, late = alice.sent(jpeg()), alice.sent(png())
        moment = timezone.now() + timedelta(days=1)
        in_state(early, **{f"{column}_at": moment})
        in_state(late, **{f"{column}_at": moment + timedelta(hours=1)})
        second = timedelta(seconds=1)
        assert listed(alice, **{f"{column}_after": moment.isoformat()}) == [late["id"], early["id"]]
        assert listed(alice, **{f"{column}_after": (moment + second).isoformat()}) == [late["id"]]
        assert listed(alice, **{f"{column}_before": (moment + second).isoformat()}) == [early["id"]]
        both = {f"{column}_after": moment.isoformat(), f"{column}_before": moment.isoformat()}
        assert listed(alice, **both) == []

    @pytest.mark.parametrize("name", ["message_id", "media_path", "sha256", "mime_type"])
    @pytest.mark.parametrize("space", [" ", "\t", "\n", "\u00a0 "])
    def test_of_white_space_narrow_to_what_is_white_space(
        self, alice: Person, three: list[dict[str, Any]], name: str, space: str
    ) -> None:
        assert three
        assert listed(alice, **{name: space}) == []

    def test_look_for_a_message_id_with_its_spaces(self, alice: Person) -> None:
        alice.sent(jpeg(), message_id="a")
        spaced = alice.sent(jpeg(), message_id=" a")
        assert listed(alice, message_id=" a") == [spaced["id"]]

    def test_together_they_are_an_and(self, alice: Person, three: list[dict[str, Any]]) -> None:
        assert listed(alice, kind="image", message_id="m1") == [three[0]["id"]]
        assert listed(alice, kind="audio", message_id="m1") == []

    def test_of_another_apps_things_find_nothing(self, alice: Person, bob: Person) -> None:
        media = alice.sent(jpeg(), message_id="m1")
        for query in ({"device": alice.device.pk}, {"media_path": media["media_path"]}, {"sha256": media["sha256"]}):
            assert listed(bob, **query) == []

    @pytest.mark.parametrize("query", [{"colour": "red"}, {"Kind": "image"}, {"device_id": "x"}, {"page_size": "1"}])
    def test_that_do_not_exist_are_refused(self, alice: Person, query: dict[str, str]) -> None:
        answer = alice.api.get("/v1/media", query)
        assert refusal(answer) == (400, "unknown_field")
        assert answer.json()["fields"] == list(query)

    @pytest.mark.parametrize(
        "query",
        [
            {"kind": "gif"}, {"status": "gone"}, {"direction": "up"}, {"device": "x"}, {"device": "1"},
            {"created_after": "yesterday"}, {"created_before": "2026-13-01T00:00:00Z"}, {"expires_after": "\0"},
            {"created_after": "9999-12-31T23:59:59-14:00"}, {"expires_before": "0001-01-01T00:00:00+14:00"},
            {"message_id": ""}, {"status": ""}, {"created_after": ""}, {"device": ""},
            {"device": " "}, {"device": "\u00a0"}, {"created_after": " "}, {"status": " "},
            {"message_id": "a\0"}, {"media_path": "\0"}, {"sha256": "\0"}, {"mime_type": "\0"},
        ],
    )  # fmt: skip
    def test_of_what_cannot_be_are_refused(self, alice: Person, query: dict[str, str]) -> None:
        answer = alice.api.get("/v1/media", query)
        assert refusal(answer) == (400, "malformed")
        assert next(iter(query)) in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ("kind=photo", "kind: Give one of image, video, audio, document, sticker."),
            ("direction=sent", "direction: Give one of outbound, inbound, upload."),
            ("created_after=2026-03-02T09:30:00+00:00", "2026-03-02T09:30:00Z, in a URL the + of an offset as %2B"),
            ("kind=image&kind=video", "kind is given more than once"),
        ],
    )
    def test_are_refused_by_a_sentence_that_says_what_to_write(self, alice: Person, query: str, told: str) -> None:
        answer = alice.api.get(f"/v1/media?{query}")
        assert refusal(answer) == (400, "malformed")
        assert told in answer.json()["detail"]


class TestPages:
    def _all(self, person: Person, **query: Any) -> list[list[str]]:
        pages, address = [], "/v1/media"
        while address:
            answer = person.api.get(address, query)
            pages.append([media["id"] for media in answer.json()["results"]])
            address, query = answer.json()["next"], {}
        return pages

    def test_follow_one_another_without_gap_or_overlap(self, alice: Person) -> None:
        ids = [alice.sent(jpeg(shade=shade))["id"] for shade in range(5)]
        assert self._all(alice, limit=2) == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]

    def test_keep_their_filters(self, alice: Person) -> None:
        ids = [alice.sent(jpeg(shade=shade))["id"] for shade in range(3)]
        alice.uploaded(png())
        assert self._all(alice, limit=2, direction="outbound") == [[ids[2], ids[1]], [ids[0]]]

    def test_stay_where_they_are_while_new_media_arrive(self, alice: Person) -> None:
        ids = [alice.sent(jpeg(shade=shade))["id"] for shade in range(4)]
        first = alice.api.get("/v1/media", {"limit": 2}).json()
        alice.sent(png())
        second = alice.api.get(first["next"]).json()
        assert [media["id"] for media in second["results"]] == [ids[1], ids[0]]
        back = alice.api.get(second["previous"]).json()
        assert [media["id"] for media in back["results"]] == [ids[3], ids[2]]

    def test_survive_the_removal_of_what_they_ended_with(self, alice: Person) -> None:
        ids = [alice.sent(jpeg(shade=shade))["id"] for shade in range(4)]
        first = alice.api.get("/v1/media", {"limit": 2}).json()
        alice.api.delete(f"/v1/media/{ids[2]}")
        assert [media["id"] for media in alice.api.get(first["next"]).json()["results"]] == [ids[1], ids[0]]

    @pytest.mark.parametrize("limit", ["1", "200"])
    def test_have_sizes_within_bounds(self, alice: Person, limit: str) -> None:
        alice.sent(jpeg())
        assert len(listed(alice, limit=limit)) == 1

    @pytest.mark.parametrize("limit", ["0", "-1", "201", "x", "", "1.5", "\u0661", "9" * 5000])
    def test_have_no_other_sizes(self, alice: Person, limit: str) -> None:
        assert refusal(alice.api.get("/v1/media", {"limit": limit})) == (400, "malformed")

    @pytest.mark.parametrize(
        "cursor", ["x", "%", "cD0x", "bz0tMQ==", "cD0wMTk3LW5vLWlk", "bz05OTk5OTk5OTk5OTk5OQ==", "cD0lMDA=", "ü", "="]
    )
    def test_are_found_by_our_own_cursors_only(self, alice: Person, cursor: str) -> None:
        alice.sent(jpeg())
        answer = alice.api.get("/v1/media", {"cursor": cursor})
        if answer.status_code != 200:
            assert refusal(answer) == (404, "not_found")

    def test_of_one_app_do_not_open_anothers(self, alice: Person, bob: Person) -> None:
        for shade in range(3):
            alice.sent(jpeg(shade=shade))
        address = alice.api.get("/v1/media", {"limit": 1}).json()["next"]
        assert bob.api.get(address).json()["results"] == []


class TestOne:
    @pytest.mark.parametrize("suffix", ["", "/content"])
    @pytest.mark.parametrize(
        "media_id", [str(uuid.UUID(int=0)), "x", "1", "%00", "%2e%2e", "0" * 5000, "\u0661", "{}", "a b"]
    )
    def test_that_is_unknown_or_no_id_is_not_found(self, alice: Person, media_id: str, suffix: str) -> None:
        answer: Answer = alice.api.get(f"/v1/media/{media_id}{suffix}")
        assert refusal(answer) == (404, "not_found")

    @pytest.mark.parametrize("spelt", ["{}", "urn:uuid:{}", "{{{}}}", " {}"])
    def test_is_known_by_one_spelling_of_its_id(self, alice: Person, spelt: str) -> None:
        media_id = alice.sent(jpeg())["id"]
        expected = 200 if spelt == "{}" else 404
        assert alice.api.get(f"/v1/media/{spelt.format(media_id)}").status_code == expected
        assert alice.api.get(f"/v1/media/{media_id.replace('-', '')}").status_code == 404
