"""The store's mark: no store is taken for ours that is not, and nothing is put there or concluded from it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from media_store import collection, store_mark
from media_store.errors import OccupiedStore, StorageUnavailable, WrongStore
from media_store.models import Blob, Media, StoreMark
from media_store.storage import new_key, objects
from tests.media_files import jpeg, png
from tests.people import Person, bytes_of, refusal
from tests.stores import put, use

# On stores that nobody has used yet, each kind in turn.
pytestmark = [pytest.mark.storage, pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


def prove() -> None:
    store_mark.prove(now=timezone.now())


def token() -> str:
    return StoreMark.objects.get().token


class TestTheFirstUse:
    def test_marks_the_store_with_the_databases_token(self, empty_store: str) -> None:
        assert objects().read_mark() is None
        prove()
        assert objects().read_mark() == token()
        marked_at = StoreMark.objects.get().marked_at
        assert marked_at is not None
        prove()
        assert StoreMark.objects.get().marked_at == marked_at

    def test_is_an_upload(self, empty_store: str, alice: Person) -> None:
        alice.sent(jpeg())
        assert objects().read_mark() == token()

    def test_killed_after_the_mark_is_made_up_for(self, empty_store: str) -> None:
        prove()
        StoreMark.objects.update(marked_at=None)
        prove()
        assert StoreMark.objects.get().marked_at is not None

    def test_of_a_store_that_somebody_else_has_marked_is_refused(self, empty_store: str, alice: Person) -> None:
        objects().write_mark(store_mark.new_token())
        assert refusal(alice.api.send(alice.device, jpeg())) == (503, "storage_unavailable")
        assert not Blob.objects.exists()
        with pytest.raises(WrongStore) as refused:
            prove()
        assert "the mark of another installation" in refused.value.sentence

    def test_loses_to_another_installation_that_marks_it_in_the_same_moment(
        self, empty_store: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours = objects()
        write = ours.write_mark

        def write_and_be_overtaken(mark: str) -> None:
            write(mark)
            write(store_mark.new_token())

        monkeypatch.setattr(ours, "write_mark", write_and_be_overtaken)
        with pytest.raises(WrongStore):
            prove()
        assert StoreMark.objects.get().marked_at is None


class TestAStoreWithObjectsAndNoMark:
    @pytest.fixture
    def strangers(self, empty_store: str, alice: Person, tmp_path: Path) -> str:
        """The key of an object of a database that is not ours."""
        key = new_key(app_id=alice.app.pk)
        put(key, b"12345", tmp_path)
        return key

    def test_is_not_marked_by_a_database_that_knows_none_of_them(self, strangers: str, alice: Person) -> None:
        assert refusal(alice.api.send(alice.device, jpeg())) == (503, "storage_unavailable")
        with pytest.raises(OccupiedStore) as refused:
            prove()
        assert "manage.py mark_store" in refused.value.sentence
        assert objects().read_mark() is None
        assert StoreMark.objects.get().marked_at is None
        assert not Media.objects.exists()

    def test_is_marked_where_a_row_names_one_of_them(self, strangers: str, alice: Person) -> None:
        objects().delete([strangers])
        alice.sent(jpeg())
        objects().delete(["blobs/.mediahub"])
        StoreMark.objects.update(marked_at=None)
        prove()
        assert objects().read_mark() == token()

    def test_is_not_marked_where_rows_name_others(self, strangers: str, alice: Person) -> None:
        objects().delete([strangers])
        alice.sent(jpeg())
        objects().delete(["blobs/.mediahub"])
        StoreMark.objects.update(marked_at=None)
        Blob.objects.update(storage_key=new_key(app_id=alice.app.pk))
        with pytest.raises(OccupiedStore):
            prove()

    def test_is_marked_where_no_name_is_of_ours(self, empty_store: str, tmp_path: Path) -> None:
        put("blobs/readme.txt", b"12345", tmp_path)
        prove()
        assert objects().read_mark() == token()

    def test_that_another_process_marks_meanwhile_is_ours(
        self, strangers: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours = objects()
        listing = ours.listing

        def list_and_be_overtaken(**where: str) -> object:
            ours.write_mark(token())
            return listing(**where)

        monkeypatch.setattr(ours, "listing", list_and_be_overtaken)
        prove()
        assert StoreMark.objects.get().marked_at is not None


class TestACollection:
    @pytest.fixture
    def condemned(self, empty_store: str, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        collection.condemn_released(now=timezone.now() + MINUTE)

    def collect(self) -> collection.Collected:
        return collection.collect(now=timezone.now() + MINUTE)

    @pytest.mark.parametrize("mark", [None, "another", "", "\udcff"])
    def test_deletes_nothing_on_a_store_without_our_mark(
        self, condemned: None, alice: Person, mark: str | None
    ) -> None:
        if mark is None:
            objects().delete(["blobs/.mediahub"])
        else:
            objects().write_mark(mark.encode(errors="replace").decode())
        with pytest.raises(WrongStore) as refused:
            self.collect()
        assert refused.value.missing == (mark is None)
        assert str(token()) not in refused.value.sentence
        assert len(alice.left_behind()["objects"]) == 1
        assert Blob.objects.get().collect_attempts == 0

    def test_goes_on_where_the_mark_is_restored(self, condemned: None, alice: Person) -> None:
        objects().delete(["blobs/.mediahub"])
        with pytest.raises(WrongStore):
            self.collect()
        objects().write_mark(token())
        assert self.collect().objects == 1
        assert alice.left_behind()["objects"] == []

    def test_proves_the_store_anew_before_every_batch(
        self, condemned: None, alice: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(collection.collecting, "DELETE_KEYS", 1)
        media = alice.sent(png())
        alice.api.delete(f"/v1/media/{media['id']}")
        collection.condemn_released(now=timezone.now() + MINUTE)

        def unmount(_: collection.Collected) -> None:
            objects().delete(["blobs/.mediahub"])

        with pytest.raises(WrongStore):
            collection.collect(now=timezone.now() + MINUTE, on_batch=unmount)
        assert Blob.objects.count() == 1


class TestDownloads:
    def test_do_not_ask_for_the_mark(self, empty_store: str, alice: Person) -> None:
        media = alice.sent(jpeg())
        objects().delete(["blobs/.mediahub"])
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()


class TestAMarkOnADisk:
    def test_that_is_no_text_is_anothers(self, settings: Settings, tmp_path: Path, db: None) -> None:
        use(settings, folder=tmp_path / "media", bucket="")
        prove()
        (tmp_path / "media/blobs/.mediahub").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(WrongStore):
            prove()

    def test_that_cannot_be_read_is_no_missing_one(self, settings: Settings, tmp_path: Path, db: None) -> None:
        use(settings, folder=tmp_path / "media", bucket="")
        prove()
        (tmp_path / "media/blobs/.mediahub").unlink()
        (tmp_path / "media/blobs/.mediahub").mkdir()
        with pytest.raises(StorageUnavailable) as refused:
            prove()
        assert not isinstance(refused.value, WrongStore)
