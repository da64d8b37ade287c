"""Rules of retention: which one decides, what it says, and that the table says the same as the code."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from pytest_django import Settings

from devices.models import App, AuditEvent
from media_store import failpoints, retention
from media_store.errors import RuleRefused
from media_store.models import Media, RetentionRule
from media_store.retention.expiry import SHIPPED_DAYS
from tests.media_files import jpeg
from tests.media_store.rows import media_of
from tests.people import Person, bytes_of, refusal

DAY = timedelta(days=1)
MOMENT = datetime(2026, 3, 2, 9, 30, 15, 123_456, tzinfo=UTC)
STATES = ("queued", "sent", "failed", "delivered", "read")
KINDS = ("image", "document")
# Each changes and applies several rules.
EXAMPLES = 30


@pytest.fixture
def app(db: None) -> App:
    return App.objects.create(name="alice")


def set_rule(*, keep_days: int, app: App | None = None, now: datetime | None = None, **names: Any) -> RetentionRule:
    return retention.set_rule(app=app, keep_days=keep_days, now=now or timezone.now(), by="operator", **names)


def apply() -> int:
    return retention.apply_changed_rules(now=timezone.now())


def again(media: Media) -> Media:
    return Media.objects.get(pk=media.pk)


def kept_for(media: Media) -> timedelta:
    return again(media).expires_at - media.created_at


class TestPrecedence:
    def test_is_app_then_direction_then_kind_then_state(self, app: App) -> None:
        """What the one rule names and the other does not weighs in that order.

        All there can be are in force, set in no order that means anything; then the one that decides is taken back,
        and the next has to: so each has won against every one behind it.
        """
        words = {"direction": "outbound", "kind": "image", "delivery": "queued"}
        in_order = list(product((True, False), repeat=4))
        days = {names: keep_days for keep_days, names in enumerate(in_order, start=1)}
        rules = {}
        for names in (*in_order[::2], *in_order[::-2]):
            chosen: dict[str, Any] = {
                word: words[word] for word, is_named in zip(words, names[1:], strict=True) if is_named
            }
            rules[names] = set_rule(app=app if names[0] else None, keep_days=days[names], **chosen)
        for names in in_order:
            assert kept_for(media_of(app, direction="outbound")) == days[names] * DAY, names
            retention.remove_rule(rules[names], now=timezone.now(), by="operator")
        assert kept_for(media_of(app, direction="outbound")) == 30 * DAY

    @pytest.mark.parametrize(
        "names",
        [
            {"direction": "inbound"},
            {"kind": "video"},
            {"direction": "outbound", "delivery": "read"},
            {"direction": "upload", "kind": "document"},
        ],
        ids=str,
    )
    def test_of_a_rule_that_speaks_of_other_media_is_none(self, app: App, names: dict[str, Any]) -> None:
        set_rule(app=app, keep_days=10, **names)
        assert kept_for(media_of(app, direction="upload")) == 30 * DAY

    def test_of_another_apps_rule_is_none(self, app: App) -> None:
        set_rule(app=App.objects.create(name="bob"), keep_days=10)
        assert kept_for(media_of(app)) == 30 * DAY


class TestShippedRules:
    def test_are_those_of_the_contract(self, app: App) -> None:
        delivered = media_of(app, direction="outbound", delivery="delivered", delivered_at=timezone.now() + 3 * DAY)
        assert kept_for(media_of(app, direction="outbound")) == 30 * DAY
        assert round(kept_for(delivered) / DAY) == 33
        assert kept_for(media_of(app, direction="inbound")) == 7 * DAY
        assert kept_for(media_of(app, direction="upload")) == 30 * DAY

    def test_stand_in_the_answer_by_name(self, alice: Person) -> None:
        assert alice.sent(jpeg())["expiry_rule"] == "shipped: outbound, 30 days"
        assert alice.uploaded(jpeg(shade=1))["expiry_rule"] == "shipped: upload, 30 days"


class TestFloorAndCeiling:
    def test_bound_a_rule_from_the_arrival(self, app: App, settings: Settings) -> None:
        set_rule(app=app, keep_days=1)
        set_rule(app=app, kind="video", keep_days=365)
        settings.RETENTION_FLOOR_DAYS, settings.RETENTION_CEILING_DAYS = 5, 100
        short, long = media_of(app), media_of(app, kind="video")
        assert (kept_for(short), kept_for(long)) == (5 * DAY, 100 * DAY)
        Media.objects.update(expires_at=MOMENT)
        apply()
        assert (kept_for(short), kept_for(long)) == (5 * DAY, 100 * DAY)

    def test_bound_what_was_delivered_late(self, app: App) -> None:
        late: dict[str, Any] = {"delivery": "delivered", "created_at": MOMENT, "delivered_at": MOMENT + 360 * DAY}
        assert kept_for(media_of(app, direction="outbound", **late)) == 365 * DAY

    @pytest.mark.parametrize("keep_days", [0, -1, 366, 10**9])
    def test_refuse_a_rule_outside(self, app: App, keep_days: int) -> None:
        with pytest.raises(RuleRefused):
            set_rule(app=app, keep_days=keep_days)
        assert not RetentionRule.objects.exists()


class TestNonsense:
    @pytest.mark.parametrize(
        "names",
        [
            {"direction": "sideways"},
            {"kind": "text"},
            {"delivery": "lost"},
            {"direction": "inbound", "delivery": "read"},
            {"direction": "upload", "delivery": "queued"},
        ],
        ids=str,
    )
    def test_is_refused(self, app: App, names: dict[str, Any]) -> None:
        with pytest.raises(RuleRefused):
            set_rule(app=app, keep_days=10, **names)


class TestSettingARule:
    def test_twice_leaves_one(self, app: App) -> None:
        for whose in (app, None):
            set_rule(app=whose, kind="image", keep_days=10)
            set_rule(app=whose, kind="image", keep_days=20)
        assert sorted(RetentionRule.objects.values_list("keep_days", flat=True)) == [20, 20]

    def test_is_told_in_the_trail(self, app: App) -> None:
        rule = set_rule(app=app, direction="outbound", kind="image", keep_days=1)
        retention.remove_rule(rule, now=timezone.now(), by="operator")
        told = list(AuditEvent.objects.order_by("pk").values_list("subject", "by", "app_id", "details"))
        assert told == [
            ("this app: outbound image, 1 day", "operator", app.pk, {"removed": False}),
            ("this app: outbound image, 1 day", "operator", app.pk, {"removed": True}),
        ]

    def test_taken_back_twice_is_once(self, app: App) -> None:
        rule = set_rule(app=app, keep_days=10)
        answers = [retention.remove_rule(rule, now=timezone.now(), by="operator") for _ in range(2)]
        assert answers == [True, False]


class TestAChangedRule:
    def test_is_told_with_every_media_that_it_decides_about(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        set_rule(app=alice.app, direction="outbound", keep_days=10)
        apply()
        told = alice.api.get(f"/v1/media/{media['id']}").json()
        assert told["expiry_rule"] == "this app: outbound, 10 days"
        kept = datetime.fromisoformat(told["expires_at"]) - datetime.fromisoformat(told["created_at"])
        assert kept == 10 * DAY

    def test_speaks_for_what_arrives_before_it_was_applied(self, alice: Person) -> None:
        set_rule(app=None, keep_days=10)
        assert alice.sent(jpeg())["expiry_rule"] == "every app: all media, 10 days"

    def test_leaves_other_apps_alone(self, app: App) -> None:
        theirs = media_of(App.objects.create(name="bob"))
        set_rule(app=app, keep_days=10)
        apply()
        assert again(theirs).expiry_rule == "shipped: upload, 30 days"

    def test_taken_back_lets_the_next_one_decide(self, app: App) -> None:
        set_rule(app=None, keep_days=20)
        mine = set_rule(app=app, keep_days=10)
        media = media_of(app)
        assert kept_for(media) == 10 * DAY
        retention.remove_rule(mine, now=timezone.now(), by="operator")
        apply()
        assert (kept_for(media), again(media).expiry_rule) == (20 * DAY, "every app: all media, 20 days")
        everyones = RetentionRule.objects.in_force().get()
        retention.remove_rule(everyones, now=timezone.now(), by="operator")
        apply()
        assert (kept_for(media), again(media).expiry_rule) == (30 * DAY, "shipped: upload, 30 days")

    def test_mended_before_the_purge_makes_media_readable_again(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        Media.objects.update(created_at=timezone.now() - 5 * DAY)
        set_rule(app=alice.app, keep_days=2)
        apply()
        assert refusal(alice.api.download(media["media_path"])) == (410, "media_gone")
        set_rule(app=alice.app, keep_days=20)
        apply()
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()
        assert retention.purge(Media.objects.expired(now=timezone.now()), now=timezone.now()).rows == 0

    def test_moves_no_tombstone(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        set_rule(app=alice.app, keep_days=2)
        assert apply() == 0
        assert alice.api.get(f"/v1/media/{media['id']}").json()["expires_at"] == media["expires_at"]

    def test_is_applied_until_no_upload_can_have_read_the_table_before_it(self, app: App) -> None:
        """And a rule that was taken back is forgotten only then."""
        now = timezone.now()
        kept, gone = set_rule(app=app, keep_days=10, now=now), set_rule(app=app, kind="image", keep_days=5, now=now)
        retention.remove_rule(gone, now=now, by="operator")
        retention.apply_changed_rules(now=now + timedelta(minutes=90))
        assert set(RetentionRule.objects.values_list("applied_at", flat=True)) == {None}
        retention.apply_changed_rules(now=now + timedelta(hours=3))
        assert list(RetentionRule.objects.values_list("pk", "applied_at")) == [(kept.pk, now + timedelta(hours=3))]

    def test_is_applied_for_as_long_as_an_upload_may_take(self, app: App, settings: Settings) -> None:
        settings.UPLOAD_DEADLINE_SECONDS = 5 * 3_600
        now = timezone.now()
        set_rule(app=app, keep_days=10, now=now)
        retention.apply_changed_rules(now=now + timedelta(hours=5))
        assert RetentionRule.objects.get().applied_at is None
        retention.apply_changed_rules(now=now + timedelta(hours=6))
        assert RetentionRule.objects.get().applied_at is not None

    def test_changed_again_while_it_is_applied_is_applied_again(self, app: App) -> None:
        now = timezone.now()
        media = media_of(app)
        set_rule(app=app, keep_days=10, now=now - DAY)

        def change_again() -> None:
            set_rule(app=app, keep_days=5, now=now)

        with failpoints.at("retention.rule_applied", change_again):
            apply()
        assert RetentionRule.objects.get().applied_at is None
        apply()
        assert kept_for(media) == 5 * DAY

    def test_reaches_an_upload_that_was_under_way(self, alice: Person) -> None:
        """It read the table before the change and ends after it was applied: the next sweep finds it."""

        def change() -> None:
            set_rule(app=alice.app, keep_days=3)
            apply()

        with failpoints.at("ingest.object_put", change):
            media = alice.sent(jpeg())
        assert media["expiry_rule"] == "shipped: outbound, 30 days"
        apply()
        assert alice.api.get(f"/v1/media/{media['id']}").json()["expiry_rule"] == "this app: all media, 3 days"


@dataclass(frozen=True)
class Drawn:
    """A media that was drawn: whose, what, and when it arrived and was delivered, in days."""

    mine: bool
    direction: str
    kind: str
    delivery: str
    age: float
    delivered_after: float | None


# (of this app, direction, kind, delivery) and how long it keeps; None takes it back.
Named = tuple[bool, str, str, str]
NAMES = st.tuples(
    st.booleans(), st.sampled_from(["", "outbound", "inbound", "upload"]), st.sampled_from(["", *KINDS]), st.just("")
) | st.tuples(st.booleans(), st.sampled_from(["", "outbound"]), st.sampled_from(["", *KINDS]), st.sampled_from(STATES))
CHANGES = st.lists(st.tuples(NAMES, st.none() | st.integers(1, 365)), min_size=1, max_size=6)
SPANS = st.floats(0, 60, allow_nan=False)
ARRIVED = st.builds(
    Drawn, st.booleans(), st.sampled_from(["inbound", "upload"]), st.sampled_from(KINDS), st.just(""), SPANS, st.none()
)
SENT = st.builds(
    Drawn, st.booleans(), st.just("outbound"), st.sampled_from(KINDS), st.sampled_from(STATES), SPANS, st.none() | SPANS
)


def wanted(media: Drawn, rules: dict[Named, int]) -> timedelta:
    """An oracle that knows the contract and none of the code: how long after its arrival this media expires."""
    own = (media.mine, media.direction, media.kind, media.delivery)
    speaking = [
        named for named in rules if all(word in ("", False, value) for word, value in zip(named, own, strict=True))
    ]
    first = max(speaking, key=lambda named: tuple(bool(word) for word in named), default=None)
    days = SHIPPED_DAYS[Media.Direction(media.direction)] if first is None else rules[first]
    since = timedelta(days=media.delivered_after or 0)
    return max(DAY, min(365 * DAY, since + days * DAY))


class TestTheTableAndTheCode:
    @hypothesis_settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(changes=CHANGES, drawn=st.lists(ARRIVED | SENT, min_size=1, max_size=4))
    def test_agree_whatever_the_rules_and_in_whatever_order_they_change(
        self, db: None, changes: list[tuple[Named, int | None]], drawn: list[Drawn]
    ) -> None:
        with transaction.atomic():
            self._tell_the_story(changes, drawn)
            transaction.set_rollback(True)

    def _tell_the_story(self, changes: list[tuple[Named, int | None]], drawn: list[Drawn]) -> None:
        mine, other = App.objects.create(name="mine"), App.objects.create(name="other")
        rows = [(each, self._row(each, mine if each.mine else other)) for each in drawn]
        rules: dict[Named, int] = {}
        forward: dict[Any, datetime | None] = {row.pk: None for _, row in rows}
        expires = {row.pk: row.expires_at for _, row in rows}
        for number, (named, keep_days) in enumerate(changes):
            self._change(named, keep_days, rules, app=mine, now=MOMENT + timedelta(seconds=number))
            retention.apply_changed_rules(now=MOMENT + timedelta(seconds=number))
            for each, row in rows:
                media = again(row)
                expected = row.created_at + wanted(each, rules)
                assert media.expires_at == expected
                said = retention.expiry_of(media)
                assert (said.at, said.rule) == (expected, media.expiry_rule)
                before = forward[row.pk] or expires[row.pk]
                forward[row.pk], expires[row.pk] = (before if expected < before else None), expected
                assert media.brought_forward_from == forward[row.pk]

    def _row(self, each: Drawn, app: App) -> Media:
        created_at = MOMENT - timedelta(days=each.age)
        delivered = None if each.delivered_after is None else created_at + timedelta(days=each.delivered_after)
        words: dict[str, Any] = {"kind": each.kind, "delivery": each.delivery, "delivered_at": delivered}
        return media_of(app, direction=each.direction, created_at=created_at, **words)

    def _change(self, named: Named, keep_days: int | None, rules: dict[Named, int], *, app: App, now: datetime) -> None:
        is_mine, direction, kind, delivery = named
        names: dict[str, Any] = {"direction": direction, "kind": kind, "delivery": delivery}
        if keep_days is not None:
            set_rule(app=app if is_mine else None, keep_days=keep_days, now=now, **names)
            rules[named] = keep_days
        elif rules.pop(named, None):
            rule = RetentionRule.objects.in_force().get(app=app if is_mine else None, **names)
            retention.remove_rule(rule, now=now, by="operator")
