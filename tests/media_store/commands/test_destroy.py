"""Operators destroy devices and apps, see them gone, and hand the account of it to whoever asks."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from devices.models import App, AuditEvent, Device
from media_store import destruction, failpoints, retention
from media_store.models import Blob, DestroyedMedia, Media, PurgeRun
from tests.media_files import jpeg
from tests.media_store.commands.conftest import Stores, done, expire, path_of, run
from tests.media_store.rows import stored_of
from tests.people import Person, refusal, stored_keys


def sent(person: Person, count: int) -> list[str]:
    stored = stored_of(person.app, device=person.device, direction="outbound", count=count)
    return [media.path for media in stored]


@pytest.fixture
def _batches_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(destruction.BATCH_ROWS, connection.vendor, 2)


class TestDestroyDevice:
    @pytest.mark.parametrize("how", ["id", "name"])
    def test_takes_rows_and_objects_and_tells_the_account(self, alice: Person, how: str) -> None:
        paths = sent(alice, 3)
        name = (str(alice.device.pk),) if how == "id" else ("alice's phone", "--app", "alice")
        told = done("destroy_device", *name, "--yes")
        assert refusal(alice.api.download(paths[0])) == (404, "not_found")
        assert stored_keys(alice.app) == []
        assert not Device.objects.filter(pk=alice.device.pk).exists()
        size = sum(len(jpeg(shade=shade)) for shade in range(3))
        assert (told["status"], told["media"], told["bytes"], told["rows"]) == ("done", 3, size, 3)
        assert (told["objects_deleted"], told["bytes_freed"], told["objects_left"]) == (3, size, 0)
        assert told["destroyed_by"].startswith("operator ")
        assert {run.work: run.rows for run in PurgeRun.objects.all()} == {"destruction": 3, "collection": 0}

    def test_spares_other_devices_and_what_they_share(self, alice: Person) -> None:
        device = alice.another_device()
        sent(alice, 2)
        kept = alice.api.send(device, jpeg()).json()["media"]
        told = done("destroy_device", str(alice.device.pk), "--yes")
        assert (told["media"], told["objects_deleted"], told["objects_shared"]) == (2, 1, 1)
        assert alice.api.download(kept["media_path"]).status_code == 200

    def test_shows_what_it_has_and_asks(self, alice: Person) -> None:
        sent(alice, 2)
        told = run("destroy_device", str(alice.device.pk), "--quiet")
        assert told.code == 2
        assert "has 2 media" in told.talk
        assert Device.objects.living().filter(pk=alice.device.pk).exists()

    @pytest.mark.parametrize("subject", ["media", "device", "app"])
    def test_is_refused_while_anything_of_it_is_held(self, alice: Person, subject: str) -> None:
        sent(alice, 1)
        subjects: dict[str, Any] = {"media": Media.objects.get(), "device": alice.device, "app": alice.app}
        held = subjects[subject]
        retention.hold(held, reason="case 12", until=None, by="test", now=timezone.now())
        told = run("destroy_device", str(alice.device.pk), "--yes", "--json")
        assert (told.code, told.out) == (1, "")
        assert "legal hold" in told.sentence
        assert Device.objects.living().filter(pk=alice.device.pk).exists()

    def test_may_leave_the_work_to_others(self, alice: Person) -> None:
        paths = sent(alice, 2)
        told = done("destroy_device", str(alice.device.pk), "--yes", "--no-wait")
        assert (told["status"], told["media_left"], told["objects_left"]) == ("removing", 2, 0)
        assert refusal(alice.api.download(paths[0])) == (404, "not_found")
        assert Media.objects.count() == 2

    def test_run_again_goes_on_without_asking(self, alice: Person) -> None:
        sent(alice, 2)
        run("destroy_device", str(alice.device.pk), "--yes", "--no-wait")
        told = run("destroy_device", "alice's phone", "--app", "alice", "--json")
        assert (told.code, told.result["status"], told.result["rows"]) == (0, "done", 2)
        assert "was destroyed before" in told.talk
        assert done("destroy_device", str(alice.device.pk))["status"] == "done"

    @pytest.mark.usefixtures("_batches_of_two")
    def test_killed_between_batches_goes_on(self, alice: Person) -> None:
        sent(alice, 5)
        with failpoints.at("destruction.batch_removed", _interrupt):
            assert run("destroy_device", str(alice.device.pk), "--yes").code == 130
        assert Media.objects.count() == 3
        assert PurgeRun.objects.get().outcome == "failed"
        assert done("destroy_device", str(alice.device.pk))["media"] == 5
        assert stored_keys(alice.app) == []

    def test_with_a_store_that_is_gone_keeps_what_it_could_not_delete(
        self, alice: Person, stores: Stores, tmp_path: Path
    ) -> None:
        sent(alice, 2)
        stores.folder(tmp_path / "not mounted")
        told = run("destroy_device", str(alice.device.pk), "--yes", "--json")
        assert (told.code, told.result["status"], told.result["objects_left"]) == (1, "collecting", 2)
        assert "bears no mark" in told.sentence

    @pytest.mark.parametrize("device", ["nobody", "", "5e0f7b2c-0000-7000-8000-000000000000", "\udcff"])
    def test_that_there_is_none_of_is_refused(self, alice: Person, device: str) -> None:
        told = run("destroy_device", device, "--yes")
        assert told.code in (1, 2)
        assert "There is no device" in told.sentence or "is no text" in told.sentence

    def test_whose_name_several_have_is_refused(self, alice: Person, bob: Person) -> None:
        Device.objects.update(name="phone")
        assert "Several devices are called 'phone'" in run("destroy_device", "phone", "--yes").sentence
        assert Device.objects.living().count() == 2


class TestDestroyApp:
    def test_takes_devices_uploads_keys_and_the_app(self, alice: Person, bob: Person) -> None:
        sent(alice, 2)
        alice.uploaded(jpeg(shade=5))
        kept = path_of(bob.sent(jpeg()))
        told = done("destroy_app", "alice", "--yes")
        assert (told["status"], told["media"], told["objects_deleted"]) == ("done", 3, 3)
        assert not App.objects.filter(pk=alice.app.pk).exists()
        assert alice.api.get("/v1/me").status_code == 401
        assert bob.api.download(kept).status_code == 200

    def test_shows_what_it_has_and_asks(self, alice: Person) -> None:
        sent(alice, 2)
        told = run("destroy_app", "alice")
        assert told.code == 2
        assert "has 1 device and 2 media" in told.talk
        assert App.objects.living().filter(pk=alice.app.pk).exists()

    def test_is_refused_while_anything_of_it_is_held(self, alice: Person) -> None:
        sent(alice, 1)
        retention.hold(Media.objects.get(), reason="case 12", until=None, by="test", now=timezone.now())
        assert (run("destroy_app", "alice", "--yes").code, App.objects.living().count()) == (1, 1)

    def test_run_again_goes_on(self, alice: Person) -> None:
        sent(alice, 2)
        assert done("destroy_app", "alice", "--yes", "--no-wait")["status"] == "removing"
        assert done("destroy_app", "alice")["status"] == "done"
        assert done("destroy_app", str(alice.app.pk))["media"] == 2

    def test_waits_with_the_row_for_an_upload_that_may_still_land(self, alice: Person) -> None:
        now = timezone.now()
        Blob.objects.create(app=alice.app, sha256="0" * 64, size=1, storage_key="blobs/x/y", created_at=now)
        told = done("destroy_app", "alice", "--yes")
        assert (told["status"], told["objects_left"]) == ("collecting", 1)

    def test_that_there_is_none_of_is_refused(self, alice: Person) -> None:
        assert "There is no app" in run("destroy_app", "nobody", "--yes").sentence


class TestExportDestruction:
    @pytest.fixture
    def paths(self, alice: Person) -> list[str]:
        """Three media: one purged before, one whose bytes an upload shares, one that nobody else has."""
        paths = sent(alice, 3)
        alice.uploaded(jpeg(shade=1))
        expire(paths[0])
        done("purge_media")
        # Of so few rows PostgreSQL now reads all, as they lie: what was purged is the last of them.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE media_store_media")
        run("destroy_device", str(alice.device.pk), "--yes", "--no-wait")
        destruction.finish_destroyed(now=timezone.now())
        return paths

    def arguments(self, alice: Person) -> tuple[str, ...]:
        return ("export_destruction", "--app", "alice", "--device", str(alice.device.pk))

    def test_writes_a_line_for_each_with_what_became_of_it(self, alice: Person, paths: list[str]) -> None:
        told = run(*self.arguments(alice))
        lines = [json.loads(line) for line in told.out.splitlines()]
        assert [(line["path"], line["object"]) for line in lines] == list(
            zip(paths, ("purged", "shared", "left"), strict=True)
        )
        row = DestroyedMedia.objects.get(path=paths[2])
        assert lines[2] == {
            "media_id": str(row.media_id),
            "device_id": str(alice.device.pk),
            "path": row.path,
            "size": row.size,
            "sha256": row.sha256,
            "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
            "destroyed_at": row.destroyed_at.isoformat().replace("+00:00", "Z"),
            "object": "left",
        }
        assert "Still to go: 0 media and 1 object" in told.talk

    def test_says_once_it_is_deleted(self, alice: Person, paths: list[str]) -> None:
        done("destroy_device", str(alice.device.pk))
        last = json.loads(run(*self.arguments(alice)).out.splitlines()[-1])
        assert last["object"] == "deleted"

    @pytest.mark.once
    def test_writes_csv(self, alice: Person, paths: list[str]) -> None:
        told = run(*self.arguments(alice), "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(told.out)))
        assert [row["path"] for row in rows] == paths
        assert list(rows[0]) == [
            "media_id",
            "device_id",
            "path",
            "size",
            "sha256",
            "created_at",
            "destroyed_at",
            "object",
        ]

    @pytest.mark.once
    def test_writes_a_file_once_it_is_whole(self, alice: Person, paths: list[str], tmp_path: Path) -> None:
        target = tmp_path / "gone" / "gone.jsonl"
        told = run(*self.arguments(alice), "--output", str(target))
        assert (told.code, "cannot be written" in told.sentence) == (1, True)
        target.parent.mkdir()
        told = run(*self.arguments(alice), "--output", str(target))
        assert (told.code, told.out, len(target.read_text().splitlines())) == (0, "", 3)
        assert list(target.parent.iterdir()) == [target]

    def test_tells_the_sums_alone_as_json(self, alice: Person, paths: list[str]) -> None:
        told = done(*self.arguments(alice))
        assert (told["status"], told["media"], told["objects_left"]) == ("collecting", 3, 1)

    def test_takes_the_device_by_the_name_it_had(self, alice: Person, paths: list[str]) -> None:
        assert done("export_destruction", "--app", "alice", "--device", "alice's phone")["media"] == 3

    @pytest.mark.parametrize("how", ["jsonl", "csv"])
    def test_writes_the_file_and_the_sums_as_json_where_both_are_asked_for(
        self, alice: Person, paths: list[str], tmp_path: Path, how: str
    ) -> None:
        file = tmp_path / "gone"
        told = run(*self.arguments(alice), "--format", how, "--output", str(file), "--json")
        assert (told.code, len(told.out.splitlines()), told.result["media"]) == (0, 1, 3)
        written = file.read_text().splitlines()
        assert len(written) == (3 if how == "jsonl" else 4)
        assert all(path in line for path, line in zip(paths, written[-3:], strict=True))

    @pytest.mark.usefixtures("paths")
    def test_tells_that_the_sums_alone_have_no_format(self, alice: Person) -> None:
        told = run(*self.arguments(alice), "--format", "csv", "--json")
        assert (told.code, told.out) == (2, "")
        assert "--output" in told.sentence

    @pytest.mark.usefixtures("paths")
    def test_tells_no_sums_of_a_file_that_cannot_be_written(self, alice: Person) -> None:
        told = run(*self.arguments(alice), "--output", "/proc/nowhere", "--json")
        assert (told.code, told.out) == (1, "")
        assert "cannot be written" in told.sentence

    def test_of_an_app_tells_of_its_devices_and_uploads(self, alice: Person) -> None:
        sent(alice, 2)
        alice.uploaded(jpeg(shade=9))
        done("destroy_app", "alice", "--yes")
        told = run("export_destruction", "--app", "alice")
        lines = [json.loads(line) for line in told.out.splitlines()]
        assert sorted(line["device_id"] or "" for line in lines) == ["", *[str(alice.device.pk)] * 2]
        by_device = run("export_destruction", "--app", str(alice.app.pk), "--device", "alice's phone")
        assert len(by_device.out.splitlines()) == 2

    def test_of_what_was_not_destroyed_is_refused(self, alice: Person, bob: Person, paths: list[str]) -> None:
        """A living device, another app's, an app that nobody knows, and a living one."""
        for arguments in (
            ("--app", "bob", "--device", "bob's phone"),
            ("--app", "bob", "--device", str(alice.device.pk)),
            ("--app", "nobody"),
            ("--app", "bob"),
        ):
            told = run("export_destruction", *arguments)
            assert (told.code, told.out) == (1, ""), arguments
            assert told.sentence.startswith("No ")
            assert "was destroyed, as far as the trail tells" in told.sentence


def test_the_trail_outlives_them(alice: Person) -> None:
    sent(alice, 1)
    done("destroy_app", "alice", "--yes")
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"app_destroyed", "app_cleared", "device_destroyed", "device_cleared"} <= actions


def _interrupt() -> None:
    raise KeyboardInterrupt
