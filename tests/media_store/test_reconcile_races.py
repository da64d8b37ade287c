"""Reconciliation while others are at work: what they do in the middle of it is no finding, and is not undone."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from media_store import collection, failpoints, reconcile as reconciling, retention
from media_store.models import Blob, Media
from media_store.reconcile import Choice, Finding, losses
from media_store.storage import new_key, objects
from tests.media_files import jpeg
from tests.people import Person, bytes_of
from tests.stores import put, replace

pytestmark = pytest.mark.django_db

Told = list[tuple[str, str]]


def fix() -> Told:
    """In two days, when all that lies there is old."""
    findings: list[Finding] = []
    reconciling.reconcile(Choice(fix=True), now=later(), on_finding=findings.append)
    return [(str(finding.kind), str(finding.fixed)) for finding in findings]


def fix_while(moment: str, happens: Callable[[], object]) -> Told:
    """The same, while that happens once when the run comes to this moment."""
    todo = [happens]

    def once() -> None:
        if todo:
            todo.pop()()

    with failpoints.at(moment, once):
        told = fix()
    assert not todo, f"{moment} was not reached"
    return told


def later() -> Any:
    return timezone.now() + timedelta(days=2)


def remove_and_collect(media: dict[str, Any]) -> None:
    """From the tombstone to the row of the blob."""
    retention.remove(Media.objects.get(pk=media["id"]), reason="client", now=timezone.now(), by="test")
    collection.condemn_released(now=later())
    collection.collect(now=later())
    assert not Blob.objects.exists()


def condemn_all() -> None:
    Blob.objects.all().condemn(now=timezone.now())


@pytest.fixture
def media(own_store: str, alice: Person) -> dict[str, Any]:
    return alice.sent(jpeg())


@pytest.fixture
def lost(media: dict[str, Any]) -> dict[str, Any]:
    """Media whose object is not in the store."""
    replace(Blob.objects.get().storage_key, None)
    return media


class TestAnUpload:
    @pytest.mark.parametrize("moment", ["ingest.pending_written", "ingest.object_put"])
    def test_in_the_middle_of_which_a_fix_runs_is_not_disturbed(
        self, own_store: str, alice: Person, moment: str
    ) -> None:
        told: list[Told] = []
        with failpoints.at(moment, lambda: told.append(fix())):
            media = alice.sent(jpeg())
        assert told == [[]]
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    @pytest.mark.parametrize("shade", [0, 1])
    def test_in_the_middle_of_a_fix_is_no_finding(self, alice: Person, media: dict[str, Any], shade: int) -> None:
        assert fix_while("reconcile.listed", lambda: alice.sent(jpeg(shade=shade))) == []
        assert Media.objects.filter(status="ready").count() == 2

    def test_that_attaches_to_what_is_lost_fails_with_it(self, alice: Person, lost: dict[str, Any]) -> None:
        assert fix_while("reconcile.store_asked", lambda: alice.sent(jpeg())) == [("missing", "failed")]
        assert list(Media.objects.values_list("status", flat=True)) == ["failed", "failed"]

    def test_that_attaches_between_two_batches_fails_with_it(
        self, alice: Person, lost: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(losses, "BATCH_ROWS", {"postgresql": 1, "sqlite": 1})
        assert fix_while("reconcile.media_committed", lambda: alice.sent(jpeg())) == [("missing", "failed")]
        assert list(Media.objects.values_list("status", flat=True)) == ["failed", "failed"]


class TestCollection:
    def test_of_what_has_just_been_listed_is_no_finding(self, media: dict[str, Any]) -> None:
        assert fix_while("reconcile.listed", lambda: remove_and_collect(media)) == []

    def test_of_what_is_missing_is_no_finding(self, lost: dict[str, Any]) -> None:
        assert fix_while("reconcile.store_asked", condemn_all) == []

    def test_of_what_was_found_missing_leaves_nothing_to_fix(self, lost: dict[str, Any]) -> None:
        """Its media have gone meanwhile, and are not brought back as failed ones."""
        told = fix_while("reconcile.found", lambda: remove_and_collect(lost))
        assert told == [("missing", "failed")]
        assert Media.objects.get().reason == "client"


class TestAHold:
    @pytest.mark.parametrize("moment", ["reconcile.store_asked", "reconcile.found"])
    def test_that_is_set_before_the_fix_is_kept(self, alice: Person, lost: dict[str, Any], moment: str) -> None:
        def hold() -> None:
            retention.hold(alice.app, reason="case 7", until=None, by="test", now=timezone.now())

        assert fix_while(moment, hold) == [("missing", "")]
        assert Media.objects.get().status == "ready"


class TestAnOrphan:
    def test_that_is_given_its_row_back_is_not_deleted(self, own_store: str, alice: Person, tmp_path: Path) -> None:
        key = new_key(app_id=alice.app.pk)
        put(key, b"12345", tmp_path)

        def restore() -> None:
            now = timezone.now()
            Blob.objects.create(
                app=alice.app,
                sha256="0" * 64,
                size=5,
                storage_key=key,
                state=Blob.State.READY,
                created_at=now,
                ready_at=now,
            )

        assert fix_while("reconcile.found", restore) == [("orphan", "")]
        assert objects().size_of(key) == 5
        assert fix() == []
