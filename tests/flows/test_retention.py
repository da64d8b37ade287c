"""Stories of media that are kept for as long as they are needed, and then really gone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from media_store import retention, tasks
from media_store.models import Media, PurgeRun
from tests.media_files import jpeg, png
from tests.people import NOTHING, Person, bytes_of, refusal

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_grace(settings: Settings) -> None:
    settings.RELEASE_GRACE_SECONDS = 0


def age(days: float) -> None:
    """Let so many days go by for every media."""
    for media in Media.objects.all():
        moments = {name: getattr(media, name) for name in ("created_at", "expires_at", "delivered_at", "purged_at")}
        passed = {name: moment - timedelta(days=days) for name, moment in moments.items() if moment is not None}
        Media.objects.filter(pk=media.pk).update(**passed)


def beat() -> None:
    for task in (tasks.apply_retention_rules, tasks.purge_expired, tasks.finish_destroyed, tasks.collect):
        task()
    tasks.sweep_windows()


def status(person: Person, media_id: str) -> str:
    return str(person.api.get(f"/v1/media/{media_id}").json()["status"])


class TestALife:
    def test_of_a_message_from_its_arrival_to_the_end_of_its_tombstone(self, alice: Person) -> None:
        media = alice.sent(jpeg(), caption="for your eyes")
        age(20)
        beat()
        now = timezone.now()
        retention.note_delivery(media["id"], state="delivered", at=now, now=now)
        age(29.9)
        beat()
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()
        age(0.2)
        assert (status(alice, media["id"]), len(alice.left_behind()["objects"])) == ("expired", 1)
        beat()
        assert status(alice, media["id"]) == "purged"
        assert alice.left_behind() == NOTHING
        age(179)
        beat()
        gone = alice.api.download(media["media_path"])
        assert (refusal(gone), gone.json()["reason"]) == ((410, "media_gone"), "retention")
        age(2)
        beat()
        assert refusal(alice.api.download(media["media_path"])) == (404, "not_found")
        assert list(PurgeRun.objects.order_by("pk").values_list("work", "rows", "objects_deleted")) == [
            ("purge", 1, 0),
            ("collection", 0, 1),
            ("windows", 1, 0),
        ]

    def test_of_a_picture_sent_to_many_ends_with_the_last_of_them(self, alice: Person) -> None:
        first = [alice.sent(jpeg()) for _ in range(3)]
        age(29)
        last = alice.api.send(alice.device, media_id=first[0]["id"]).json()["media"]
        age(2)
        beat()
        assert {status(alice, media["id"]) for media in first} == {"purged"}
        assert bytes_of(alice.api.download(last["media_path"])) == jpeg()
        age(29)
        beat()
        assert alice.left_behind() == NOTHING

    def test_under_a_hold_outlasts_every_window(self, alice: Person) -> None:
        media, other = alice.sent(jpeg()), alice.sent(png())
        row = Media.objects.get(pk=media["id"])
        held = retention.hold(row, reason="case 7", until=None, by="operator", now=timezone.now())
        age(1_000)
        beat()
        assert (status(alice, media["id"]), status(alice, other["id"])) == ("expired", "purged")
        assert refusal(alice.api.delete(f"/v1/devices/{alice.device.pk}")) == (409, "legal_hold")
        assert len(alice.left_behind()["objects"]) == 1
        retention.release_hold(held, by="operator", now=timezone.now())
        beat()
        assert alice.left_behind() == NOTHING
        assert alice.api.delete(f"/v1/devices/{alice.device.pk}").status_code == 204


class TestAMistake:
    def test_in_a_rule_is_stopped_by_the_brake_and_mended(self, alice: Person, bob: Person, settings: Settings) -> None:
        settings.BRAKE_MIN_MEDIA = 2
        mine = [alice.sent(jpeg(shade=shade)) for shade in range(4)]
        theirs = bob.sent(jpeg())
        age(5)
        retention.set_rule(app=None, keep_days=1, now=timezone.now(), by="operator")
        beat()
        assert {status(alice, media["id"]) for media in mine} == {"expired"}
        assert status(bob, theirs["id"]) == "purged"
        run = PurgeRun.objects.get(work="purge")
        assert (run.outcome, run.rows) == ("stopped", 1)
        retention.set_rule(app=None, keep_days=30, now=timezone.now(), by="operator")
        beat()
        for shade, media in enumerate(mine):
            assert bytes_of(alice.api.download(media["media_path"])) == jpeg(shade=shade)
        age(26)
        beat()
        assert alice.left_behind() == NOTHING
