"""A destroyed device's media: out of reach at the mark, gone in batches that may be killed and run again."""

import threading
from itertools import count
from typing import Any

import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from devices import destruction as devices_destruction
from devices.models import Device
from media_store import destruction, failpoints, tasks
from media_store.models import Blob, BlobRelease, Media
from mediahub.celery import app as celery_app
from tests.media_files import jpeg, png
from tests.people import Person, bytes_of, refusal


@pytest.fixture
def _batches_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(destruction.BATCH_ROWS, connection.vendor, 2)


def destroy(person: Person) -> None:
    """Mark the device, and let nobody hear of it."""
    devices_destruction.destroy(person.device, now=timezone.now(), by="test")


def finish() -> int:
    return destruction.finish_destroyed(now=timezone.now())


def noted() -> list[Any]:
    return sorted(BlobRelease.objects.values_list("blob_id", flat=True))


class TestDestruction:
    def test_takes_the_media_then_the_device_and_notes_every_object(self, alice: Person) -> None:
        for shade in range(3):
            alice.sent(jpeg(shade=shade))
        blobs = sorted(Blob.objects.filter(app=alice.app).values_list("pk", flat=True))
        destroy(alice)
        assert finish() == 3
        assert not Media.objects.exists()
        assert not Device.objects.filter(pk=alice.device.pk).exists()
        assert noted() == blobs

    def test_leaves_the_objects_to_collection(self, alice: Person) -> None:
        alice.sent(jpeg())
        destroy(alice)
        finish()
        assert [blob.state for blob in Blob.objects.all()] == [Blob.State.READY]
        assert len(alice.left_behind()["objects"]) == 1

    def test_leaves_other_devices_and_uploads_alone(self, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        other = alice.api.send(alice.another_device(), jpeg()).json()["media"]
        kept = [(alice, other), (alice, alice.uploaded(jpeg())), (bob, bob.sent(jpeg()))]
        destroy(alice)
        assert finish() == 1
        for person, media in kept:
            assert bytes_of(person.api.download(media["media_path"])) == jpeg()

    def test_takes_tombstones_too_and_notes_nothing_for_them(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        before = noted()
        destroy(alice)
        assert finish() == 1
        assert noted() == before

    def test_notes_a_shared_object_once_for_each_that_let_go(self, alice: Person) -> None:
        alice.sent(jpeg())
        alice.sent(jpeg())
        destroy(alice)
        finish()
        assert len(noted()) == 2
        assert len(set(noted())) == 1

    def test_of_a_device_without_media_takes_the_row(self, alice: Person) -> None:
        destroy(alice)
        assert finish() == 0
        assert not Device.objects.filter(pk=alice.device.pk).exists()

    def test_with_nothing_to_do_does_nothing(self, alice: Person) -> None:
        alice.sent(jpeg())
        assert finish() == 0
        assert Media.objects.count() == 1

    def test_takes_several_devices_in_one_go(self, alice: Person, bob: Person) -> None:
        alice.sent(jpeg())
        bob.sent(jpeg())
        destroy(alice)
        destroy(bob)
        assert finish() == 2
        assert not Device.objects.exists()


@pytest.mark.usefixtures("_batches_of_two")
class TestBatches:
    @pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
    def test_take_all_whatever_the_remainder(self, alice: Person, rows: int) -> None:
        for shade in range(rows):
            alice.sent(jpeg(shade=shade))
        destroy(alice)
        assert finish() == rows
        assert len(noted()) == rows

    def test_are_transactions_of_their_own(self, alice: Person) -> None:
        for shade in range(5):
            alice.sent(jpeg(shade=shade))
        destroy(alice)
        left: list[int] = []
        with failpoints.at("destruction.batch_removed", lambda: left.append(Media.objects.count())):
            finish()
        assert left == [3, 1, 0]

    def test_ask_no_longer_questions_the_more_of_them_there_were(self, alice: Person) -> None:
        """SQLite takes no expression that is nested a thousand times."""
        for shade in range(9):
            alice.sent(jpeg(shade=shade))
        destroy(alice)
        with CaptureQueriesContext(connection) as asked:
            finish()
        removals = [query["sql"] for query in asked if query["sql"].startswith("DELETE")]
        assert len(removals) > 4
        assert removals[1].count("WHERE") == removals[3].count("WHERE")
        assert removals[1].count(" AND ") == removals[3].count(" AND ")

    @pytest.mark.parametrize("moment", ["destruction.noted", "destruction.batch_removed"])
    def test_killed_in_between_run_again_and_note_each_object_once(self, alice: Person, moment: str) -> None:
        for shade in range(5):
            alice.sent(jpeg(shade=shade))
        blobs = sorted(Blob.objects.values_list("pk", flat=True))
        destroy(alice)
        with failpoints.at(moment, _second_time_dies()), pytest.raises(KeyboardInterrupt):
            finish()
        assert Device.objects.filter(pk=alice.device.pk).exists()
        assert 0 < Media.objects.count() < 5
        finish()
        assert noted() == blobs
        assert not Device.objects.filter(pk=alice.device.pk).exists()


def _second_time_dies() -> Any:
    times = count()

    def die() -> None:
        if next(times) == 1:
            raise KeyboardInterrupt

    return die


class TestHints:
    def test_that_are_lost_are_made_up_for_by_the_beat(self, alice: Person) -> None:
        """The hint goes out on commit, and here nothing commits: what is marked says what is to be done."""
        media = alice.sent(jpeg())
        assert alice.api.delete(f"/v1/devices/{alice.device.pk}").status_code == 204
        assert refusal(alice.api.download(media["media_path"])) == (404, "not_found")
        assert Media.objects.count() == 1
        assert tasks.finish_destroyed() == 1
        assert not Device.objects.filter(pk=alice.device.pk).exists()

    def test_go_out_only_once_the_mark_is_committed(
        self, alice: Person, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks() as callbacks:
            alice.api.delete(f"/v1/devices/{alice.device.pk}")
        assert len(callbacks) == 1

    def test_wake_a_worker(self, transactional_db: None, spool: object) -> None:
        alice = Person.named("alice")
        alice.sent(jpeg())
        alice.sent(png())
        done = threading.Event()

        def note(sender: Any = None, **_news: Any) -> None:
            if sender.name == tasks.finish_destroyed.name:
                done.set()

        signals.task_postrun.connect(note)
        # What earlier tests asked for is nothing to be woken by.
        celery_app.control.purge()
        with start_worker(celery_app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
            assert alice.api.delete(f"/v1/devices/{alice.device.pk}").status_code == 204
            assert done.wait(20)
        signals.task_postrun.disconnect(note)
        assert not Media.objects.exists()
        assert not Device.objects.filter(pk=alice.device.pk).exists()
        assert BlobRelease.objects.count() == 2
