"""Rows and objects held against one another: what is found, what is put right, and what is never touched."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from media_store import collection, reconcile as reconciling, retention, store_mark
from media_store.errors import StorageUnavailable, UnmarkedStore, WrongStore
from media_store.models import Blob, BlobRelease, Media, StoreMark
from media_store.reconcile import Choice, Finding, Kind, Reconciled, losses, stretches
from media_store.storage import new_key, objects, prefix_of
from tests.media_files import jpeg
from tests.people import Person, bytes_of, refusal, stored_keys
from tests.stores import keys, put, replace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_store")]

DAY = timedelta(days=1)


@dataclass(kw_only=True)
class Run:
    """What a run answered, and the findings it told of."""

    sums: Reconciled
    findings: list[Finding]

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [(str(finding.kind), finding.key, str(finding.fixed)) for finding in self.findings]


def later() -> datetime:
    """When all that lies there now is older than a day."""
    return timezone.now() + 2 * DAY


def reconcile(*, now: datetime | None = None, **choice: Any) -> Run:
    findings: list[Finding] = []
    sums = reconciling.reconcile(Choice(**choice), now=now or later(), on_finding=findings.append)
    return Run(sums=sums, findings=findings)


def everything() -> tuple[Any, ...]:
    """All rows that a run might touch, and all objects."""
    media = list(Media.objects.order_by("pk").values())
    return media, list(Blob.objects.order_by("pk").values()), BlobRelease.objects.count(), keys()


def blob_of(media: dict[str, Any]) -> Blob:
    blob = Media.objects.select_related("blob").get(pk=media["id"]).blob
    assert blob is not None
    return blob


@pytest.fixture
def lost(own_store: str, alice: Person) -> dict[str, Any]:
    """Media whose object is not in the store."""
    media = alice.sent(jpeg(shade=1))
    replace(blob_of(media).storage_key, None)
    return media


@pytest.fixture
def orphan(own_store: str, alice: Person, tmp_path: Path) -> str:
    """The key of an object of alice's app that no row speaks of."""
    key = new_key(app_id=alice.app.pk)
    put(key, b"12345", tmp_path)
    return key


class TestAStoreThatIsInOrder:
    def test_has_no_findings(self, alice: Person, bob: Person) -> None:
        for shade in range(3):
            alice.sent(jpeg(shade=shade))
            bob.uploaded(jpeg(shade=shade))
        run = reconcile(fix=True)
        assert run.told == []
        assert (run.sums.objects, run.sums.rows, run.sums.is_complete) == (6, 6, True)

    def test_may_be_empty(self, alice: Person) -> None:
        assert reconcile(fix=True).told == []

    @pytest.mark.parametrize("state", [Blob.State.PENDING, Blob.State.CONDEMNED])
    @pytest.mark.parametrize("has_object", [True, False])
    def test_has_blobs_on_their_way_in_and_out(
        self, alice: Person, tmp_path: Path, state: Blob.State, has_object: bool
    ) -> None:
        key, now = new_key(app_id=alice.app.pk), timezone.now()
        marks = {"condemned_at": now, "collect_at": now} if state == Blob.State.CONDEMNED else {}
        Blob.objects.create(
            app=alice.app, sha256="0" * 64, size=9, storage_key=key, state=state, created_at=now, **marks
        )
        if has_object:
            put(key, b"12345", tmp_path)
        before = everything()
        assert reconcile(fix=True).told == []
        assert everything() == before


class TestABlobWithoutObject:
    def test_is_found_and_left_alone(self, lost: dict[str, Any]) -> None:
        before = everything()
        run = reconcile()
        assert run.told == [("missing", blob_of(lost).storage_key, "")]
        assert run.findings[0].media_left == 1
        assert run.sums.left == {Kind.MISSING: 1}
        assert everything() == before

    def test_has_its_media_failed_by_a_fix(self, alice: Person, lost: dict[str, Any]) -> None:
        blob, now = blob_of(lost), later()
        Media.objects.filter(pk=lost["id"]).update(caption="words", expires_at=now + DAY)
        run = reconcile(fix=True, now=now)
        assert run.told == [("missing", blob.storage_key, "failed")]
        assert (run.sums.media_failed, run.sums.left.total()) == (1, 0)
        row = Media.objects.get(pk=lost["id"])
        assert (row.status, row.reason, row.purged_at, row.blob_id) == ("failed", "bytes_missing", now, None)
        assert (row.caption, row.sha256) == ("", lost["sha256"])
        assert list(BlobRelease.objects.values_list("blob_id", flat=True)) == [blob.pk]
        answer = alice.api.download(lost["media_path"])
        assert refusal(answer) == (410, "media_gone")
        assert answer.json()["reason"] == "bytes_missing"

    def test_is_attached_to_by_nobody_after_a_fix(self, alice: Person, lost: dict[str, Any]) -> None:
        blob = blob_of(lost)
        reconcile(fix=True)
        again = alice.sent(jpeg(shade=1))
        assert blob_of(again).pk != blob.pk
        assert bytes_of(alice.api.download(again["media_path"])) == jpeg(shade=1)
        collection.collect(now=later())
        assert not Blob.objects.filter(pk=blob.pk).exists()
        assert bytes_of(alice.api.download(again["media_path"])) == jpeg(shade=1)


class TestMediaWhoseObjectIsMissing:
    """What becomes of them is between the rows, whatever the store."""

    @pytest.fixture
    def store(self, files: Path) -> str:
        return "files"

    def test_are_failed_in_batches(self, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(losses, "BATCH_ROWS", {"postgresql": 2, "sqlite": 2})
        media = [alice.sent(jpeg()) for _ in range(5)]
        other = alice.sent(jpeg(shade=9))
        replace(blob_of(media[0]).storage_key, None)
        run = reconcile(fix=True)
        assert run.sums.media_failed == 5
        assert BlobRelease.objects.count() == 5
        assert [blob.state for blob in Blob.objects.order_by("pk")] == ["condemned", "ready"]
        assert bytes_of(alice.api.download(other["media_path"])) == jpeg(shade=9)

    def test_that_have_gone_leave_a_blob_that_is_condemned(self, alice: Person, lost: dict[str, Any]) -> None:
        retention.remove(Media.objects.get(pk=lost["id"]), reason="client", now=timezone.now(), by="test")
        assert reconcile(fix=True).told[0][2] == "failed"
        assert [blob.state for blob in Blob.objects.all()] == ["condemned"]
        assert Media.objects.get(pk=lost["id"]).reason == "client"

    @pytest.mark.parametrize("held", ["media", "device", "app"])
    def test_stay_where_they_are_held(self, alice: Person, lost: dict[str, Any], held: str) -> None:
        subjects: dict[str, Any] = {"media": Media.objects.get(pk=lost["id"]), "device": alice.device, "app": alice.app}
        retention.hold(subjects[held], reason="case 7", until=None, by="test", now=timezone.now())
        before = everything()
        run = reconcile(fix=True)
        assert run.told == [("missing", blob_of(lost).storage_key, "")]
        assert (run.sums.media_failed, run.sums.left.total()) == (0, 1)
        assert run.findings[0].media_left == 1
        assert everything() == before

    def test_are_failed_beside_the_held_ones(self, alice: Person, lost: dict[str, Any]) -> None:
        beside = alice.sent(jpeg(shade=1))
        held = Media.objects.get(pk=lost["id"])
        retention.hold(held, reason="case 7", until=None, by="test", now=timezone.now())
        run = reconcile(fix=True)
        assert (run.sums.media_failed, run.findings[0].media_left, run.findings[0].fixed) == (1, 1, "")
        assert Media.objects.get(pk=beside["id"]).status == "failed"
        assert blob_of(lost).state == "ready"

    def test_are_failed_once_the_hold_is_over(self, alice: Person, lost: dict[str, Any]) -> None:
        until = timezone.now() + DAY
        retention.hold(alice.app, reason="case 7", until=until, by="test", now=timezone.now())
        assert reconcile(fix=True, now=until - DAY / 2).sums.media_failed == 0
        assert reconcile(fix=True, now=until).sums.media_failed == 1


class TestAnObjectWithoutBlob:
    def test_is_found_and_left_alone(self, orphan: str) -> None:
        before = everything()
        run = reconcile()
        assert run.told == [("orphan", orphan, "")]
        assert (run.sums.bytes_found, run.sums.bytes_deleted) == (5, 0)
        assert everything() == before

    def test_is_deleted_by_a_fix(self, alice: Person, orphan: str) -> None:
        media = alice.sent(jpeg())
        run = reconcile(fix=True)
        assert run.told == [("orphan", orphan, "deleted")]
        assert (run.sums.objects_deleted, run.sums.bytes_deleted, run.sums.left.total()) == (1, 5, 0)
        assert objects().size_of(orphan) is None
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    def test_is_spared_for_a_day(self, orphan: str) -> None:
        run = reconcile(fix=True, now=timezone.now() + DAY - timedelta(minutes=1))
        assert run.told == [("young", orphan, "")]
        assert run.sums.left == {Kind.YOUNG: 1}
        assert objects().size_of(orphan) == 5

    def test_is_spared_for_longer_where_that_was_asked_for(self, orphan: str) -> None:
        assert reconcile(fix=True, older_than=3 * DAY).told == [("young", orphan, "")]
        assert objects().size_of(orphan) == 5

    def test_is_never_spared_for_less_than_a_day(self, orphan: str) -> None:
        now = timezone.now() + DAY / 2
        assert reconcile(fix=True, older_than=timedelta(0), now=now).told == [("young", orphan, "")]
        listed = [entry for page in objects().listing(prefix="blobs/") for entry in page]
        assert collection.delete_orphans(listed, older_than=timedelta(0), now=now) == {}
        assert objects().size_of(orphan) == 5

    def test_is_found_where_its_app_is_not_known(self, alice: Person, tmp_path: Path) -> None:
        key = new_key(app_id=uuid.uuid4())
        put(key, b"12345", tmp_path)
        assert reconcile(fix=True).told == [("orphan", key, "deleted")]

    def test_that_the_store_will_not_delete_is_told(
        self, orphan: str, monkeypatch: pytest.MonkeyPatch, own_store: str
    ) -> None:
        monkeypatch.setattr(type(objects()), "delete", lambda _store, names: dict.fromkeys(names, "AccessDenied"))
        run = reconcile(fix=True)
        assert run.told == [("orphan", orphan, "")]
        assert run.findings[0].error == "AccessDenied"
        assert (run.sums.failed, run.sums.error, run.sums.left.total()) == (1, "AccessDenied", 1)

    def test_has_a_row_after_all_for_collection(self, alice: Person, own_store: str) -> None:
        alice.sent(jpeg())
        listed = [entry for page in objects().listing(prefix="blobs/") for entry in page]
        assert collection.delete_orphans(listed, older_than=DAY, now=later()) == {}
        assert len(stored_keys(alice.app)) == 1


class TestAnObjectOfAnotherSize:
    @pytest.mark.parametrize("fix", [True, False])
    def test_is_told_and_never_touched(self, alice: Person, fix: bool) -> None:
        key = blob_of(alice.sent(jpeg())).storage_key
        replace(key, b"123")
        before = everything()
        run = reconcile(fix=fix)
        assert run.told == [("wrong_size", key, "")]
        assert (run.findings[0].size, run.findings[0].store_size) == (len(jpeg()), 3)
        assert everything() == before


class TestNamesThatAreNotOurs:
    FOREIGN = (
        "blobs/note.txt",
        "blobs/.DS_Store",
        f"blobs/{'0' * 32}/00/{'0' * 31}",
        f"blobs/{'0' * 32}/00/{'0' * 33}",
        f"blobs/{'F' * 32}/FF/{'F' * 32}",
        f"blobs/{'0' * 32}/00/{'1' * 32}/more",
        f"blobs/{'0' * 32}/{'2' * 32}",
        "blobs/\u00e9\n\u2603",
    )
    OUTSIDE = (f"blobs2/{'0' * 32}/00/{'0' * 32}", f"blobsX{'0' * 32}/00/{'0' * 32}", "other", f"x/{FOREIGN[2]}")

    def test_are_told_and_never_deleted(self, alice: Person) -> None:
        for key in self.FOREIGN:
            replace(key, b"1")
        run = reconcile(fix=True)
        assert run.told == [("foreign", key, "") for key in sorted(self.FOREIGN)]
        assert set(keys()) >= set(self.FOREIGN)

    def test_are_not_even_seen_outside_our_prefix(self, alice: Person) -> None:
        for key in self.OUTSIDE:
            replace(key, b"1")
        assert reconcile(fix=True).told == []
        assert set(keys()) >= set(self.OUTSIDE)

    def test_are_deleted_by_no_caller(self, alice: Person) -> None:
        for key in self.FOREIGN:
            replace(key, b"1")
        listed = [entry for page in objects().listing(prefix="blobs/") for entry in page]
        assert len(listed) == len(self.FOREIGN)
        assert collection.delete_orphans(listed, older_than=DAY, now=later()) == {}

    def test_are_no_prefix_to_begin_with(self) -> None:
        for prefix in ("", "blobs", "blobs2/", "other"):
            with pytest.raises(ValueError, match="nothing else is ours"):
                reconcile(prefix=prefix, fix=True)

    def test_do_not_hide_what_lies_between_them(self, alice: Person, lost: dict[str, Any], orphan: str) -> None:
        names = [f"{orphan}.bak", f"{orphan[:41]}0", f"{blob_of(lost).storage_key}x", "blobs/zzz", "blobs/!"]
        for key in names:
            replace(key, b"1")
        run = reconcile(fix=True)
        assert sorted(run.told) == sorted(
            [
                ("missing", next(iter(Blob.objects.values_list("storage_key", flat=True))), "failed"),
                ("orphan", orphan, "deleted"),
                *(("foreign", key, "") for key in names),
            ]
        )


class TestAStoreThatIsNotOurs:
    @pytest.fixture(autouse=True)
    def damage(self, lost: dict[str, Any], orphan: str) -> None:
        """Enough to put right."""

    def refused(self, error: type[StorageUnavailable]) -> None:
        before = everything()
        with pytest.raises(error):
            reconcile(fix=True)
        assert everything() == before

    def test_by_another_mark_stops_everything(self) -> None:
        objects().write_mark("another's")
        self.refused(WrongStore)

    def test_by_no_mark_stops_everything(self) -> None:
        replace("blobs/.mediahub", None)
        self.refused(WrongStore)

    def test_as_nothing_was_ever_stored_stops_everything_and_is_not_marked(self) -> None:
        replace("blobs/.mediahub", None)
        StoreMark.objects.update(marked_at=None)
        self.refused(UnmarkedStore)
        assert objects().read_mark() is None

    def test_that_goes_away_in_the_middle_has_lost_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = everything()

        def vanish(*_: Any, **__: Any) -> Any:
            """As a disk does that is unmounted between the proof and the listing."""
            monkeypatch.setattr(type(objects()), "read_mark", lambda _store: None)
            return iter([])

        monkeypatch.setattr(type(objects()), "listing", vanish)
        with pytest.raises(WrongStore):
            reconcile(fix=True)
        monkeypatch.undo()
        assert everything() == before

    def test_is_asked_again_before_anything_is_deleted(self, orphan: str) -> None:
        listed = [entry for page in objects().listing(prefix="blobs/") for entry in page]
        objects().write_mark("another's")
        with pytest.raises(WrongStore):
            collection.delete_orphans(listed, older_than=DAY, now=later())
        assert objects().size_of(orphan) == 5


class TestWhatIsLookedAt:
    def test_is_one_apps_where_that_was_asked_for(
        self, alice: Person, bob: Person, lost: dict[str, Any], orphan: str, tmp_path: Path
    ) -> None:
        bobs = new_key(app_id=bob.app.pk)
        put(bobs, b"1", tmp_path)
        run = reconcile(fix=True, prefix=prefix_of(app_id=bob.app.pk))
        assert run.told == [("orphan", bobs, "deleted")]
        assert blob_of(lost).state == "ready"
        assert objects().size_of(orphan) == 5

    def test_is_any_part_of_a_key(self, alice: Person, lost: dict[str, Any], orphan: str) -> None:
        key = blob_of(lost).storage_key
        assert reconcile(prefix=orphan[:-10]).told == [("orphan", orphan, "")]
        assert reconcile(prefix=key[:-10]).told == [("missing", key, "")]
        assert reconcile(prefix=f"{key}/").told == []


class TestALongStore:
    """Twenty objects and rows, some of them damaged, in pages of four and stretches of three rows."""

    @pytest.fixture
    def damage(self, own_store: str, alice: Person, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
        self.make_short(monkeypatch)
        now, blobs, told = timezone.now(), [], []
        for number in range(24):
            key, kind = new_key(app_id=alice.app.pk), ("missing", "orphan", "wrong_size", "", "", "")[number % 6]
            if kind != "orphan":
                sha256 = secrets.token_hex(32)
                blob = Blob(app=alice.app, sha256=sha256, size=5, storage_key=key, created_at=now)
                blob.state, blob.ready_at = Blob.State.READY, now
                blobs.append(blob)
            if kind != "missing":
                replace(key, b"1" if kind == "wrong_size" else b"12345")
            told += [(kind, key, "")] if kind else []
        Blob.objects.bulk_create(blobs)
        return sorted(told, key=lambda finding: finding[1])

    def make_short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in ("files", "s3"):
            monkeypatch.setattr(f"media_store.storage.{module}.PAGE_KEYS", 4)
        monkeypatch.setattr(stretches, "STRETCH_ROWS", 3)

    def test_is_compared_whole(self, damage: list[tuple[str, str, str]]) -> None:
        run = reconcile()
        assert run.told == damage
        assert (run.sums.objects, run.sums.rows) == (20, 20)

    def test_may_have_lost_every_object(self, damage: list[tuple[str, str, str]]) -> None:
        for key in keys():
            if key != "blobs/.mediahub":
                replace(key, None)
        run = reconcile(fix=True)
        assert (run.sums.objects, run.sums.rows, run.sums.found) == (0, 20, {Kind.MISSING: 20})

    def test_may_have_lost_every_row(self, damage: list[tuple[str, str, str]]) -> None:
        rows = Blob.objects.all()
        rows._raw_delete(rows.db)
        run = reconcile(fix=True)
        assert (run.sums.objects, run.sums.rows, run.sums.found) == (20, 0, {Kind.ORPHAN: 20})
        assert keys() == ["blobs/.mediahub"]

    @pytest.mark.parametrize(("limit", "fix"), [(1, True), (7, True), (7, False)])
    def test_is_gone_through_piece_by_piece(self, damage: list[tuple[str, str, str]], limit: int, fix: bool) -> None:
        replace("blobs/foreign", b"1")
        told: list[tuple[str, str]] = []
        last_key, pieces = "", 0
        while True:
            run = reconcile(start_after=last_key, limit=limit, fix=fix)
            ours = [finding for finding in run.told if finding[0] != "foreign"]
            assert len(ours) <= limit
            told += [finding[:2] for finding in ours]
            pieces += 1
            if run.sums.is_complete:
                break
            assert run.sums.last_key > last_key
            last_key = run.sums.last_key
        assert told == [finding[:2] for finding in damage]
        assert pieces >= len(damage) // limit

    def test_is_gone_through_page_by_page_as_one_is_stopped(self, damage: list[tuple[str, str, str]]) -> None:
        told, last_key, is_complete = [], "", False
        while not is_complete:
            once = iter([True])
            findings: list[Finding] = []
            sums = reconciling.reconcile(
                Choice(start_after=last_key),
                now=later(),
                on_finding=findings.append,
                may_go_on=lambda: next(once, False),  # noqa: B023 - each run's own
            )
            told += [(str(finding.kind), finding.key, "") for finding in findings]
            is_complete, last_key = sums.is_complete, sums.last_key
        assert told == damage

    def test_needs_no_second_run(self, damage: list[tuple[str, str, str]]) -> None:
        reconcile(fix=True)
        left = [finding for finding in damage if finding[0] == "wrong_size"]
        assert reconcile(fix=True).told == left


class TestProof:
    def test_of_an_unmarked_store_is_not_given_by_looking(self, own_store: str) -> None:
        store_mark.prove_marked()
        replace("blobs/.mediahub", None)
        with pytest.raises(WrongStore):
            store_mark.prove_marked()
