"""Collection: how bytes leave, and what stays until they have."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from django.utils import timezone
from pytest_django import Settings

from media_store import collection, failpoints, retention
from media_store.errors import StorageUnavailable
from media_store.models import Blob, BlobRelease, Media
from media_store.storage import new_key, objects
from tests.media_files import jpeg, png
from tests.media_store.rows import blob_of
from tests.people import NOTHING, Person, bytes_of, refusal, stored_keys
from tests.stores import put, use

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> Path:
    """Objects as files in a folder of the test's own."""
    use(settings, folder=tmp_path / "media", bucket="")
    return tmp_path / "media"


def condemn(*, after: timedelta = MINUTE) -> int:
    return collection.condemn_released(now=timezone.now() + after)


def collect(*, after: timedelta = MINUTE) -> collection.Collected:
    return collection.collect(now=timezone.now() + after)


def let_go(person: Person, media: dict[str, Any]) -> None:
    assert person.api.delete(f"/v1/media/{media['id']}").status_code == 204


class TestWhatWasLetGo:
    def test_is_condemned_after_the_grace_and_then_goes(self, alice: Person, settings: Settings) -> None:
        settings.RELEASE_GRACE_SECONDS = 30
        media = alice.sent(jpeg())
        let_go(alice, media)
        assert condemn(after=timedelta(seconds=29)) == 0
        assert collect().objects == 0
        assert condemn() == 1
        assert len(stored_keys(alice.app)) == 1
        gone = collect()
        assert (gone.objects, gone.bytes, gone.failed) == (1, media["size"], 0)
        assert alice.left_behind() == NOTHING
        assert not BlobRelease.objects.exists()

    def test_stays_while_another_media_carries_the_same_bytes(self, alice: Person) -> None:
        first, second = alice.sent(jpeg()), alice.uploaded(jpeg())
        let_go(alice, first)
        assert condemn() == 0
        assert not BlobRelease.objects.exists()
        assert bytes_of(alice.api.download(second["media_path"])) == jpeg()
        let_go(alice, second)
        assert condemn() == 1
        assert collect().objects == 1
        assert alice.left_behind() == NOTHING

    def test_and_came_back_in_time_stays(self, alice: Person) -> None:
        let_go(alice, alice.sent(jpeg()))
        again = alice.sent(jpeg())
        assert condemn() == 0
        assert bytes_of(alice.api.download(again["media_path"])) == jpeg()

    def test_and_comes_back_after_it_was_condemned_is_stored_anew(self, alice: Person) -> None:
        let_go(alice, alice.sent(jpeg()))
        condemn()
        again = alice.sent(jpeg())
        assert collect().objects == 1
        assert bytes_of(alice.api.download(again["media_path"])) == jpeg()
        assert Blob.objects.get().state == Blob.State.READY

    def test_in_large_numbers_goes_in_batches(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(collection.condemning, "BATCH_NOTES", {"postgresql": 2, "sqlite": 2})
        monkeypatch.setattr(collection.collecting, "DELETE_KEYS", 2)
        for shade in range(5):
            let_go(alice, alice.sent(jpeg(shade=shade)))
        assert condemn() == 5
        assert collect().objects == 5
        assert alice.left_behind() == NOTHING

    def test_past_the_verbs_is_found_by_the_daily_sweep(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        kept = alice.sent(png())
        Media.objects.filter(pk=media["id"]).update(blob=None, status="failed", reason="lost")
        now = timezone.now()
        assert collection.note_unreferenced(now=now) == 0
        assert collection.note_unreferenced(now=now + DAY) == 1
        assert collection.note_unreferenced(now=now + DAY) == 0
        assert condemn(after=2 * DAY) == 1
        assert bytes_of(alice.api.download(kept["media_path"])) == png()


class TestAnUploadThatWasGivenUp:
    def test_is_told_to_come_again_and_leaves_nothing(self, alice: Person) -> None:
        def give_up() -> None:
            assert collection.give_up_uploads(now=timezone.now() + timedelta(hours=2)) == 1

        with failpoints.at("ingest.object_put", give_up):
            answer = alice.api.send(alice.device, jpeg())
        assert refusal(answer) == (503, "try_again")
        assert not Media.objects.exists()
        collect(after=timedelta(hours=3))
        assert stored_keys(alice.app) == []
        collect(after=3 * DAY)
        assert alice.left_behind() == NOTHING

    def test_is_not_given_up_before_its_deadline(self, alice: Person, settings: Settings) -> None:
        settings.UPLOAD_DEADLINE_SECONDS = 600
        blob_of(alice.app, state="pending", ready_at=None)
        assert collection.give_up_uploads(now=timezone.now() + timedelta(seconds=590)) == 0
        assert collection.give_up_uploads(now=timezone.now() + timedelta(seconds=610)) == 1

    def test_keeps_its_row_for_a_day_and_its_late_object_goes_too(self, alice: Person, tmp_path: Path) -> None:
        key = new_key(app_id=alice.app.pk)
        blob_of(alice.app, state="pending", ready_at=None, storage_key=key)
        now = timezone.now()
        collection.give_up_uploads(now=now + timedelta(hours=2))
        assert collection.collect(now=now + timedelta(hours=2)).objects == 0
        put(key, jpeg(), tmp_path)
        assert collection.collect(now=now + timedelta(hours=25)).objects == 0
        assert collection.collect(now=now + timedelta(hours=26)).objects == 1
        assert alice.left_behind() == NOTHING


class TestKilled:
    @pytest.mark.parametrize(
        "moment",
        [
            "collection.locked",
            "collection.looked",
            "collection.condemned",
            "collection.proved",
            "collection.deleted",
            "collection.kept",
            "collection.rows_deleted",
        ],
    )
    def test_anywhere_runs_again_to_the_same_end(self, alice: Person, moment: str) -> None:
        let_go(alice, alice.sent(jpeg()))
        kept = alice.sent(png())
        blob_of(alice.app, state="condemned", ready_at=None, condemned_at=timezone.now(), collect_at=timezone.now())

        def die() -> None:
            raise KeyboardInterrupt

        def condemn_and_collect() -> None:
            condemn()
            collect()

        with failpoints.at(moment, die), pytest.raises(KeyboardInterrupt):
            condemn_and_collect()
        condemn()
        collect()
        collect(after=2 * DAY)
        assert bytes_of(alice.api.download(kept["media_path"])) == png()
        assert [blob.state for blob in Blob.objects.all()] == [Blob.State.READY]
        assert len(stored_keys(alice.app)) == 1


def lock_away(files: Path, blob: Blob) -> Callable[[], None]:
    """Make one object undeletable, as a folder in its place is; answers how to undo it."""
    place = files / blob.storage_key
    content = place.read_bytes()
    place.unlink()
    place.mkdir()
    (place / "in the way").touch()

    def undo() -> None:
        (place / "in the way").unlink()
        place.rmdir()
        place.write_bytes(content)

    return undo


class TestAnObjectThatWillNotGo:
    def test_is_tried_again_later_and_keeps_no_other_back(self, alice: Person, files: Path) -> None:
        for content in (jpeg(), png()):
            let_go(alice, alice.sent(content))
        condemn()
        stuck = Blob.objects.get(size=len(jpeg()))
        undo = lock_away(files, stuck)
        now = timezone.now() + MINUTE
        told = collection.collect(now=now)
        assert (told.objects, told.bytes, told.failed) == (1, len(png()), 1)
        assert "directory" in told.error
        left = Blob.objects.get()
        assert (left.pk, left.collect_attempts, left.collect_at) == (stuck.pk, 1, now + MINUTE)
        assert left.collect_error == told.error
        assert collection.collect(now=now + MINUTE / 2).failed == 0
        undo()
        assert collection.collect(now=now + MINUTE).objects == 1
        assert alice.left_behind() == NOTHING

    def test_is_tried_ever_less_often_and_never_less_than_every_six_hours(self, alice: Person, files: Path) -> None:
        let_go(alice, alice.sent(jpeg()))
        condemn()
        lock_away(files, Blob.objects.get())
        now, waits = timezone.now() + MINUTE, []
        for _ in range(12):
            assert collection.collect(now=now).failed == 1
            due = Blob.objects.get().collect_at
            assert due is not None
            waits.append(due - now)
            now = due
        assert waits[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
        assert waits[-1] == timedelta(hours=6)

    def test_in_a_folder_of_its_own_keeps_no_other_back(
        self, alice: Person, files: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor does a folder that the disk will not let go of, or not sync."""
        for content in (jpeg(), png()):
            let_go(alice, alice.sent(content))
        condemn()
        bad = files / Blob.objects.get(size=len(jpeg())).storage_key
        rmdir = Path.rmdir

        def refuse(folder: Path) -> None:
            if folder == bad.parent:
                raise PermissionError(13, "Permission denied")
            rmdir(folder)

        monkeypatch.setattr(Path, "rmdir", refuse)
        told = collect()
        assert (told.objects, told.failed, told.error) == (1, 1, "permission denied")


class TestFolders:
    def test_that_are_left_empty_go_and_others_stay(self, alice: Person, bob: Person, files: Path) -> None:
        let_go(alice, alice.sent(jpeg()))
        bob.sent(jpeg())
        condemn()
        collect()
        assert [folder.name for folder in (files / "blobs").iterdir() if folder.is_dir()] == [bob.app.pk.hex]

    @pytest.mark.parametrize("level", [0, 1])
    def test_pruned_while_a_put_makes_its_way_are_made_again(
        self, files: Path, tmp_path: Path, level: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A collector prunes the folder in the moment that the put has made it, and again."""
        place = files / "blobs/app/00/name"
        source = tmp_path / "source"
        source.write_bytes(jpeg())
        mkdir, times = Path.mkdir, [0]

        def mkdir_and_lose(folder: Path, *arguments: Any, **options: Any) -> None:
            mkdir(folder, *arguments, **options)
            if folder == place.parents[level] and times[0] < 3:
                times[0] += 1
                folder.rmdir()

        monkeypatch.setattr(Path, "mkdir", mkdir_and_lose)
        objects().put_file("blobs/app/00/name", source)
        assert times == [3]
        assert place.read_bytes() == jpeg()

    def test_that_vanish_every_time_are_a_fault(
        self, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = tmp_path / "source"
        source.write_bytes(jpeg())
        mkdir = Path.mkdir

        def mkdir_and_lose(folder: Path, *arguments: Any, **options: Any) -> None:
            mkdir(folder, *arguments, **options)
            if folder.name == "00":
                folder.rmdir()

        monkeypatch.setattr(Path, "mkdir", mkdir_and_lose)
        with pytest.raises(StorageUnavailable):
            objects().put_file("blobs/app/00/name", source)

    def test_keep_what_a_killed_put_left_until_its_row_says_so(self, alice: Person, files: Path) -> None:
        key = new_key(app_id=alice.app.pk)
        blob_of(alice.app, state="pending", ready_at=None, storage_key=key)
        beside = (files / key).parent / f".{Path(key).name}.part"
        beside.parent.mkdir(parents=True)
        beside.write_bytes(jpeg()[:10])
        collection.give_up_uploads(now=timezone.now() + 2 * timedelta(hours=1))
        collect(after=2 * timedelta(hours=1))
        assert not beside.exists()
        assert not (files / "blobs" / alice.app.pk.hex).exists()


@pytest.mark.services
@pytest.mark.storage
class TestUnfinishedUploadsInParts:
    def test_under_the_very_key_are_aborted_and_no_others(self, alice: Person) -> None:
        store: Any = objects()
        key = new_key(app_id=alice.app.pk)
        for name in (key, f"{key}1"):
            upload = store.client.create_multipart_upload(Bucket=store.bucket_name, Key=name)
            store.client.upload_part(
                Bucket=store.bucket_name, Key=name, UploadId=upload["UploadId"], PartNumber=1, Body=jpeg()
            )
        blob_of(alice.app, state="pending", ready_at=None, storage_key=key)
        now = timezone.now() + timedelta(hours=2)
        collection.give_up_uploads(now=now)
        collection.collect(now=now)
        listed = store.client.list_multipart_uploads(Bucket=store.bucket_name, Prefix=key).get("Uploads", ())
        assert [upload["Key"] for upload in listed] == [f"{key}1"]

    def test_deletions_carry_the_checksum_that_older_stores_insist_on(self, alice: Person) -> None:
        store: Any = objects()
        seen: list[str] = []

        def look(request: Any, **_event: Any) -> None:
            seen.append(request.headers.get("Content-MD5", ""))

        store.client.meta.events.register("before-send.s3.DeleteObjects", look)
        assert objects().delete([new_key(app_id=alice.app.pk)]) == {}
        store.client.meta.events.unregister("before-send.s3.DeleteObjects", look)
        assert len(seen) == 1
        assert len(seen[0]) == 24

    def test_of_what_the_store_does_not_have_is_done(self, alice: Person) -> None:
        """Most stores answer so by themselves; some report NoSuchKey."""
        store: Any = objects()
        keys = [new_key(app_id=alice.app.pk) for _ in range(2)]
        errors = zip(keys, ("NoSuchKey", "AccessDenied"), strict=True)
        told = "".join(f"<Error><Key>{key}</Key><Code>{code}</Code></Error>" for key, code in errors)

        def answer(request: Any, **_event: Any) -> AWSResponse:
            raw = SimpleNamespace(stream=lambda: iter([f"<DeleteResult>{told}</DeleteResult>".encode()]))
            return AWSResponse(request.url, 200, HTTPHeaders(), raw)

        store.client.meta.events.register("before-send.s3.DeleteObjects", answer)
        assert objects().delete(keys) == {keys[1]: "AccessDenied"}
        store.client.meta.events.unregister("before-send.s3.DeleteObjects", answer)


class TestAHeldMedia:
    def test_keeps_its_object_though_somebody_noted_it(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        retention.hold(alice.app, reason="a case", until=None, by="operator", now=timezone.now())
        BlobRelease.objects.create(blob=Blob.objects.get(), noted_at=timezone.now())
        assert condemn() == 0
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()
