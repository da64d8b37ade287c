"""Operators hold media, list what is held, and release it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from media_store.models import LegalHold, Media
from tests.media_files import jpeg
from tests.media_store.commands.conftest import DAY, done, expire, path_of, purged, run
from tests.people import Person, refusal

pytestmark = pytest.mark.once


@pytest.fixture
def path(alice: Person) -> str:
    return path_of(alice.sent(jpeg()))


FORGED = "case 1\nobject    deleted from the store\nIt went on 2026-01-01."
NO_REASONS = (
    FORGED,
    "case\r1",
    "\x1b[2Jcase 1",
    "case \x9b1",
    "case\u202e1",
    "case\u20281",
    "\u200b",
    "\u202e",
    "\x01",
)
OLD = f"{FORGED}\x1b[2J\x9b\u202e\u200f"
WRITTEN_OUT = "case 1 object deleted from the store It went on 2026-01-01.\\u001b[2J\\u009b\\u202e\\u200f"


def held(*arguments: str) -> Any:
    return done("hold_media", "--reason", "case 12", *arguments)


class TestHoldMedia:
    def test_keeps_one_media(self, alice: Person, path: str) -> None:
        other = path_of(alice.sent(jpeg(shade=1)))
        told = held("--path", path)
        expire(path, other)
        done("purge_media")
        assert purged(alice) == {other}
        assert (told["scope"], told["subject"], told["reason"]) == ("media", path, "case 12")
        assert told["media_id"] == str(Media.objects.get(path=path).pk)
        assert told["set_by"].startswith("operator ")
        assert refusal(alice.api.delete(f"/v1/media/{told['media_id']}")) == (409, "legal_hold")

    @pytest.mark.parametrize("how", ["id", "name"])
    def test_keeps_a_device(self, alice: Person, path: str, how: str) -> None:
        name = str(alice.device.pk) if how == "id" else "alice's phone"
        upload = path_of(alice.uploaded(jpeg(shade=1)))
        told = held("--app", "alice", "--device", name)
        expire(path, upload)
        done("purge_media")
        assert purged(alice) == {upload}
        assert (told["scope"], told["device_id"], told["media_id"]) == ("device", str(alice.device.pk), None)

    def test_keeps_an_app(self, alice: Person, path: str) -> None:
        assert held("--app", "alice")["scope"] == "app"
        expire(path)
        done("purge_media")
        assert purged(alice) == set()

    def test_ends_by_its_own_date(self, alice: Person, path: str) -> None:
        told = held("--path", path, "--until", "90d")
        until = LegalHold.objects.get().until
        assert until is not None
        assert abs(until - timezone.now() - 90 * DAY) < timedelta(minutes=1)
        assert told["until"] is not None
        LegalHold.objects.update(until=timezone.now())
        expire(path)
        done("purge_media")
        assert purged(alice) == {path}

    def test_writes_the_id_alone(self, path: str) -> None:
        told = run("hold_media", "--path", path, "--reason", "case 12")
        assert told.out == f"{LegalHold.objects.get().pk}\n"
        assert "until it is released" in told.talk

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("--reason", "x"), "Say what is to be held"),
            (("--app", "alice"), "required: --reason"),
            (("--app", "alice", "--reason", " "), "Say why it is held"),
            (("--app", "alice", "--reason", "x" * 501), "Say why it is held"),
            *((("--app", "alice", "--reason", reason), "Say why it is held: one line") for reason in NO_REASONS),
            (("--app", "alice", "--reason", "x", "--until", "2020-01-01"), "over before it began"),
            (("--app", "alice", "--reason", "x", "--until", "soon"), "none of 12h"),
            (("--app", "nobody", "--reason", "x"), "There is no app"),
            (("--path", "media/x", "--reason", "x"), "There is no media with the path"),
            (("--device", "nobody", "--reason", "x"), "There is no device"),
            (("--device", "x", "--path", "y", "--reason", "x"), "not allowed with"),
        ],
    )
    def test_refuses_what_cannot_be_meant(self, alice: Person, arguments: tuple[str, ...], complaint: str) -> None:
        assert complaint in run("hold_media", *arguments).sentence
        assert not LegalHold.objects.exists()

    def test_refuses_what_has_gone(self, alice: Person, path: str) -> None:
        expire(path)
        done("purge_media")
        assert "nothing left to hold" in run("hold_media", "--path", path, "--reason", "x").sentence

    def test_refuses_a_path_of_another_app(self, alice: Person, bob: Person, path: str) -> None:
        assert "another app" in run("hold_media", "--app", "bob", "--path", path, "--reason", "x").sentence


class TestReleaseHold:
    def test_lets_it_go_its_way(self, alice: Person, path: str) -> None:
        hold_id = held("--path", path)["hold_id"]
        expire(path)
        told = done("release_hold", str(hold_id))
        assert told["released_at"] is not None
        assert told["released_by"].startswith("operator ")
        done("purge_media")
        assert purged(alice) == {path}

    def test_twice_changes_nothing(self, path: str) -> None:
        hold_id = str(held("--path", path)["hold_id"])
        assert done("release_hold", hold_id) == done("release_hold", hold_id)
        assert "over already" in run("release_hold", hold_id).talk

    @pytest.mark.parametrize("hold", ["0", "999", "9" * 40, "-1", "seven", "", "1; DROP"])
    def test_of_what_is_no_hold_is_refused(self, path: str, hold: str) -> None:
        held("--path", path)
        told = run("release_hold", "--", hold)
        assert (told.code, "There is no hold" in told.sentence) == (1, True)


class TestListHolds:
    def test_tells_those_in_force_and_with_all_the_others(self, alice: Person, bob: Person, path: str) -> None:
        over = held("--path", path)["hold_id"]
        run("release_hold", str(over))
        one, other = held("--app", "alice")["hold_id"], held("--app", "bob", "--until", "3d")["hold_id"]
        assert [row["hold_id"] for row in done("list_holds")] == [one, other]
        assert [row["hold_id"] for row in done("list_holds", "--app", "alice")] == [one]
        assert [row["state"] for row in done("list_holds", "--all")] == ["over", "in force", "in force"]

    def test_is_a_table_for_people(self, path: str) -> None:
        held("--path", path)
        told = run("list_holds")
        assert path in told.out
        assert "case 12" in told.out
        assert told.talk == "1 hold.\n"

    def test_writes_out_what_a_terminal_would_act_on(self, path: str) -> None:
        """In rows of before such texts were refused."""
        held("--path", path)
        LegalHold.objects.update(reason=OLD)
        told = run("list_holds")
        assert len(told.out.splitlines()) == 2
        assert WRITTEN_OUT in told.out
        assert done("list_holds")[0]["reason"] == OLD
        explained = run("purge_media", "--explain", path)
        assert f": {WRITTEN_OUT} (operator " in explained.talk
        assert "\nobject    stored" in explained.talk
        assert "\nobject    deleted" not in explained.talk

    def test_tells_nothing_where_there_is_nothing(self, db: None) -> None:
        assert (run("list_holds").out, done("list_holds")) == ("", [])
