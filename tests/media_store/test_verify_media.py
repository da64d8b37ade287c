"""`manage.py verify_media`: stored bytes are read again, and what is not as it was is told."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from media_store import collection, failpoints, reconcile as reconciling, retention, store_mark
from media_store.errors import StorageUnavailable
from media_store.models import Blob, Media
from media_store.reconcile import verifying
from media_store.storage import objects
from tests.media_files import incompressible, jpeg
from tests.media_store.rows import stored_of
from tests.people import Person
from tests.stores import replace

pytestmark = pytest.mark.django_db
in_each_store = pytest.mark.usefixtures("own_store")


def run(*arguments: str) -> tuple[int, str]:
    """The exit code, and what was written to stdout."""
    out = io.StringIO()
    try:
        call_command("verify_media", *arguments, stdout=out, stderr=io.StringIO())
    except CommandError as refused:
        return refused.returncode, out.getvalue()
    return 0, out.getvalue()


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json")[1])


@pytest.fixture
def stored(own_store: str, alice: Person) -> list[str]:
    """The keys of seven objects, in order, with a media each."""
    stored_of(alice.app, count=7)
    return sorted(Blob.objects.values_list("storage_key", flat=True))


def altered(content: bytes) -> bytes:
    """Of the same length, with one bit turned."""
    return content[:-1] + bytes([content[-1] ^ 1])


@in_each_store
class TestVerification:
    def test_of_what_is_as_it_was_ends_with_0(self, stored: list[str]) -> None:
        assert run("--all") == (0, "")
        assert run_json("--all") == {
            "read": 7,
            "passed_over": 0,
            "bytes": sum(Blob.objects.values_list("size", flat=True)),
            "found": {"missing": 0, "altered": 0, "wrong_size": 0, "unreadable": 0},
            "last_key": stored[-1],
            "complete": True,
        }

    def test_tells_what_is_altered_missing_or_of_another_size(self, stored: list[str]) -> None:
        replace(stored[1], None)
        replace(stored[3], altered(b"".join(objects().read_range(stored[3], start=0, length=size_of(stored[3])))))
        replace(stored[5], b"123")
        code, out = run("--all")
        assert code == 1
        lines = [line.split()[:2] for line in out.splitlines()]
        assert lines == [["missing", stored[1]], ["altered", stored[3]], ["wrong_size", stored[5]]]

    def test_changes_nothing(self, stored: list[str]) -> None:
        replace(stored[1], None)
        before = list(Media.objects.order_by("pk").values()), list(Blob.objects.order_by("pk").values())
        run("--all")
        assert before == (list(Media.objects.order_by("pk").values()), list(Blob.objects.order_by("pk").values()))

    def test_reads_what_is_larger_than_one_piece(self, own_store: str, alice: Person) -> None:
        content = incompressible(700_000)
        alice.uploaded(content)
        assert run("--all")[0] == 0
        replace(Blob.objects.get().storage_key, altered(content))
        assert run("--all")[0] == 1

    def test_reads_ready_blobs_only(self, stored: list[str]) -> None:
        now = timezone.now()
        Blob.objects.filter(storage_key=stored[0]).condemn(now=now)
        replace(stored[0], None)
        assert run("--all")[0] == 0

    def test_goes_on_behind_a_key(self, stored: list[str]) -> None:
        replace(stored[1], None)
        assert run("--all", "--start-after", stored[1])[0] == 0
        assert run_json("--all", "--start-after", stored[3])["read"] == 3

    def test_reads_page_after_page(self, stored: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verifying, "PAGE_ROWS", 3)
        assert run_json("--all")["read"] == 7

    def test_is_of_one_app_where_that_was_asked_for(self, stored: list[str], bob: Person) -> None:
        bob.sent(jpeg())
        replace(stored[0], None)
        assert run("--all", "--app", "bob") == (0, "")
        assert run_json("--all", "--app", "bob")["read"] == 1

    def test_stops_between_objects(self, stored: list[str]) -> None:
        turns = iter([True] * 4)
        sums = reconciling.verify(may_go_on=lambda: next(turns, False))
        assert (sums.read, sums.last_key, sums.is_complete) == (4, stored[3], False)


def size_of(key: str) -> int:
    return Blob.objects.get(storage_key=key).size


@in_each_store
class TestASample:
    def test_is_drawn_one_by_one(self, stored: list[str]) -> None:
        draws = iter([True, False] * 4)
        sums = reconciling.verify(is_drawn=lambda: next(draws))
        assert (sums.read, sums.passed_over, sums.is_complete) == (4, 3, True)

    def test_of_everything_is_everything(self, stored: list[str]) -> None:
        assert run_json("--sample", "100%")["read"] == 7

    def test_of_a_hundredth_is_what_is_read_where_nothing_was_asked_for(self, stored: list[str]) -> None:
        read = run_json()
        assert read["read"] + read["passed_over"] == 7
        assert read["read"] < 7


@pytest.mark.once
class TestAShare:
    @pytest.mark.parametrize("share", ["0%", "101%", "1", "some", "nan%", "inf%", "%"])
    def test_that_is_none_is_refused(self, share: str) -> None:
        with pytest.raises(CommandError, match="no share such as"):
            call_command("verify_media", "--sample", share)


def _refuse(*_: object, **__: object) -> None:
    raise StorageUnavailable


def _refused_the_second_time() -> Callable[[], None]:
    times = count(1)

    def prove() -> None:
        if next(times) > 1:
            raise StorageUnavailable

    return prove


@in_each_store
class TestWhatHappensMeanwhile:
    def test_collection_of_what_is_being_read_is_no_finding(self, stored: list[str]) -> None:
        def let_go() -> None:
            now = timezone.now()
            media = Media.objects.get(blob__storage_key=stored[0])
            retention.remove(media, reason="client", now=now, by="test")
            Blob.objects.filter(storage_key=stored[0]).condemn(now=now)

        replace(stored[0], None)
        with failpoints.at("reconcile.verified", let_go):
            assert run("--all") == (0, "")

    def test_collection_of_what_was_read_of_a_page_is_none_either(self, stored: list[str]) -> None:
        def collect() -> bool:
            for media in Media.objects.filter(blob__storage_key=stored[5]):
                retention.remove(media, reason="client", now=timezone.now(), by="test")
                later = timezone.now() + timedelta(minutes=1)
                collection.condemn_released(now=later)
                collection.collect(now=later)
            return True

        findings: list[Any] = []
        sums = reconciling.verify(may_go_on=collect, on_finding=findings.append)
        assert findings == []
        assert sums.is_complete

    def test_a_store_that_goes_away_is_no_altered_object(
        self, stored: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(objects()), "read_range", _refuse)
        monkeypatch.setattr(store_mark, "prove_marked", _refused_the_second_time())
        code, out = run("--all", "--json")
        assert code == 1
        assert json.loads(out)["found"] == {"missing": 0, "altered": 0, "wrong_size": 0, "unreadable": 0}

    def test_an_object_that_its_store_does_not_give_is_told(
        self, stored: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(objects()), "read_range", _refuse)
        assert run_json("--all")["found"]["unreadable"] == 7


@in_each_store
class TestAStoreThatIsNotOurs:
    def test_is_not_read(self, stored: list[str], tmp_path: Path) -> None:
        objects().write_mark("another's")
        code, out = run("--all", "--json")
        assert (code, json.loads(out)["read"]) == (1, 0)
