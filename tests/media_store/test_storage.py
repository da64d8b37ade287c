"""What every store does, and what it answers where it cannot: the same tests on files and on S3."""

import errno
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from media_store.errors import StorageFull, StorageUnavailable
from media_store.models import Blob
from media_store.storage import objects, probe
from media_store.storage.s3 import PART_BYTES
from tests.media_files import incompressible, jpeg
from tests.people import Person, bytes_of, refusal, stored_keys
from tests.processes import free_ports
from tests.stores import put, replace, use

pytestmark = pytest.mark.storage

CONTENT = incompressible(1_000)


@pytest.fixture
def key(store: str, tmp_path: Path) -> str:
    """A stored object of CONTENT."""
    key = f"blobs/tests/{secrets.token_hex(8)}"
    put(key, CONTENT, tmp_path)
    return key


def read(key: str, start: int = 0, length: int = len(CONTENT)) -> bytes:
    return b"".join(objects().read_range(key, start=start, length=length))


class TestObjects:
    @pytest.mark.parametrize(("start", "length"), [(0, 1_000), (0, 1), (999, 1), (10, 500)])
    def test_are_read_by_range(self, key: str, start: int, length: int) -> None:
        assert read(key, start, length) == CONTENT[start : start + length]

    def test_larger_than_a_part_come_back_whole(self, store: str, tmp_path: Path) -> None:
        content = incompressible(PART_BYTES + 1_000)
        key = f"blobs/tests/{secrets.token_hex(8)}"
        put(key, content, tmp_path)
        assert read(key, 0, len(content)) == content
        assert read(key, PART_BYTES - 5, 10) == content[PART_BYTES - 5 : PART_BYTES + 5]
        replace(key, None)

    def test_put_again_are_still_whole(self, key: str, tmp_path: Path) -> None:
        put(key, CONTENT, tmp_path)
        assert read(key) == CONTENT

    def test_given_up_half_way_leave_the_store_usable(self, key: str) -> None:
        for _ in range(100):
            pieces = objects().read_range(key, start=0, length=1_000)
            next(pieces)
            pieces.close()  # type: ignore[attr-defined] # a generator, which a server closes
        assert read(key) == CONTENT

    def test_are_no_files_of_this_machine_unless_they_are(self, key: str, store: str) -> None:
        file = objects().local_file(key, length=len(CONTENT))
        assert (file is None) == (store == "s3")
        if file is not None:
            with file:
                assert file.read() == CONTENT


class TestFaultsOfObjects:
    def test_that_are_missing_are_known_before_the_first_byte(self, key: str) -> None:
        replace(key, None)
        with pytest.raises(StorageUnavailable):
            objects().read_range(key, start=0, length=1)

    @pytest.mark.parametrize("kept", [0, 1, 500, 999])
    def test_that_are_too_short_are_known_before_the_first_byte(self, key: str, kept: int) -> None:
        replace(key, CONTENT[:kept])
        with pytest.raises(StorageUnavailable):
            objects().read_range(key, start=0, length=1_000)
        with pytest.raises(StorageUnavailable):
            objects().read_range(key, start=990, length=10)

    def test_that_are_too_short_are_no_local_files(self, files: Path, tmp_path: Path) -> None:
        put("blobs/a", CONTENT, tmp_path)
        replace("blobs/a", CONTENT[:-1])
        with pytest.raises(StorageUnavailable):
            objects().local_file("blobs/a", length=len(CONTENT))

    def test_tell_clients_no_key(self, key: str) -> None:
        replace(key, None)
        with pytest.raises(StorageUnavailable) as refused:
            read(key)
        assert key not in refused.value.detail


class TestProbe:
    def test_finds_the_store(self, store: str) -> None:
        probe()

    def test_leaves_nothing(self, files: Path) -> None:
        probe()
        assert list(files.iterdir()) == []


@pytest.mark.services
class TestAnS3StoreThatIsNotThere:
    @pytest.fixture(params=["bucket", "secret", "key", "server"])
    def wrong(self, request: pytest.FixtureRequest, settings: Settings) -> str:
        changes = {
            "bucket": {"bucket": f"no-such-{secrets.token_hex(4)}"},
            "secret": {"secret_key": "wrong"},
            "key": {"access_key": "nobody"},
            "server": {"endpoint": f"http://127.0.0.1:{free_ports(1)[0]}"},
        }
        use(settings, **changes[request.param])
        return str(request.param)

    def test_is_unavailable_to_every_verb(self, wrong: str, tmp_path: Path) -> None:
        with pytest.raises(StorageUnavailable):
            probe()
        with pytest.raises(StorageUnavailable):
            read("blobs/a")
        # SeaweedFS makes a bucket for whoever may, at the first object: only the probe tells.
        if wrong != "bucket":
            with pytest.raises(StorageUnavailable):
                put("blobs/a", CONTENT, tmp_path)


class TestAFolderThatCannotBeUsed:
    @pytest.fixture(autouse=True)
    def wrong(self, files: Path) -> None:
        """A file stands where the folder should: even root cannot go into it."""
        files.write_bytes(b"")

    def test_is_unavailable_to_every_verb(self, tmp_path: Path) -> None:
        with pytest.raises(StorageUnavailable):
            put("blobs/a", CONTENT, tmp_path)
        with pytest.raises(StorageUnavailable):
            read("blobs/a")
        with pytest.raises(StorageUnavailable):
            probe()


class TestFiles:
    def test_of_another_disk_are_copied(self, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "link", _failing_with(errno.EXDEV))
        put("blobs/a", CONTENT, tmp_path)
        assert read("blobs/a") == CONTENT

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    def test_without_room_leave_nothing_half_written(
        self, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        monkeypatch.setattr(os, "link", _failing_with(errno.EXDEV))
        monkeypatch.setattr(shutil, "copyfile", _half_done(number))
        with pytest.raises(StorageFull):
            put("blobs/a/b", CONTENT, tmp_path)
        assert [path for path in files.rglob("*") if path.is_file()] == []


def _failing_with(number: int) -> Any:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def _half_done(number: int) -> Any:
    def fail(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(number, os.strerror(number))

    return fail


class TestThroughTheApi:
    @pytest.fixture
    def media(self, store: str, alice: Person) -> dict[str, Any]:
        return alice.sent(jpeg())

    @pytest.fixture
    def stored(self, alice: Person, media: dict[str, Any]) -> str:
        """The key of the media's object."""
        return str(Blob.objects.get(app=alice.app).storage_key)

    def test_media_come_back(self, alice: Person, media: dict[str, Any]) -> None:
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()
        assert bytes_of(alice.api.download(media["media_path"], Range="bytes=-5")) == jpeg()[-5:]
        assert len(stored_keys(alice.app)) == 1

    @pytest.mark.parametrize("headers", [{}, {"Range": "bytes=-5"}])
    def test_media_whose_object_is_damaged_are_a_problem_and_no_broken_answer(
        self, alice: Person, media: dict[str, Any], stored: str, headers: dict[str, str]
    ) -> None:
        for left in (b"", jpeg()[:-1], None):
            replace(stored, left)
            answer = alice.api.download(media["media_path"], **headers)
            assert refusal(answer) == (503, "storage_unavailable"), left
            assert int(answer["Retry-After"]) > 0
            assert stored not in answer.content.decode()
            assert "Content-Disposition" not in answer
            assert "ETag" not in answer

    def test_a_cache_is_told_that_it_is_up_to_date_all_the_same(
        self, alice: Person, media: dict[str, Any], stored: str
    ) -> None:
        replace(stored, None)
        assert alice.api.download(media["media_path"], If_None_Match="*").status_code == 304
