"""`purge_media --explain`: for one path, the rule, the dates, the holds, and how it will go or went."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices import destruction as devices_destruction
from devices.models import Device
from media_store import collection, destruction, retention
from media_store.models import Blob, Media
from tests.media_files import jpeg
from tests.media_store.commands.conftest import bring_forward, done, expire, path_of, run
from tests.people import Person

pytestmark = pytest.mark.once


def explained(path: str) -> Any:
    return done("purge_media", "--explain", path)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def path(alice: Person) -> str:
    return path_of(alice.sent(jpeg()))


class TestAReadyMedia:
    def test_is_explained_by_its_rule_and_dates(self, alice: Person, path: str) -> None:
        told, media = explained(path), Media.objects.get()
        assert (told["status"], told["rule"], told["rule_days"]) == ("ready", "shipped: outbound, 30 days", 30)
        assert moment(told["created_at"]) == media.created_at
        assert moment(told["expires_at"]) == media.created_at + timedelta(days=30)
        assert moment(told["floor_at"]) == media.created_at + timedelta(days=1)
        assert moment(told["ceiling_at"]) == media.created_at + timedelta(days=365)
        assert (told["object"], told["object_shared_with"], told["holds"]) == ("stored", 0, [])
        assert f"It expires by its rule on {media.expires_at:%Y-%m-%d}" in told["verdict"]

    def test_is_told_to_people_on_stderr(self, path: str) -> None:
        told = run("purge_media", "--explain", path)
        assert told.out == ""
        assert "rule      shipped: outbound, 30 days" in told.talk
        assert "at least  until" in told.talk
        assert "stored; shared with nobody" in told.talk

    def test_names_its_holds(self, alice: Person, path: str) -> None:
        now = timezone.now()
        for subject in (Media.objects.get(), alice.device, alice.app):
            retention.hold(subject, reason="case 12", until=now + timedelta(days=9), by="anna", now=now)
        told = explained(path)
        assert [(hold["scope"], hold["reason"], hold["set_by"]) for hold in told["holds"]] == [
            (scope, "case 12", "anna") for scope in ("media", "device", "app")
        ]
        assert told["verdict"].startswith("It stays: 3 legal holds keep it")
        assert "case 12 (anna)" in run("purge_media", "--explain", path).talk

    def test_that_expired_goes_with_the_next_purge(self, path: str) -> None:
        expire(path)
        told = explained(path)
        assert told["status"] == "expired"
        assert told["verdict"] == "It has expired, and answers 410 already; the next purge takes it."

    def test_that_a_changed_rule_brought_forward_says_so(self, path: str) -> None:
        bring_forward(path)
        told = explained(path)
        assert told["brought_forward_from"] is not None
        assert "because a rule was changed" in told["verdict"]

    def test_names_a_rule_that_is_still_to_be_applied(self, path: str) -> None:
        retention.set_rule(app=None, kind="image", keep_days=3, now=timezone.now(), by="test")
        told = explained(path)
        assert (told["rule"], told["rule_now"]) == ("shipped: outbound, 30 days", "every app: image, 3 days")

    def test_counts_those_that_share_its_object(self, alice: Person, path: str) -> None:
        alice.sent(jpeg())
        alice.uploaded(jpeg())
        assert explained(path)["object_shared_with"] == 2

    def test_tells_of_its_delivery(self, path: str) -> None:
        now = timezone.now()
        retention.note_delivery(Media.objects.get().pk, state="delivered", at=now, now=now)
        told = explained(path)
        assert (told["delivery"], moment(told["delivered_at"])) == ("delivered", now)


class TestAMediaWithoutBytes:
    def test_has_no_object_that_was_deleted(self, alice: Person) -> None:
        url = "https://files.example.com/slip.jpg"
        path = alice.api.send(alice.device, url=url).json()["media"]["media_path"]
        assert explained(path)["object"] == "none"
        assert "its bytes never came" in run("purge_media", "--explain", path).talk
        now = timezone.now()
        devices_destruction.destroy(alice.device, now=now, by="charlie")
        destruction.finish_destroyed(now=now)
        assert explained(path)["object"] == "none"


class TestAMediaThatWent:
    def test_by_a_purge_tells_when_why_and_by_whom(self, path: str) -> None:
        expire(path)
        run("purge_media")
        told = explained(path)
        assert (told["status"], told["went_because"], told["object"]) == ("purged", "retention", "deleted")
        assert told["went_by"].startswith("operator ")
        assert moment(told["forgotten_at"]) == moment(told["went_at"]) + timedelta(days=180)
        assert "(--expired)" in run("purge_media", "--explain", path).talk

    def test_by_staff_names_them(self, path: str) -> None:
        retention.remove(Media.objects.get(), reason="staff", now=timezone.now(), by="charlie")
        told = explained(path)
        assert (told["went_because"], told["went_by"]) == ("staff", "charlie")

    def test_follows_its_object_until_it_is_deleted(self, path: str) -> None:
        now = timezone.now()
        retention.remove(Media.objects.get(), reason="client", now=now, by="")
        assert explained(path)["object"] == "released"
        collection.condemn_released(now=now)
        assert explained(path)["object"] == "condemned"
        Blob.objects.update(collect_error="access denied")
        assert "the store refused: access denied" in run("purge_media", "--explain", path).talk
        collection.collect(now=now)
        assert explained(path)["object"] == "deleted"

    def test_whose_bytes_others_share_says_that_they_stay(self, alice: Person, path: str) -> None:
        alice.sent(jpeg())
        retention.remove(Media.objects.get(path=path), reason="client", now=timezone.now(), by="")
        told = explained(path)
        assert (told["object"], told["object_shared_with"]) == ("stored", 1)


class TestADestroyedDevice:
    def test_is_told_of_while_rows_are_left(self, alice: Person, path: str) -> None:
        devices_destruction.destroy(alice.device, now=timezone.now(), by="charlie")
        told = explained(path)
        assert told["status"] == "destroyed"
        assert "the next batch" in told["verdict"]

    def test_is_told_of_from_its_account(self, alice: Person, path: str) -> None:
        now = timezone.now()
        devices_destruction.destroy(alice.device, now=now, by="charlie")
        destruction.finish_destroyed(now=now)
        assert not Device.objects.filter(pk=alice.device.pk).exists()
        told = explained(path)
        assert (told["status"], told["went_because"], told["went_by"]) == ("destroyed", "device destroyed", "charlie")
        assert (told["rule"], told["object"]) == (None, "released")
        assert "alice's phone" in run("purge_media", "--explain", path).talk


class TestAnUnknownPath:
    @pytest.mark.parametrize("path", ["media/x/y.jpg", "", "'; DROP TABLE media_store_media; --", "é" * 1_000])
    def test_is_a_sentence_and_exit_1(self, alice: Person, path: str) -> None:
        told = run("purge_media", "--explain", path, "--json")
        assert (told.code, told.out) == (1, "")
        assert "No media has the path" in told.sentence
