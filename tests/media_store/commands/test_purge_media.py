"""What an operator purges: what goes, what stays, what is asked, and what is told."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices.models import AuditEvent
from media_store import failpoints, retention
from media_store.models import Blob, Lease, Media, PurgeRun
from tests.media_files import incompressible, jpeg, m4a
from tests.media_store.commands.conftest import (
    age,
    bring_forward,
    done,
    expire,
    path_of,
    purged,
    run,
    statuses,
)
from tests.media_store.rows import expired_of, stored_of
from tests.people import Person, refusal, stored_keys


@pytest.fixture
def small_brake(settings: Settings) -> None:
    """The brake holds from the third media of an app on."""
    settings.BRAKE_MIN_MEDIA, settings.BRAKE_PERCENT = 2, 50


def sent(person: Person, count: int, *, first: int = 0) -> list[str]:
    stored = stored_of(person.app, device=person.device, direction="outbound", count=count, first=first)
    return [media.path for media in stored]


def hold(path: str) -> None:
    media = Media.objects.get(path=path)
    retention.hold(media, reason="case 12", until=None, by="test", now=timezone.now())


class TestWhatExpired:
    def test_goes_unasked_with_its_objects(self, alice: Person) -> None:
        old, fresh = sent(alice, 2)
        expire(old)
        result = done("purge_media")
        assert purged(alice) == {old}
        assert refusal(alice.api.download(old)) == (410, "media_gone")
        assert alice.api.download(fresh).status_code == 200
        assert len(stored_keys(alice.app)) == 1
        size = len(jpeg(shade=0))
        assert result == {
            "dry_run": False,
            "choice": "--expired",
            "chosen": 1,
            "chosen_bytes": size,
            "expired": 1,
            "brought_forward": 0,
            "not_expired": 0,
            "held": 0,
            "waiting": 0,
            "braked": 0,
            "limit": None,
            "rows": 1,
            "bytes_let_go": size,
            "objects_deleted": 1,
            "bytes_freed": size,
            "objects_failed": 0,
            "outcome": "done",
            "error": "",
        }

    def test_tells_bytes_that_others_share_from_bytes_that_were_freed(self, alice: Person) -> None:
        one, other = path_of(alice.sent(jpeg())), path_of(alice.sent(jpeg()))
        expire(one)
        told = run("purge_media", "--json")
        assert told.result["bytes_let_go"] == len(jpeg())
        assert told.result["bytes_freed"] == told.result["objects_deleted"] == 0
        assert "Bytes that several media share count for each of them" in told.talk
        assert alice.api.download(other).status_code == 200

    def test_stays_where_it_is_held_and_is_shown_so(self, alice: Person) -> None:
        held, free = sent(alice, 2)
        expire(held, free)
        hold(held)
        told = run("purge_media", "--json")
        assert purged(alice) == {free}
        assert told.result["held"] == 1
        assert "stay: under a legal hold" in told.talk

    def test_of_many_apps_is_told_by_app_and_kind(self, alice: Person, bob: Person) -> None:
        paths = [*sent(alice, 2), path_of(bob.sent(m4a(), type="audio"))]
        expire(*paths)
        lines = [line.split() for line in run("purge_media", "--dry-run").talk.splitlines()]
        assert ["alice", "image", "go:", "expired", "2"] in [line[:5] for line in lines]
        assert ["bob", "audio", "go:", "expired", "1"] in [line[:5] for line in lines]
        assert ["in", "all", "3"] in [line[:3] for line in lines]

    def test_leaves_a_run_each_for_the_rows_and_the_objects(self, alice: Person) -> None:
        expire(*sent(alice, 3))
        run("purge_media")
        rows, objects = PurgeRun.objects.order_by("pk")
        assert (rows.work, rows.outcome, rows.rows, rows.choice) == ("purge", "done", 3, "--expired")
        assert (objects.work, objects.outcome, objects.objects_deleted) == ("collection", "done", 3)
        assert rows.by.startswith("operator ")
        assert rows.bytes == objects.bytes == sum(len(jpeg(shade=shade)) for shade in range(3))

    def test_is_no_staff_purge_for_the_trail(self, alice: Person) -> None:
        expire(*sent(alice, 1))
        run("purge_media")
        assert not AuditEvent.objects.filter(action=AuditEvent.Action.MEDIA_PURGED).exists()
        assert Media.objects.get().reason == "retention"

    def test_is_nothing_on_a_quiet_day(self, alice: Person) -> None:
        sent(alice, 1)
        told = run("purge_media", "--json")
        assert "Nothing to purge." in told.talk
        assert (told.result["rows"], told.result["objects_deleted"]) == (0, 0)

    def test_whose_purge_was_killed_before_its_objects_went_loses_them_next_time(self, alice: Person) -> None:
        old = sent(alice, 1)
        expire(*old)
        retention.purge(Media.objects.all(), now=timezone.now())
        assert done("purge_media")["objects_deleted"] == 1
        assert stored_keys(alice.app) == []

    def test_gives_the_leases_back(self, alice: Person) -> None:
        expire(*sent(alice, 1))
        run("purge_media")
        assert not Lease.objects.exists()


class TestChoosers:
    def test_before_a_date_takes_what_came_before_it(self, alice: Person) -> None:
        old, fresh = sent(alice, 2)
        age(old, days=40)
        date = f"{timezone.now() - timedelta(days=30):%Y-%m-%d}"
        result = done("purge_media", "--before", date, "--yes")
        assert purged(alice) == {old}
        assert (result["expired"], result["not_expired"]) == (0, 1)
        assert result["choice"] == f"--before {date}T00:00:00Z"
        assert Media.objects.get(path=old).reason == "staff"
        assert alice.api.download(fresh).status_code == 200

    @pytest.mark.parametrize(("span", "gone"), [("30d", {40}), ("2w", {20, 40}), ("12h", {1, 20, 40}), ("50d", set())])
    def test_before_a_span_takes_what_is_older(self, alice: Person, span: str, gone: set[int]) -> None:
        paths = dict(zip((0, 1, 20, 40), sent(alice, 4), strict=True))
        for days, path in paths.items():
            age(path, days=days)
        done("purge_media", "--before", span, "--yes")
        assert purged(alice) == {paths[days] for days in gone}

    @pytest.mark.parametrize(("size", "gone"), [("2KB", {3_000, 5_000}), ("3000", {5_000}), ("0.004 MB", {5_000})])
    def test_larger_than_takes_what_has_more_bytes(self, alice: Person, size: str, gone: set[int]) -> None:
        paths = {count: path_of(alice.uploaded(incompressible(count))) for count in (1_000, 3_000, 5_000)}
        done("purge_media", "--larger-than", size, "--yes")
        assert purged(alice) == {paths[count] for count in gone}

    def test_together_must_all_be_met(self, alice: Person) -> None:
        both, only_old, only_large = (path_of(alice.uploaded(incompressible(count))) for count in (5_000, 1_000, 6_000))
        age(both, days=40)
        age(only_old, days=40)
        done("purge_media", "--before", "30d", "--larger-than", "2KB", "--yes")
        assert purged(alice) == {both}
        assert {only_old, only_large} == set(statuses(alice)) - {both}

    def test_with_expired_spare_what_is_not(self, alice: Person) -> None:
        expired, aged = sent(alice, 2)
        expire(expired)
        age(aged, days=60)
        done("purge_media", "--expired", "--before", "10d")
        assert purged(alice) == {expired}


class TestNarrowers:
    def test_spare_what_they_do_not_name(self, alice: Person, bob: Person) -> None:
        device = alice.another_device()
        image, upload = path_of(alice.sent(jpeg())), path_of(alice.uploaded(jpeg(shade=1)))
        audio = path_of(alice.sent(m4a(), type="audio"))
        other = path_of(alice.api.send(device, jpeg(shade=2)).json()["media"])
        foreign = path_of(bob.sent(jpeg()))
        expire(image, upload, audio, other, foreign)
        for arguments, gone in [
            (("--app", "bob"), foreign),
            (("--device", str(device.pk)), other),
            (("--app", "alice", "--kind", "audio"), audio),
            (("--app", str(alice.app.pk), "--direction", "upload"), upload),
            (("--device", "alice's phone"), image),
        ]:
            assert done("purge_media", *arguments)["rows"] == 1
            assert Media.objects.get(path=gone).status == "purged"

    def test_with_a_device_of_another_app_are_refused(self, alice: Person, bob: Person) -> None:
        told = run("purge_media", "--app", "bob", "--device", str(alice.device.pk))
        assert (told.code, told.sentence) == (
            2,
            f"There is no device of the app 'bob' with the id or name '{alice.device.pk}'.",
        )


class TestLimits:
    def test_take_so_many_and_leave_the_rest(self, alice: Person) -> None:
        expire(*sent(alice, 5))
        told = run("purge_media", "--limit", "3", "--batch-size", "2", "--json")
        assert (told.result["rows"], told.result["limit"], len(purged(alice))) == (3, 3, 3)
        assert "3 at most" in told.talk
        assert done("purge_media")["rows"] == 2

    def test_are_filled_by_what_expired_first_so_that_nothing_is_asked(self, alice: Person) -> None:
        paths = sent(alice, 4)
        for path in paths:
            age(path, days=40)
        expire(*paths[:2])
        assert done("purge_media", "--before", "10d", "--limit", "2")["rows"] == 2
        assert purged(alice) == set(paths[:2])

    def test_of_a_batch_are_those_of_a_transaction(self, alice: Person) -> None:
        expire(*sent(alice, 5))
        left: list[int] = []
        with failpoints.at("retention.batch_purged", lambda: left.append(5 - len(purged(alice)))):
            run("purge_media", "--batch-size", "2")
        assert left == [3, 1, 0]


class TestADryRun:
    def test_shows_and_writes_nothing_at_all(self, alice: Person, django_assert_num_queries: Any) -> None:
        old, aged = sent(alice, 2)
        expire(old)
        age(aged, days=40)
        before = [sorted(model.objects.values_list()) for model in (Media, Blob, PurgeRun, Lease, AuditEvent)]
        told = run("purge_media", "--before", "10d", "--dry-run", "--json")
        assert told.result["dry_run"] is True
        assert (told.result["chosen"], told.result["expired"], told.result["not_expired"]) == (2, 1, 1)
        assert "rows" not in told.result
        assert "go: chosen, not expired" in told.talk
        after = [sorted(model.objects.values_list()) for model in (Media, Blob, PurgeRun, Lease, AuditEvent)]
        assert after == before

    def test_tells_of_the_brake(self, alice: Person, small_brake: None) -> None:
        for path in sent(alice, 4):
            age(path, days=40)
        told = run("purge_media", "--before", "10d", "--dry-run", "--json")
        assert (told.code, told.result["braked"], told.result["chosen"]) == (0, 4, 0)
        assert "4 of the 4 media that the app 'alice' has stored would go" in told.talk
        assert "stay: stopped by the brake" in told.talk

    def test_promises_what_the_purge_then_does(self, alice: Person, small_brake: None) -> None:
        """The brake weighs what is left once the expired ones have gone."""
        paths = sent(alice, 10)
        for path in paths[:9]:
            age(path, days=40)
        expire(*paths[:5])
        foretold = run("purge_media", "--before", "10d", "--dry-run", "--json").result
        told = run("purge_media", "--before", "10d", "--yes", "--json")
        assert (foretold["chosen"], foretold["braked"]) == (5, 4)
        assert (told.code, told.result["rows"]) == (3, 5)


class TestAsking:
    @pytest.fixture
    def aged(self, alice: Person) -> list[str]:
        paths = sent(alice, 3)
        expire(paths[0])
        age(paths[0], days=40)
        age(paths[1], days=40)
        return paths

    def test_is_refused_without_anybody_there(self, alice: Person, aged: list[str]) -> None:
        told = run("purge_media", "--before", "10d", "--json")
        assert (told.code, told.out) == (2, "")
        assert "--yes" in told.sentence
        assert "go: chosen, not expired" in told.talk
        assert purged(alice) == set()
        assert not PurgeRun.objects.exists()

    def test_is_left_out_with_yes(self, alice: Person, aged: list[str]) -> None:
        assert done("purge_media", "--before", "10d", "--yes")["rows"] == 2
        assert purged(alice) == set(aged[:2])
        assert {row.path: row.reason for row in Media.objects.filter(path__in=aged[:2])} == {
            aged[0]: "retention",
            aged[1]: "staff",
        }

    def test_is_done_about_what_a_changed_rule_brought_forward(
        self, alice: Person, aged: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bring_forward(aged[2])
        terminal = io.StringIO("n\n")
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        told = run("purge_media")
        assert (told.code, told.sentence) == (1, "Nothing was touched.")
        assert "go: expired since a rule was changed" in told.talk
        assert purged(alice) == set()
        assert done("purge_media", "--yes")["brought_forward"] == 1
        assert Media.objects.get(path=aged[2]).reason == "retention"

    def test_keeps_nothing_waiting_that_merely_expired(
        self, alice: Person, aged: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bring_forward(aged[2])
        told = run("purge_media", "--json", "--quiet")
        assert told.talk == ""
        assert told.code == 1
        assert told.sentence.startswith("Left 1 media that expired since a rule was changed")
        assert "--yes" in told.sentence
        assert purged(alice) == {aged[0]}
        assert (told.result["rows"], told.result["objects_deleted"], told.result["outcome"]) == (1, 1, "partly")
        assert told.result["brought_forward"] == 1
        # And goes on saying so, until somebody is there or says yes.
        monkeypatch.setattr("sys.stdin", None)
        assert run("purge_media").code == 1
        assert run("purge_media", "--before", "10d").code == 2
        assert done("purge_media", "--yes")["rows"] == 1

    def test_is_not_done_about_media_that_are_held(self, alice: Person, aged: list[str]) -> None:
        hold(aged[1])
        assert done("purge_media", "--before", "10d")["rows"] == 1

    def test_leaves_an_event_for_each_batch_that_did_not_merely_expire(self, alice: Person, aged: list[str]) -> None:
        run("purge_media", "--before", "10d", "--yes")
        event = AuditEvent.objects.get(action=AuditEvent.Action.MEDIA_PURGED)
        size = Media.objects.get(path=aged[1]).size
        assert (event.app_id, event.details) == (alice.app.pk, {"media": 1, "bytes": size, "reason": "staff"})
        assert event.subject.startswith("--before ")
        assert event.by.startswith("operator ")


@pytest.mark.usefixtures("small_brake")
class TestTheBrake:
    def test_stops_a_filter_that_takes_too_much(self, alice: Person) -> None:
        paths = sent(alice, 4)
        for path in paths[:3]:
            age(path, days=40)
        told = run("purge_media", "--before", "10d", "--yes", "--json")
        assert (told.code, told.result["outcome"], told.result["rows"]) == (3, "stopped", 0)
        assert "3 of the 4 media that the app 'alice' has stored would go" in told.sentence
        assert "--force" in told.sentence
        assert purged(alice) == set()
        assert PurgeRun.objects.get(work="purge").outcome == "stopped"

    def test_lets_what_merely_expired_go_all_the_same(self, alice: Person) -> None:
        paths = sent(alice, 8)
        for path in paths:
            age(path, days=40)
        expire(*paths[:4])
        told = run("purge_media", "--before", "10d", "--json")
        assert (told.code, told.result["rows"], told.result["objects_deleted"]) == (3, 4, 4)
        assert purged(alice) == set(paths[:4])

    def test_lets_all_that_an_app_has_expire_in_one_hour(self, alice: Person) -> None:
        paths = sent(alice, 6)
        expire(*paths)
        assert done("purge_media")["rows"] == 6

    def test_stops_what_a_changed_rule_brought_forward(self, alice: Person) -> None:
        paths = sent(alice, 4)
        bring_forward(*paths[:3])
        told = run("purge_media", "--json")
        assert (told.code, told.result["braked"], purged(alice)) == (3, 3, set())

    def test_leaves_what_a_rule_brought_forward_that_is_being_applied(self, alice: Person) -> None:
        paths = sent(alice, 4)
        bring_forward(paths[0])
        retention.set_rule(app=alice.app, keep_days=2, now=timezone.now(), by="test")
        plan = run("purge_media", "--dry-run", "--json")
        assert (plan.result["brought_forward"], plan.result["waiting"], plan.result["chosen"]) == (0, 1, 0)
        assert "stay: a changed rule is still being applied" in run("purge_media", "--dry-run").talk
        assert done("purge_media", "--yes")["rows"] == 0
        assert done("purge_media", "--yes", "--force")["rows"] == 1

    def test_gives_way_to_force(self, alice: Person) -> None:
        paths = sent(alice, 4)
        bring_forward(*paths)
        assert run("purge_media", "--force").code == 2
        assert done("purge_media", "--force", "--yes")["rows"] == 4

    def test_stops_one_app_and_not_the_other(self, alice: Person, bob: Person) -> None:
        for path in sent(alice, 4):
            age(path, days=40)
        one, *_ = sent(bob, 4)
        age(one, days=40)
        told = run("purge_media", "--before", "10d", "--yes", "--json")
        assert (told.code, purged(alice), purged(bob)) == (3, set(), {one})

    def test_lets_a_share_or_a_few_go(self, alice: Person, bob: Person) -> None:
        paths, few = sent(alice, 6), sent(bob, 2)
        for path in [*paths[:3], *few]:
            age(path, days=40)
        assert done("purge_media", "--before", "10d", "--yes")["rows"] == 5

    def test_counts_no_more_than_the_limit(self, alice: Person) -> None:
        paths = sent(alice, 6)
        for path in paths:
            age(path, days=40)
        assert done("purge_media", "--before", "10d", "--yes", "--limit", "3")["rows"] == 3
        assert run("purge_media", "--before", "1d", "--yes", "--limit", "3").code == 3


@pytest.mark.once
class TestNonsense:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("--before", "yesterday"), "none of 12h, 30d"),
            (("--before", "never"), "none of 12h, 30d"),
            (("--before", ""), "none of 12h, 30d"),
            (("--before", "2026-13-01"), "none of 12h, 30d"),
            (("--before", "-3d"), "expected one argument"),
            (("--before=-3d",), "none of 12h, 30d"),
            (("--before", "9999-01-01"), "lies in the future"),
            (("--larger-than", "big"), "no size"),
            (("--larger-than=-1",), "no size"),
            (("--larger-than", "9999999999TB"), "no size"),
            (("--larger-than", "1e5"), "no size"),
            (("--limit", "0"), "no number from 1"),
            (("--limit=-5",), "no number from 1"),
            (("--limit", "\u0661"), "no number from 1"),
            (("--limit", "99999999999999999999"), "no number from 1"),
            (("--batch-size", "0"), "no number from 1"),
            (("--batch-size", "60000"), "50000 at most"),
            (("--kind", "gif"), "invalid choice"),
            (("--direction", "sideways"), "invalid choice"),
            (("--app", "nobody"), "There is no app"),
            (("--app", ""), "There is no app"),
            (("--app", "a\0b"), "is no text"),
            (("--device", "\udcff"), "is no text"),
            (("--device", "nobody"), "There is no device"),
            (("--explain", "media/x", "--before", "3d"), "takes nothing"),
            (("--explain", "media/x", "--dry-run"), "takes nothing"),
            (("media",), "unrecognized arguments"),
        ],
    )
    def test_is_refused_in_a_sentence(self, alice: Person, arguments: tuple[str, ...], complaint: str) -> None:
        expired_of(alice.app)
        told = run("purge_media", *arguments)
        assert complaint in told.sentence
        assert told.code != 0
        assert purged(alice) == set()


@pytest.mark.once
class TestTalk:
    def test_is_none_with_quiet(self, alice: Person) -> None:
        expire(*sent(alice, 2))
        told = run("purge_media", "--quiet")
        assert (told.out, told.talk, len(purged(alice))) == ("", "", 2)

    def test_of_a_question_is_shown_all_the_same(self, alice: Person) -> None:
        age(*sent(alice, 1), days=40)
        assert "chosen, not expired" in run("purge_media", "--before", "1d", "--quiet").talk

    def test_is_a_line_for_each_piece_of_work_without_a_terminal(self, alice: Person) -> None:
        expire(*sent(alice, 2))
        talk = run("purge_media").talk
        assert "Purging: 2 of 2 media …" in talk
        assert "Deleting: 2 of 2 objects …" in talk
        assert "Purged 2 media, which let go of" in talk

    def test_leaves_stdout_to_json(self, alice: Person) -> None:
        assert run("purge_media").out == ""


class TestAStoreThatIsNotOurs:
    @pytest.fixture(autouse=True)
    def _one_expired(self, alice: Person, stores: Any) -> None:
        expire(*sent(alice, 1))

    def test_stops_the_purge_before_any_row(self, alice: Person, stores: Any, tmp_path: Path) -> None:
        stores.folder(tmp_path / "not mounted")
        told = run("purge_media", "--json")
        assert (told.code, told.out) == (1, "")
        assert "bears no mark" in told.sentence
        assert purged(alice) == set()
        assert PurgeRun.objects.get().outcome == "failed"
        assert "bears no mark" in PurgeRun.objects.get().error

    def test_that_cannot_be_written_to_stops_it(self, alice: Person, stores: Any, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        stores.folder(tmp_path / "file")
        told = run("purge_media")
        assert (told.code, purged(alice)) == (1, set())
        assert "It said: [Errno" in told.sentence

    def test_that_is_full_stops_it(self, alice: Person, stores: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Path, "write_bytes", _full)
        told = run("purge_media")
        assert (told.code, purged(alice)) == (1, set())
        assert "no room left" in told.sentence

    @pytest.mark.services
    @pytest.mark.parametrize("wrong", ["bucket", "secret_key", "access_key", "endpoint"])
    def test_of_a_wrong_setting_stops_it(self, alice: Person, stores: Any, wrong: str) -> None:
        stores.s3_but(wrong)
        told = run("purge_media", "--json")
        assert (told.code, told.out, purged(alice)) == (1, "", set())
        assert "did not answer" in told.sentence

    def test_is_nothing_that_a_dry_run_looks_at(self, alice: Person, stores: Any, tmp_path: Path) -> None:
        stores.folder(tmp_path / "not mounted")
        assert run("purge_media", "--dry-run").code == 0
        assert not (tmp_path / "not mounted").exists()


class TestAStoreThatRefusesObjects:
    def test_leaves_tombstones_that_are_true_and_says_so(self, alice: Person, stores: Any) -> None:
        expire(*sent(alice, 2))
        stores.refuse_one_object(alice)
        told = run("purge_media", "--json")
        assert (told.code, told.result["outcome"], len(purged(alice))) == (1, "partly", 2)
        assert (told.result["objects_deleted"], told.result["objects_failed"]) == (1, 1)
        assert "The store would not delete 1 object" in told.sentence
        assert PurgeRun.objects.get(work="collection").outcome == "partly"

    def test_that_goes_between_the_rows_and_the_objects_is_told(
        self, alice: Person, stores: Any, tmp_path: Path
    ) -> None:
        expire(*sent(alice, 2))
        with failpoints.at("retention.batch_purged", lambda: stores.folder(tmp_path / "gone")):
            told = run("purge_media", "--json")
        assert (told.code, told.result["rows"], told.result["objects_deleted"]) == (1, 2, 0)
        assert "bears no mark" in told.sentence
        assert "stays noted" in told.sentence


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")
