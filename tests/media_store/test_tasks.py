"""The tasks that beat sends: each does its work once, tells it, and leaves the rest to the next."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from django.utils.module_loading import import_string
from pytest_django import Settings

from devices.models import App, Device
from devices.places import Places
from media_store import failpoints, retention, tasks
from media_store.models import Blob, Lease, Media, PurgeRun, RetentionRule
from media_store.retention import purging
from media_store.storage import objects
from tests.media_files import jpeg, png
from tests.media_store.rows import expired_of
from tests.media_store.test_fetching import announced
from tests.people import NOTHING, Person, bytes_of
from tests.sources import Source

HOUR = timedelta(hours=1)


def told() -> list[tuple[Any, ...]]:
    return list(PurgeRun.objects.order_by("pk").values_list("work", "by", "outcome", "rows", "objects_deleted"))


@pytest.fixture(autouse=True)
def _no_grace(settings: Settings) -> None:
    settings.RELEASE_GRACE_SECONDS = 0


class TestABeat:
    def test_with_nothing_to_do_leaves_no_run(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        for entry in django_settings.CELERY_BEAT_SCHEDULE.values():
            import_string(str(entry["task"]))()
        assert told() == []
        assert not Lease.objects.exists()
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    def test_takes_what_has_expired_and_tells_it(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        Media.objects.update(expires_at=timezone.now() - HOUR)
        assert (tasks.purge_expired(), tasks.collect()) == (1, 1)
        assert told() == [("purge", "beat", "done", 1, 0), ("collection", "beat", "done", 0, 1)]
        assert set(PurgeRun.objects.values_list("bytes", flat=True)) == {media["size"]}
        assert alice.left_behind() == NOTHING

    def test_passes_what_is_held_and_tells_nothing(self, alice: Person) -> None:
        expired_of(alice.app)
        retention.hold(alice.app, reason="a case", until=None, by="operator", now=timezone.now())
        assert tasks.purge_expired() == 0
        assert told() == []

    def test_takes_a_destroyed_device_and_tells_it(self, alice: Person) -> None:
        alice.sent(jpeg())
        alice.device.delete()
        assert (tasks.finish_destroyed(), tasks.finish_destroyed()) == (1, 0)
        assert tasks.collect() == 1
        assert told() == [("destruction", "beat", "done", 1, 0), ("collection", "beat", "done", 0, 1)]

    def test_takes_what_is_past_its_window_and_tells_it(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        Media.objects.update(purged_at=timezone.now() - timedelta(days=200))
        assert (tasks.sweep_windows(), tasks.sweep_windows()) == (1, 0)
        assert told() == [("windows", "beat", "done", 1, 0)]

    def test_applies_the_rules_that_were_changed(self, alice: Person) -> None:
        alice.sent(jpeg())
        retention.set_rule(app=alice.app, keep_days=3, now=timezone.now() - 3 * HOUR, by="operator")
        tasks.apply_retention_rules()
        assert RetentionRule.objects.get().applied_at is not None

    def test_finds_what_nobody_noted(self, alice: Person) -> None:
        alice.sent(jpeg())
        Media.objects.update(blob=None, status="failed", reason="lost")
        Blob.objects.update(ready_at=timezone.now() - 2 * HOUR)
        assert (tasks.note_unreferenced(), tasks.collect()) == (1, 1)

    @pytest.mark.parametrize("work", ["purge", "collection", "destruction", "windows"])
    def test_leaves_alone_what_somebody_else_does(self, alice: Person, work: str) -> None:
        Lease.objects.create(name=work, holder="another", until=timezone.now() + timedelta(seconds=50))
        media = alice.sent(jpeg())
        tombstone = alice.sent(png())
        alice.api.delete(f"/v1/media/{tombstone['id']}")
        Media.objects.filter(pk=tombstone["id"]).update(purged_at=timezone.now() - timedelta(days=200))
        Media.objects.filter(pk=media["id"]).update(expires_at=timezone.now() - HOUR)
        alice.another_device().delete()
        for task in (tasks.purge_expired, tasks.sweep_windows, tasks.finish_destroyed, tasks.collect):
            task()
        assert work not in {row[0] for row in told()}
        assert Lease.objects.get().holder == "another"


class TestAPurge:
    def test_that_breaks_off_says_what_it_did_and_why_it_ended(
        self, alice: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between two batches: what went is told, and the lease is given back."""
        monkeypatch.setattr(purging, "BATCH_ROWS", {"postgresql": 2, "sqlite": 2})
        expired_of(alice.app, count=5)
        times = count()

        def break_off() -> None:
            if next(times) == 1:
                raise MemoryError

        with failpoints.at("retention.noted", break_off), pytest.raises(MemoryError):
            tasks.purge_expired()
        run = PurgeRun.objects.get()
        assert (run.outcome, run.rows, run.bytes) == ("failed", 2, 2_000)
        assert "MemoryError" in run.error
        assert not Lease.objects.exists()
        assert tasks.purge_expired() == 3

    def test_leaves_the_rest_to_the_next_when_its_time_is_up(
        self, alice: Person, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expired_of(alice.app, count=5)
        settings.TASK_WORK_SECONDS = 0
        assert tasks.purge_expired() == 0
        settings.TASK_WORK_SECONDS = 300
        assert tasks.purge_expired() == 5


class TestACollection:
    def test_that_could_not_delete_everything_says_so(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        for content in (jpeg(), png()):
            media = alice.sent(content)
            alice.api.delete(f"/v1/media/{media['id']}")
        stuck = Blob.objects.get(size=len(jpeg())).storage_key
        store = objects()
        delete = store.delete

        def refuse_one(keys: Any) -> dict[str, str]:
            return {**delete([key for key in keys if key != stuck]), stuck: "AccessDenied"}

        monkeypatch.setattr(store, "delete", refuse_one)
        assert tasks.collect() == 1
        run = PurgeRun.objects.get()
        assert (run.outcome, run.objects_deleted, run.bytes, run.errors, run.error) == (
            "partly",
            1,
            len(png()),
            1,
            "AccessDenied",
        )


class TestAHintThatFindsNoPlace:
    """It comes while everybody inside has looked at the rows already, and nobody has left yet."""

    @pytest.fixture(autouse=True)
    def _one_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tasks, "_places", Places(1))

    def asked_for(self, monkeypatch: pytest.MonkeyPatch, come: Callable[[], None]) -> list[Any]:
        asked: list[Any] = []
        monkeypatch.setattr(tasks, "hint", asked.append)
        with failpoints.at("ingest.claim.chosen", come):
            tasks.fetch_next()
        return asked

    def test_is_asked_for_again(self, alice: Person, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
        def come() -> None:
            announced(alice, source.has("/late", jpeg()))
            assert tasks.fetch_next() == ""

        assert self.asked_for(monkeypatch, come) == [tasks.fetch_next]
        assert tasks.fetch_next() == "ready"

    def test_is_forgotten_where_nothing_waits(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        def come() -> None:
            assert tasks.fetch_next() == ""

        assert self.asked_for(monkeypatch, come) == []


class TestADestruction:
    def asked_for(self, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> list[Any]:
        asked: list[Any] = []
        monkeypatch.setattr(tasks, "hint", asked.append)
        with failpoints.at("destruction.device_finished", meanwhile):
            tasks.finish_destroyed()
        return asked

    def test_of_what_is_marked_while_another_is_at_work_is_asked_for_again(
        self, alice: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The one at work has looked already, and does not let anybody else in."""
        late = alice.another_device()
        alice.device.delete()

        def come() -> None:
            late.delete()
            assert tasks.finish_destroyed() == 0

        assert self.asked_for(monkeypatch, come) == [tasks.finish_destroyed]
        tasks.finish_destroyed()
        assert not Device.objects.exists()

    def test_is_not_asked_for_again_while_its_objects_are_collected(
        self, alice: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alice.sent(jpeg())
        alice.app.delete()
        assert self.asked_for(monkeypatch, lambda: None) == []
        assert App.objects.destroyed().exists()
