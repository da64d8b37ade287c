"""`manage.py reconcile_storage`: what it writes, where it writes it, and with which code it ends."""

import io
import json
import signal
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from devices.management.door import INTERRUPTED
from devices.models import AuditEvent
from media_store import failpoints, retention
from media_store.models import Blob, Media, PurgeRun
from media_store.storage import new_key, objects
from tests.media_files import jpeg
from tests.people import Person
from tests.stores import keys, mark, put, replace

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    error: str
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def run(*arguments: str) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    code, error = 0, ""
    try:
        call_command("reconcile_storage", *arguments, stdout=out, stderr=err)
    except CommandError as refused:
        code, error = refused.returncode, str(refused)
    return Ended(code=code, error=error, out=out.getvalue(), err=err.getvalue())


def run_later(*arguments: str) -> Ended:
    """In two days, when all that lies there now is old."""
    with time_machine.travel(timezone.now().timestamp() + 2 * 86_400, tick=True):
        return run(*arguments)


@pytest.fixture(autouse=True)
def own_files(db: None, files: Path) -> Path:
    mark()
    return files


@pytest.fixture
def key(alice: Person) -> str:
    """The key of the object of a media of alice's."""
    alice.sent(jpeg())
    return str(Blob.objects.get().storage_key)


@pytest.fixture
def orphan(alice: Person, tmp_path: Path) -> str:
    key = new_key(app_id=alice.app.pk)
    put(key, b"12345", tmp_path)
    return key


class TestLooking:
    def test_at_order_ends_with_0_and_writes_nothing_to_stdout(self, key: str) -> None:
        ended = run()
        assert (ended.code, ended.out) == (0, "")
        assert ended.err.startswith("Compared 1 objects with 1 rows.")

    def test_writes_a_line_for_each_finding_and_ends_with_1(self, key: str, orphan: str) -> None:
        replace(key, None)
        ended = run_later()
        assert ended.code == 1
        assert ended.error == "2 findings are left."
        lines = sorted(ended.out.splitlines())
        assert lines[0] == f"missing     {key}  {len(jpeg())} bytes, 1 media refer to it"
        assert lines[1].startswith(f"orphan      {orphan}  5 bytes, of 20")
        assert "--fix puts right what can be" in ended.err

    def test_is_what_it_does_where_nothing_else_was_asked_for(self, key: str, orphan: str) -> None:
        replace(key, None)
        run_later()
        run_later("--dry-run")
        assert objects().size_of(orphan) == 5
        assert Media.objects.get().status == "ready"

    def test_writes_one_json_object(self, alice: Person, key: str, orphan: str) -> None:
        replace(key, b"123")
        ended = run_later("--json", "--app", "alice")
        assert ended.document == {
            "fix": False,
            "objects": 2,
            "rows": 1,
            "found": {"missing": 0, "orphan": 1, "young": 0, "wrong_size": 1, "foreign": 0},
            "left": {"missing": 0, "orphan": 1, "young": 0, "wrong_size": 1, "foreign": 0},
            "bytes_without_blob": 5,
            "media_failed": 0,
            "objects_deleted": 0,
            "bytes_deleted": 0,
            "last_key": f"blobs/{alice.app.pk.hex}/ff/{'f' * 32}",
            "complete": True,
        }
        assert f"wrong_size  {key}  {len(jpeg())} bytes by the row, 3 in the store" in ended.err

    def test_is_quiet_where_it_was_told_to(self, orphan: str) -> None:
        ended = run_later("--json", "--quiet")
        assert (ended.code, ended.err) == (1, "")
        assert ended.document["found"]["orphan"] == 1

    def test_shows_no_terminal_what_a_stranger_chose(self, own_files: Path) -> None:
        replace("blobs/\x1b[2J\n\u202e", b"1")
        ended = run()
        assert ended.out.startswith("foreign     blobs/\\x1b[2J\\n\\u202e  1 bytes")
        assert ended.code == 1


class TestFixing:
    def test_puts_right_and_ends_with_0(self, key: str, orphan: str) -> None:
        replace(key, None)
        ended = run_later("--fix", "--yes", "--json")
        assert ended.code == 0
        assert ended.document["left"] == dict.fromkeys(ended.document["found"], 0)
        assert (ended.document["media_failed"], ended.document["bytes_deleted"]) == (1, 5)
        assert "1 media marked failed" in ended.err
        assert objects().size_of(orphan) is None
        assert Media.objects.get().reason == "bytes_missing"

    def test_is_told_in_the_trail(self, alice: Person, key: str, orphan: str) -> None:
        replace(key, None)
        run_later("--dry-run")
        assert not AuditEvent.objects.exists()
        run_later("--fix", "--yes")
        told = {event.subject: event for event in AuditEvent.objects.filter(action="storage_reconciled")}
        lost, deleted = told[key], told[orphan]
        assert (lost.app_id, lost.details["media_failed"], lost.details["reason"]) == (alice.app.pk, 1, "bytes_missing")
        assert deleted.details == {"objects": 1, "bytes": 5, "last_key": orphan}
        assert all(event.by.startswith("operator ") for event in told.values())
        run_later("--fix", "--yes")
        assert AuditEvent.objects.count() == len(told)

    def test_of_what_is_held_ends_with_1(self, alice: Person, key: str) -> None:
        replace(key, None)
        retention.hold(alice.app, reason="case 7", until=None, by="test", now=timezone.now())
        ended = run_later("--fix", "--yes")
        assert (ended.code, ended.error) == (1, "1 finding is left.")
        assert Media.objects.get().status == "ready"

    def test_spares_what_is_younger_than_was_asked_for(self, orphan: str) -> None:
        assert run_later("--fix", "--yes", "--older-than", "3d").out.startswith("young")
        assert run_later("--fix", "--yes", "--older-than", "36h").code == 0

    def test_asks_first(self, orphan: str, monkeypatch: pytest.MonkeyPatch) -> None:
        stdin = io.StringIO("no\ny\n")
        monkeypatch.setattr(stdin, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", stdin)
        refused = run_later("--fix")
        assert (refused.code, refused.error) == (1, "Nothing was changed.")
        assert "older than 24 hours, will be deleted for good" in refused.err
        assert objects().size_of(orphan) == 5
        assert run_later("--fix").code == 0
        assert objects().size_of(orphan) is None

    def test_is_refused_where_nobody_can_answer(self, orphan: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        ended = run_later("--fix")
        assert (ended.code, ended.error) == (2, "Nobody is here to ask: give --yes to go on.")
        assert objects().size_of(orphan) == 5

    def test_ends_at_the_limit_and_goes_on_from_there(self, alice: Person, tmp_path: Path) -> None:
        orphans = sorted(new_key(app_id=alice.app.pk) for _ in range(3))
        for key in orphans:
            put(key, b"12345", tmp_path)
        first = run_later("--fix", "--yes", "--limit", "2", "--json")
        assert (first.code, first.document["complete"], first.document["last_key"]) == (0, False, orphans[1])
        assert f"to go on: --start-after {orphans[1]}" in first.err
        second = run_later("--fix", "--yes", "--start-after", orphans[1], "--json")
        assert (second.code, second.document["complete"], second.document["objects_deleted"]) == (0, True, 1)


class TestStopping:
    @pytest.fixture
    def pages(self, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Six orphans on pages of two."""
        monkeypatch.setattr("media_store.storage.files.PAGE_KEYS", 2)
        orphans = sorted(new_key(app_id=alice.app.pk) for _ in range(6))
        for key in orphans:
            put(key, b"12345", tmp_path)
        return orphans

    def test_comes_after_the_page_in_hand_and_tells_how_to_go_on(self, pages: list[str]) -> None:
        with failpoints.at("reconcile.orphans_asked", lambda: signal.raise_signal(signal.SIGINT)):
            ended = run_later("--fix", "--yes", "--json")
        assert ended.code == 1
        assert ended.error == f"Stopped before the end. To go on: --start-after {pages[1]}"
        assert "Ending after what is in hand" in ended.err
        assert (ended.document["objects_deleted"], ended.document["complete"]) == (2, False)
        assert [objects().size_of(key) for key in pages] == [None, None, 5, 5, 5, 5]
        assert run_later("--fix", "--yes", "--start-after", pages[1]).code == 0
        assert not any(objects().size_of(key) for key in pages)

    def test_does_not_wait_where_it_is_asked_for_twice(self, pages: list[str]) -> None:
        def twice() -> None:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

        with failpoints.at("reconcile.orphans_asked", twice):
            assert run_later("--fix", "--yes").code == INTERRUPTED
        assert objects().size_of(pages[0]) == 5
        assert PurgeRun.objects.get().outcome == "failed"

    def test_gives_ctrl_c_back(self, pages: list[str]) -> None:
        before = signal.getsignal(signal.SIGINT)
        run_later("--fix", "--yes")
        assert signal.getsignal(signal.SIGINT) is before


class TestAWrongStore:
    def test_is_told_in_a_sentence_and_changes_nothing(self, key: str, orphan: str) -> None:
        objects().write_mark("another's")
        ended = run_later("--fix", "--yes", "--json")
        assert ended.code == 1
        assert "bears the mark of another installation" in ended.error
        assert (ended.document["objects"], ended.document["complete"]) == (0, False)
        assert objects().size_of(orphan) == 5

    def test_that_fails_in_the_middle_tells_how_to_go_on(
        self, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("media_store.storage.files.PAGE_KEYS", 2)
        orphans = sorted(new_key(app_id=alice.app.pk) for _ in range(4))
        for key in orphans:
            put(key, b"12345", tmp_path)
        pages = count(1)

        def lose_the_mark() -> None:
            if next(pages) == 2:
                objects().write_mark("another's")

        with failpoints.at("reconcile.listed", lose_the_mark):
            ended = run_later("--fix", "--yes")
        assert ended.code == 1
        assert ended.error.endswith(f"To go on: --start-after {orphans[1]}")
        assert [objects().size_of(key) for key in orphans] == [None, None, 5, 5]


class TestRuns:
    def test_leave_a_row_each(self, key: str, orphan: str) -> None:
        replace(key, None)
        run_later()
        run_later("--fix", "--yes")
        looked, fixed = PurgeRun.objects.order_by("pk")
        assert (looked.work, looked.outcome, looked.rows, looked.objects_deleted) == ("reconcile", "done", 0, 0)
        assert looked.choice == "dry run, blobs/, older than 24 hours"
        assert (fixed.outcome, fixed.rows, fixed.objects_deleted, fixed.bytes) == ("done", 1, 1, 5)
        assert fixed.choice.startswith("fix, ")
        assert fixed.by.startswith("operator ")
        assert fixed.ended_at is not None

    def test_that_failed_say_why(self, orphan: str) -> None:
        replace("blobs/.mediahub", None)
        run_later("--fix", "--yes")
        row = PurgeRun.objects.get()
        assert row.outcome == "failed"
        assert "bears no mark" in row.error


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("--older-than", "12h"), "nothing younger than a day"),
            (("--older-than", "0d"), "nothing younger than a day"),
            (("--older-than", "never"), "none of 1d, 36h, 2w"),
            (("--older-than", "2026-01-01"), "none of 1d, 36h, 2w"),
            (("--limit", "0"), "no number from 1 up"),
            (("--limit", "-1"), "no number from 1 up"),
            (("--prefix", "blobs"), "nothing else is MediaHub's"),
            (("--prefix", "blobs2/"), "nothing else is MediaHub's"),
            (("--prefix", ""), "nothing else is MediaHub's"),
            (("--start-after", "blobs/x"), "no key of an object"),
            (("--fix", "--dry-run"), "not allowed with"),
        ],
    )
    def test_that_cannot_be_meant_is_refused(self, orphan: str, arguments: tuple[str, ...], complaint: str) -> None:
        with pytest.raises(CommandError, match=complaint):
            call_command("reconcile_storage", *arguments)
        assert not PurgeRun.objects.exists()

    @pytest.mark.parametrize("command", ["reconcile_storage", "verify_media"])
    def test_of_an_app_without_a_name_is_refused(self, orphan: str, command: str) -> None:
        """A variable that was never set is no word for every app."""
        more = ["--fix", "--yes"] if command == "reconcile_storage" else ["--all"]
        with pytest.raises(CommandError, match="no app"):
            call_command(command, "--app", "", *more)
        assert orphan in keys()

    def test_that_excludes_itself_ends_with_2(self, alice: Person, bob: Person, orphan: str) -> None:
        bobs = f"blobs/{bob.app.pk.hex}/"
        assert run("--app", "alice", "--prefix", bobs).code == 2
        assert run("--app", "bob", "--start-after", orphan).code == 2
        assert run("--app", "alice", "--prefix", orphan[:40], "--start-after", orphan).code == 0

    @pytest.mark.parametrize("command", ["reconcile_storage", "verify_media"])
    def test_is_taught_by_examples(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            call_command(command, "--help")
        shown = capsys.readouterr().out
        assert f"examples:\n  manage.py {command}" in shown
        assert "exit codes: 0 " in shown
