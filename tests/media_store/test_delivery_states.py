"""Delivery states: heard in any order, any number of times, and what they do to the time that media is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from devices.models import App
from media_store import retention
from media_store.models import Media
from tests.media_files import jpeg
from tests.media_store.rows import media_of
from tests.people import Person, refusal

DAY = timedelta(days=1)
MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
STATES = ("queued", "sent", "failed", "delivered", "read")
RECEIPTS = st.lists(st.tuples(st.sampled_from(STATES), st.integers(-48, 48)), min_size=1, max_size=6)


@pytest.fixture
def app(db: None) -> App:
    return App.objects.create(name="alice")


def sent(app: App, **columns: Any) -> Media:
    return media_of(app, direction="outbound", created_at=MOMENT, **columns)


def note(media: Media, state: str, *, at: datetime = MOMENT, now: datetime = MOMENT + DAY) -> bool:
    return retention.note_delivery(media.pk, state=state, at=at, now=now)


def facts(media: Media) -> tuple[object, ...]:
    row = Media.objects.get(pk=media.pk)
    return row.delivery, row.delivered_at, row.expires_at, row.expiry_rule, row.brought_forward_from


class TestAReceipt:
    def test_is_told_with_the_media(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        assert media["delivery"] == "queued"
        now = timezone.now()
        assert retention.note_delivery(media["id"], state="delivered", at=now, now=now) is True
        told = alice.api.get(f"/v1/media/{media['id']}").json()
        assert told["delivery"] == "delivered"
        assert datetime.fromisoformat(told["expires_at"]) == now + 30 * DAY

    def test_heard_again_changes_nothing_and_says_so(self, app: App) -> None:
        media = sent(app)
        assert [note(media, "delivered"), note(media, "delivered"), note(media, "sent")] == [True, False, False]

    def test_of_delivery_counts_the_days_from_then(self, app: App) -> None:
        media = sent(app)
        note(media, "delivered", at=MOMENT + 12 * DAY, now=MOMENT + 20 * DAY)
        assert Media.objects.get().expires_at == MOMENT + 42 * DAY

    def test_that_is_earlier_brings_the_moment_back(self, app: App) -> None:
        media = sent(app)
        note(media, "read", at=MOMENT + 2 * DAY, now=MOMENT + 3 * DAY)
        note(media, "delivered", at=MOMENT + DAY, now=MOMENT + 3 * DAY)
        assert facts(media)[:3] == ("read", MOMENT + DAY, MOMENT + 31 * DAY)

    def test_from_the_future_counts_as_now(self, app: App) -> None:
        media = sent(app)
        note(media, "delivered", at=MOMENT + 300 * DAY, now=MOMENT + DAY)
        assert Media.objects.get().delivered_at == MOMENT + DAY

    def test_from_before_the_media_was_there_counts_as_its_arrival(self, app: App) -> None:
        """A gateway whose clock is wrong must not have media vanish as soon as it may."""
        media = sent(app)
        note(media, "delivered", at=datetime(1970, 1, 21, tzinfo=UTC))
        assert facts(media)[1:3] == (MOMENT, MOMENT + 30 * DAY)

    def test_does_not_bring_back_what_has_expired(self, app: App) -> None:
        media = sent(app)
        assert note(media, "delivered", at=MOMENT + 29 * DAY, now=MOMENT + 30 * DAY) is True
        assert Media.objects.get().expires_at == MOMENT + 30 * DAY

    def test_does_not_bring_back_what_has_gone(self, alice: Person) -> None:
        media = alice.sent(jpeg())
        alice.api.delete(f"/v1/media/{media['id']}")
        now = timezone.now()
        retention.note_delivery(media["id"], state="read", at=now, now=now)
        assert refusal(alice.api.download(media["media_path"])) == (410, "media_gone")
        assert alice.api.get(f"/v1/media/{media['id']}").json()["expires_at"] == media["expires_at"]

    def test_of_what_was_never_sent_is_ignored(self, app: App) -> None:
        media = media_of(app, direction="inbound")
        assert note(media, "read") is False
        assert Media.objects.get().delivery == ""

    def test_lets_another_rule_decide(self, app: App) -> None:
        retention.set_rule(app=app, delivery="read", keep_days=2, now=MOMENT, by="operator")
        media = sent(app)
        note(media, "read", at=MOMENT)
        assert facts(media)[2:] == (MOMENT + 2 * DAY, "this app: read, 2 days", None)


class TestReceipts:
    # Each example is some thirty statements.
    @hypothesis_settings(
        max_examples=hypothesis_settings().max_examples // 4,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(receipts=RECEIPTS, data=st.data())
    def test_in_any_order_and_repetition_end_in_the_same_row(
        self, db: None, receipts: list[tuple[str, int]], data: st.DataObject
    ) -> None:
        again = data.draw(st.permutations(receipts + data.draw(st.lists(st.sampled_from(receipts), max_size=3))))
        with transaction.atomic():
            app = App.objects.create(name="alice")
            retention.set_rule(app=app, delivery="read", keep_days=20, now=MOMENT, by="operator")
            retention.set_rule(app=app, delivery="failed", keep_days=9, now=MOMENT, by="operator")
            rows = [sent(app), sent(app)]
            for media, heard in zip(rows, (receipts, again), strict=True):
                for state, hours in heard:
                    note(media, state, at=MOMENT + timedelta(hours=hours), now=MOMENT + 3 * DAY)
            assert facts(rows[0]) == facts(rows[1])
            assert Media.objects.get(pk=rows[0].pk).delivery == max((state for state, _ in receipts), key=STATES.index)
            transaction.set_rollback(True)
