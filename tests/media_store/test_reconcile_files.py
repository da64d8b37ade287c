"""Reconciliation where objects are files: what a killed upload left beside its place, and folders without end."""

import tracemalloc
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from media_store import reconcile as reconciling
from media_store.models import Blob
from media_store.reconcile import Choice, Finding, Kind
from media_store.storage import new_key, objects
from tests.media_files import jpeg
from tests.people import Person
from tests.stores import mark, replace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(db: None, files: Path) -> Path:
    """A folder that is this database's."""
    mark()
    return files


def told(*, fix: bool = False) -> list[tuple[str, str, str]]:
    findings: list[Finding] = []
    reconciling.reconcile(Choice(fix=fix), now=later(), on_finding=findings.append)
    return [(str(finding.kind), finding.key, str(finding.fixed)) for finding in findings]


def later() -> datetime:
    return timezone.now() + timedelta(days=2)


class TestAnUnfinishedFile:
    def left_beside(self, key: str) -> Path:
        folder, _, name = key.rpartition("/")
        replace(f"{folder}/.{name}.part", b"123")
        store: Any = objects()
        return Path(store.location, folder, f".{name}.part")

    def test_of_a_row_is_left_to_collection(self, alice: Person) -> None:
        key = new_key(app_id=alice.app.pk)
        Blob.objects.create(app=alice.app, sha256="0" * 64, size=9, storage_key=key, created_at=timezone.now())
        beside = self.left_beside(key)
        assert told(fix=True) == []
        assert beside.exists()

    def test_of_no_row_goes(self, alice: Person) -> None:
        key = new_key(app_id=alice.app.pk)
        beside = self.left_beside(key)
        assert told() == [("orphan", key, "")]
        assert told(fix=True) == [("orphan", key, "deleted")]
        assert not beside.exists()

    def test_is_not_taken_for_the_object(self, alice: Person) -> None:
        alice.sent(jpeg())
        key = Blob.objects.get().storage_key
        replace(key, None)
        self.left_beside(key)
        assert told() == [("missing", key, "")]


@pytest.mark.faults
class TestMemory:
    def test_does_not_grow_with_the_store(self, alice: Person, own_files: Path) -> None:
        # The lower of two: once in a while Python makes room for more interned names, which Path makes, in one piece.
        few, many = (min(self.peak(own_files, folders=count) for _ in range(2)) for count in (4, 40))
        assert many < few * 1.5 + 200_000, (few, many)

    def peak(self, own_files: Path, *, folders: int) -> int:
        """The most bytes held while that many folders of 250 objects without rows are compared."""
        app = uuid.uuid4().hex
        for number in range(folders):
            folder = own_files / "blobs" / app / f"{number:02x}"
            folder.mkdir(parents=True)
            for name in range(250):
                (folder / f"{number:02x}{name:030x}").touch()
        tracemalloc.start()
        sums = reconciling.reconcile(Choice(prefix=f"blobs/{app}/"), now=later())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sums.found == {Kind.ORPHAN: folders * 250}
        return peak
