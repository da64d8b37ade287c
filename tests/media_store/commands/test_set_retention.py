"""What an operator says about how long media are kept, and what it does to those that are there."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices.models import AuditEvent
from media_store import retention
from media_store.models import Media, RetentionRule
from tests.media_files import jpeg, m4a
from tests.media_store.commands.conftest import age, done, path_of, run
from tests.people import Person


def days_left(path: str) -> int:
    media = Media.objects.get(path=path)
    return (media.expires_at - media.created_at).days


def shown(*arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = done("set_retention", *arguments)
    return rows


class TestShowing:
    def test_tells_what_is_shipped_and_the_bounds(self, db: None) -> None:
        rows = shown()
        assert [(row["direction"], row["days"], row["set_by"]) for row in rows] == [
            ("outbound", 30, "shipped"),
            ("inbound", 7, "shipped"),
            ("upload", 30, "shipped"),
        ]
        assert {(row["floor_days"], row["ceiling_days"]) for row in rows} == {(1, 365)}

    def test_tells_rules_in_the_order_in_which_they_decide(self, alice: Person, bob: Person) -> None:
        run("set_retention", "--kind", "image", "--days", "5")
        run("set_retention", "--app", "alice", "--days", "6")
        run("set_retention", "--app", "bob", "--days", "7")
        assert [row["days"] for row in shown("--app", "alice")] == [6, 5, 30, 7, 30]
        assert len(shown()) == 6

    def test_is_a_table_for_people(self, alice: Person) -> None:
        run("set_retention", "--app", "alice", "--kind", "image", "--days", "5")
        told = run("set_retention")
        assert told.out.splitlines()[1].split()[:5] == ["alice", "any", "image", "any", "5"]
        assert "RETENTION_FLOOR_DAYS (1 day)" in told.talk


class TestSetting:
    def test_moves_what_is_there_at_once(self, alice: Person, bob: Person) -> None:
        image, audio = path_of(alice.sent(jpeg())), path_of(alice.sent(m4a(), type="audio"))
        foreign = path_of(bob.sent(jpeg()))
        result = done("set_retention", "--app", "alice", "--kind", "image", "--days", "3")
        assert (days_left(image), days_left(audio), days_left(foreign)) == (3, 30, 30)
        assert (result["earlier"], result["later"], result["expired_at_once"]) == (1, 0, 0)
        assert result["rule"] == "this app: image, 3 days"
        assert result["rule_id"] == RetentionRule.objects.get().pk
        assert Media.objects.get(path=image).expiry_rule == "this app: image, 3 days"

    def test_for_every_app_holds_for_all(self, alice: Person, bob: Person) -> None:
        paths = [path_of(person.sent(jpeg())) for person in (alice, bob)]
        assert done("set_retention", "--direction", "outbound", "--days", "60")["later"] == 2
        assert [days_left(path) for path in paths] == [60, 60]

    def test_by_delivery_state_waits_for_it(self, alice: Person) -> None:
        path = path_of(alice.sent(jpeg()))
        assert done("set_retention", "--delivery", "failed", "--days", "2")["earlier"] == 0
        now = timezone.now()
        retention.note_delivery(Media.objects.get().pk, state="failed", at=now, now=now)
        assert days_left(path) == 2

    def test_gives_way_to_a_rule_that_names_more(self, alice: Person) -> None:
        path = path_of(alice.sent(jpeg()))
        run("set_retention", "--app", "alice", "--days", "10")
        result = done("set_retention", "--direction", "outbound", "--kind", "image", "--days", "2")
        assert (result["earlier"], days_left(path)) == (0, 10)

    def test_again_changes_the_rule(self, alice: Person) -> None:
        path = path_of(alice.sent(jpeg()))
        run("set_retention", "--days", "10")
        assert done("set_retention", "--days", "20")["later"] == 1
        assert days_left(path) == 20
        assert RetentionRule.objects.in_force().count() == 1

    def test_tells_the_trail_who(self, alice: Person) -> None:
        run("set_retention", "--app", "alice", "--days", "10")
        event = AuditEvent.objects.get(action=AuditEvent.Action.RETENTION_CHANGED)
        assert event.by.startswith("operator ")


class TestTakingBack:
    def test_lets_the_next_rule_decide(self, alice: Person) -> None:
        path = path_of(alice.sent(jpeg()))
        run("set_retention", "--days", "10")
        run("set_retention", "--app", "alice", "--days", "3")
        assert done("set_retention", "--app", "alice", "--remove")["later"] == 1
        assert days_left(path) == 10
        assert done("set_retention", "--remove")["later"] == 1
        assert days_left(path) == 30

    def test_of_what_is_no_rule_is_refused(self, alice: Person) -> None:
        run("set_retention", "--app", "alice", "--kind", "image", "--days", "3")
        told = run("set_retention", "--app", "alice", "--remove")
        assert told.code == 1
        assert "no such rule" in told.sentence
        assert RetentionRule.objects.in_force().count() == 1


class TestADryRun:
    @pytest.mark.parametrize("change", [("--days", "3"), ("--days", "60"), ("--remove",)])
    def test_foretells_what_the_change_does(self, alice: Person, bob: Person, change: tuple[str, ...]) -> None:
        alice.sent(jpeg())
        bob.sent(jpeg())
        alice.sent(m4a(), type="audio")
        run("set_retention", "--app", "alice", "--days", "10")
        run("set_retention", "--app", "alice", "--kind", "audio", "--days", "40")
        before = list(Media.objects.order_by("pk").values_list("expires_at", flat=True))
        rules = list(RetentionRule.objects.order_by("pk").values_list())
        foretold = done("set_retention", "--app", "alice", *change, "--dry-run")
        assert list(Media.objects.order_by("pk").values_list("expires_at", flat=True)) == before
        assert list(RetentionRule.objects.order_by("pk").values_list()) == rules
        told = done("set_retention", "--app", "alice", *change)
        after = list(Media.objects.order_by("pk").values_list("expires_at", flat=True))
        moved = (
            sum(new < old for old, new in zip(before, after, strict=True)),
            sum(new > old for old, new in zip(before, after, strict=True)),
        )
        assert (foretold["earlier"], foretold["later"]) == (told["earlier"], told["later"]) == moved
        assert sum(moved) == 1

    def test_says_that_it_wrote_nothing(self, alice: Person) -> None:
        alice.sent(jpeg())
        told = run("set_retention", "--days", "3", "--dry-run")
        assert told.out == "1 media would expire earlier; 0 media would expire later.\n"
        assert "Nothing was written" in told.talk


class TestTheBrake:
    @pytest.mark.parametrize("dry", [("--dry-run",), ()])
    def test_is_announced_where_it_will_stop_the_next_purge(
        self, alice: Person, settings: Settings, dry: tuple[str, ...]
    ) -> None:
        settings.BRAKE_MIN_MEDIA = 2
        for shade in range(4):
            age(path_of(alice.sent(jpeg(shade=shade))), days=10)
        told = run("set_retention", "--days", "5", *dry, "--json")
        assert (told.result["expired_at_once"], told.result["braked"]) == (4, 4)
        assert "stop the next purge: 4 of the 4 media" in told.talk
        assert run("purge_media").code == (0 if dry else 3)

    def test_is_none_for_a_few(self, alice: Person) -> None:
        age(path_of(alice.sent(jpeg())), days=10)
        told = run("set_retention", "--days", "5", "--json")
        assert (told.result["expired_at_once"], told.result["braked"]) == (1, 0)
        assert "brake" not in told.talk


class TestNonsense:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("--days", "0"), "kept from 1 to 365 days"),
            (("--days", "366"), "kept from 1 to 365 days"),
            (("--days", "9" * 30), "kept from 1 to 365 days"),
            (("--days=-1",), "no number of days"),
            (("--days", "ten"), "no number of days"),
            (("--days", "5", "--remove"), "not allowed with"),
            (("--kind", "gif", "--days", "5"), "invalid choice"),
            (("--direction", "inbound", "--delivery", "read", "--days", "5"), "Only outbound media is delivered"),
            (("--app", "nobody", "--days", "5"), "There is no app"),
            (("--kind", "image"), "Say what is to change"),
            (("--dry-run",), "Say what is to change"),
        ],
    )
    def test_is_refused_in_a_sentence(self, alice: Person, arguments: tuple[str, ...], complaint: str) -> None:
        told = run("set_retention", *arguments)
        assert complaint in told.sentence
        assert not RetentionRule.objects.exists()


def test_the_floor_keeps_what_a_rule_would_not(alice: Person, settings: Settings) -> None:
    path = path_of(alice.sent(jpeg()))
    run("set_retention", "--days", "2")
    assert days_left(path) == 2
    settings.RETENTION_FLOOR_DAYS = 5
    retention.apply_changed_rules(now=timezone.now())
    assert days_left(path) == 5
