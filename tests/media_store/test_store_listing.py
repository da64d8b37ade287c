"""What a store lists: what is below MediaHub's prefix, in one order, whatever the store is made of."""

import os
import secrets
import tracemalloc
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from media_store.storage import Listed, is_well_formed, keys_under, new_key, objects
from media_store.storage.objects import MARK_KEY, PAGE_KEYS
from tests.stores import put, replace

pytestmark = pytest.mark.storage

# Names in which the order of folders is not that of keys: a slash comes after a dot and before a letter.
AWKWARD = ["blobs/a", "blobs/a.b", "blobs/a/b", "blobs/a/b.c/d", "blobs/ab", "blobs/a-", "blobs/\u00e9", "blobs/Z/z"]
APP = uuid.uuid4()


def listed(prefix: str = "blobs/", start_after: str = "") -> list[Listed]:
    return [entry for page in objects().listing(prefix=prefix, start_after=start_after) for entry in page]


def listed_keys(prefix: str = "blobs/", start_after: str = "") -> list[str]:
    return [entry.key for entry in listed(prefix, start_after)]


def in_order(keys: list[str]) -> list[str]:
    return sorted(keys, key=str.encode)


@pytest.fixture
def awkward(empty_store: str) -> list[str]:
    """Objects of these names, but for those that are folders where objects are files."""
    folders = {"blobs/a"} if empty_store == "files" else set()
    keys = [key for key in AWKWARD if key not in folders]
    for key in keys:
        replace(key, b"x")
    return keys


class TestAListing:
    def test_holds_every_name(self, awkward: list[str]) -> None:
        assert in_order(listed_keys()) == in_order(awkward)

    def test_holds_what_begins_so_and_nothing_else(self, awkward: list[str]) -> None:
        for prefix in ("blobs/a", "blobs/a/", "blobs/a/b.", "blobs/Z/z", "blobs/nothing", "blobs/b"):
            begun = [key for key in awkward if key.startswith(prefix)]
            assert in_order(listed_keys(prefix)) == in_order(begun), prefix

    def test_has_our_keys_in_order_whatever_lies_between_them(self, awkward: list[str]) -> None:
        keys = [new_key(app_id=uuid.uuid4()) for _ in range(8)]
        for key in keys:
            replace(key, b"x")
            replace(f"{key[:38]}-", b"x")
        assert [key for key in listed_keys() if is_well_formed(key)] == sorted(keys)
        for key in keys:
            later = [other for other in listed_keys(start_after=key) if is_well_formed(other)]
            assert later == sorted(other for other in keys if other > key)

    def test_tells_sizes_and_moments(self, empty_store: str, tmp_path: Path) -> None:
        before = timezone.now() - timedelta(seconds=2)
        put("blobs/one", b"12345", tmp_path)
        (found,) = listed()
        assert (found.key, found.size, found.unfinished) == ("blobs/one", 5, False)
        assert before <= found.modified_at <= timezone.now() + timedelta(seconds=2)

    def test_of_an_empty_store_has_no_page(self, empty_store: str) -> None:
        assert list(objects().listing(prefix="blobs/")) == []

    def test_leaves_the_mark_out(self, empty_store: str) -> None:
        objects().write_mark("token")
        replace("blobs/one", b"x")
        assert listed_keys() == ["blobs/one"]
        assert objects().size_of(MARK_KEY) == 5

    def test_stays_below_our_prefix(self, empty_store: str) -> None:
        for key in ("blobs2/a", "blobsX", "a", "blob/a", "blobs/one"):
            replace(key, b"x")
        assert listed_keys() == ["blobs/one"]

    @pytest.mark.parametrize("prefix", ["", "blobs", "blobs2/", "b", "/blobs/"])
    def test_is_refused_beyond_it(self, store: str, prefix: str) -> None:
        with pytest.raises(ValueError, match="nothing else is ours"):
            listed(prefix)

    @pytest.mark.parametrize("size", [20, pytest.param(PAGE_KEYS, marks=pytest.mark.faults)])
    def test_comes_in_pages_that_follow_one_another(
        self, empty_store: str, monkeypatch: pytest.MonkeyPatch, size: int
    ) -> None:
        for module in ("files", "s3"):
            monkeypatch.setattr(f"media_store.storage.{module}.PAGE_KEYS", size)
        keys = in_order([f"blobs/{number % 7}/{secrets.token_hex(4)}" for number in range(size + 5)])
        for key in keys:
            replace(key, b"x")
        pages = list(objects().listing(prefix="blobs/"))
        assert [len(page) for page in pages] == [size, 5]
        assert [entry.key for page in pages for entry in page] == keys
        assert listed_keys(start_after=keys[-2]) == keys[-1:]


class TestSizeOf:
    def test_is_asked_of_one_object(self, empty_store: str) -> None:
        replace("blobs/a/one", b"12345")
        assert objects().size_of("blobs/a/one") == 5
        assert objects().size_of("blobs/a/two") is None
        assert objects().size_of("blobs/a") is None
        assert objects().size_of("blobs/a/one/more") is None


class TestFolders:
    def test_list_in_the_order_of_the_bytes_of_the_keys_from_any_on(self, files: Path) -> None:
        names = in_order(AWKWARD[1:])
        for key in names:
            replace(key, b"x")
        assert listed_keys() == names
        for key in [*names, "blobs/", "blobs/a/a", "blobs/a/b.c/", "blobs/zzz"]:
            assert listed_keys(start_after=key) == [other for other in names if other.encode() > key.encode()], key

    def test_list_what_a_killed_upload_left_by_its_key(self, files: Path) -> None:
        whole, cut_off = sorted((new_key(app_id=APP), new_key(app_id=APP)))
        replace(whole, b"x")
        folder, _, name = cut_off.rpartition("/")
        replace(f"{folder}/.{name}.part", b"12")
        assert [(entry.key, entry.unfinished) for entry in listed()] == [(whole, False), (cut_off, True)]
        assert objects().size_of(cut_off) is None

    def test_list_other_names_with_dots_as_they_are(self, files: Path) -> None:
        replace("blobs/.DS_Store", b"x")
        replace("blobs/.mediahub.1234.part", b"x")
        assert listed_keys() == ["blobs/.DS_Store", "blobs/.mediahub.1234.part"]

    def test_are_not_entered_through_links(self, files: Path) -> None:
        replace("blobs/a/one", b"x")
        (files / "blobs" / "loop").symlink_to(files / "blobs")
        assert listed_keys() == ["blobs/a/one", "blobs/loop"]

    def test_that_vanish_meanwhile_are_passed_over(self, files: Path) -> None:
        for number in range(PAGE_KEYS + 2):
            replace(f"blobs/a/{number:04}", b"x")
        replace("blobs/b/one", b"x")
        pages = objects().listing(prefix="blobs/")
        next(pages)
        for number in range(PAGE_KEYS, PAGE_KEYS + 2):
            replace(f"blobs/a/{number:04}", None)
        replace("blobs/b/one", None)
        (files / "blobs" / "b").rmdir()
        assert list(pages) == []

    def test_that_come_from_a_backup_are_as_old_as_their_return(self, files: Path) -> None:
        replace("blobs/one", b"x")
        os.utime(files / "blobs" / "one", (0, 0))
        (found,) = listed()
        assert found.modified_at > timezone.now() - timedelta(minutes=1)

    @pytest.mark.faults
    def test_take_no_more_memory_for_more_of_them(self, files: Path) -> None:
        # The lower of two: once in a while Python makes room for more interned names, which Path makes, in one piece.
        few, many = (min(_peak_of_listing(files, folders=count) for _ in range(2)) for count in (4, 60))
        assert many < few * 1.5 + 100_000, (few, many)


def _peak_of_listing(files: Path, *, folders: int) -> int:
    """The most bytes held while that many folders of 300 files are listed."""
    for number in range(folders):
        folder = files / "blobs" / f"{number:032x}"
        folder.mkdir(parents=True, exist_ok=True)
        for name in range(300):
            (folder / f"{name:032x}").touch()
    tracemalloc.start()
    count = sum(len(page) for page in objects().listing(prefix="blobs/"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == folders * 300
    return peak


class TestKeysOfOurs:
    def test_are_told_from_others(self) -> None:
        key = new_key(app_id=APP)
        assert is_well_formed(key)
        for other in (key[:-1], f"{key}0", key.upper(), f"{key}\n", f"/{key}", key.replace("/", "-"), f"x{key}"):
            assert not is_well_formed(other), other

    @pytest.mark.parametrize("cut", [6, 7, 37, 38, 39, 40, 41, 42, 43, 73, 74])
    def test_lie_between_the_first_and_the_last_of_their_prefix(self, cut: int) -> None:
        key = new_key(app_id=APP)
        under = keys_under(key[:cut])
        assert under is not None
        assert under[0] <= key <= under[1]
        assert all(is_well_formed(border) and border.startswith(key[:cut]) for border in under)

    @pytest.mark.parametrize("prefix", ["blobs/x", "blobs/0/", f"blobs/{'0' * 32}/00/{'0' * 33}", "blobs/0000/0000"])
    def test_are_none_under_a_prefix_that_no_key_has(self, prefix: str) -> None:
        assert keys_under(prefix) is None
