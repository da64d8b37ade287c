"""Rules of retention, as staff make, change and take them back."""

from datetime import timedelta
from typing import Any

import pytest
from celery import signals
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from devices import destruction
from devices.models import AuditEvent
from media_store import retention
from media_store.models import Media, RetentionRule
from tests.media_files import jpeg
from tests.media_store.admin_lists import act, costs_the_same, shown
from tests.people import Person, staff

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("plain_static_files")]
RULES = "/admin/media_store/retentionrule/"
ADD = f"{RULES}add/"
EVERY = ("view_retentionrule", "add_retentionrule", "change_retentionrule", "delete_retentionrule")


@pytest.fixture
def dora(db: None) -> Client:
    """Staff who may do everything with rules."""
    return staff("dora", *EVERY)


def form(**said: Any) -> dict[str, Any]:
    return {"app": "", "direction": "", "kind": "", "delivery": "", "keep_days": "14", **said}


def rule(**said: Any) -> RetentionRule:
    return retention.set_rule(**{"app": None, "keep_days": 14, "now": timezone.now(), "by": "operator", **said})


def change_page(row: RetentionRule) -> str:
    return f"{RULES}{row.pk}/change/"


class TestMaking:
    def test_sets_the_rule_by_the_verb(self, dora: Client, alice: Person) -> None:
        said = form(app=str(alice.app.pk), direction="outbound", kind="image", delivery="read")
        assert dora.post(ADD, said).status_code == 302
        row = RetentionRule.objects.get()
        assert (row.app, row.direction, row.kind, row.delivery, row.keep_days) == (
            alice.app,
            "outbound",
            "image",
            "read",
            14,
        )
        assert (row.weight, row.changed_by, row.applied_at) == (15, "staff dora", None)
        assert AuditEvent.objects.get(action="retention_changed").by == "staff dora"

    def test_asks_for_it_to_be_applied_once_it_is_committed(
        self, dora: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        asked: list[str] = []

        def hear(sender: str, **_news: Any) -> None:
            asked.append(sender)

        signals.before_task_publish.connect(hear)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                dora.post(ADD, form())
                assert asked == []
            assert asked == ["media_store.tasks.apply_retention_rules"]
        finally:
            signals.before_task_publish.disconnect(hear)

    @pytest.mark.django_db(transaction=True)
    def test_tells_what_it_does_to_the_media_that_are_there(
        self, dora: Client, alice: Person, settings: Settings
    ) -> None:
        settings.BRAKE_MIN_MEDIA = 0
        old, fresh = alice.sent(jpeg()), alice.sent(jpeg(shade=1))
        Media.objects.filter(pk=old["id"]).update(created_at=timezone.now() - timedelta(days=20))
        text = dora.post(ADD, form(keep_days="14"), follow=True).content.decode()
        assert "Of the media that are there 2 expire earlier, 1 of them at once, and 0 later." in text
        assert "The brake will stop" not in text
        Media.objects.filter(pk=fresh["id"]).update(created_at=timezone.now() - timedelta(days=10))
        text = dora.post(change_page(RetentionRule.objects.get()), {"keep_days": "5"}, follow=True).content.decode()
        assert "2 of them at once" in text
        assert "The brake will stop the next purge: 2 of the 2 media" in text

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"keep_days": "0"}, "Media is kept from 1 to 365 days here"),
            ({"keep_days": "366"}, "Media is kept from 1 to 365 days here"),
            ({"keep_days": "-1"}, "greater than or equal to 0"),
            ({"keep_days": ""}, "This field is required"),
            ({"keep_days": "9" * 30}, "less than or equal to"),
            ({"direction": "inbound", "delivery": "read"}, "Only outbound media is delivered"),
            ({"kind": "<script>"}, "Select a valid choice"),
            ({"direction": "sideways"}, "Select a valid choice"),
            ({"app": "1"}, "not a valid UUID"),
        ],
    )
    def test_tells_beside_the_form_what_cannot_be_meant(
        self, dora: Client, said: dict[str, str], sentence: str
    ) -> None:
        answer = dora.post(ADD, form(**said))
        assert answer.status_code == 200
        assert sentence in answer.content.decode()
        assert not RetentionRule.objects.exists()

    def test_refuses_a_second_rule_for_the_same(self, dora: Client) -> None:
        rule(direction="inbound")
        text = dora.post(ADD, form(direction="inbound", keep_days="3")).content.decode()
        assert "There is a rule for exactly this already" in text
        assert RetentionRule.objects.get().keep_days == 14

    def test_brings_back_one_that_was_taken_back(self, dora: Client) -> None:
        retention.remove_rule(rule(direction="inbound"), now=timezone.now(), by="test")
        assert dora.post(ADD, form(direction="inbound", keep_days="3")).status_code == 302
        row = RetentionRule.objects.in_force().get()
        assert (row.keep_days, row.removed_at) == (3, None)

    def test_refuses_an_app_that_was_destroyed(self, dora: Client, alice: Person) -> None:
        destruction.destroy_app(alice.app, now=timezone.now(), by="test")
        assert "The app was destroyed." in dora.post(ADD, form(app=str(alice.app.pk))).content.decode()
        assert not RetentionRule.objects.exists()


class TestChanging:
    def test_changes_the_days_and_nothing_that_it_speaks_of(self, dora: Client) -> None:
        row = rule(direction="inbound")
        assert dora.post(change_page(row), {"keep_days": "3", "direction": "outbound"}).status_code == 302
        row.refresh_from_db()
        assert (row.direction, row.keep_days, row.changed_by) == ("inbound", 3, "staff dora")
        assert row.label == "every app: inbound, 3 days"

    def test_is_refused_beyond_the_bounds(self, dora: Client) -> None:
        row = rule()
        assert "Media is kept from" in dora.post(change_page(row), {"keep_days": "999"}).content.decode()

    def test_moves_the_media_that_are_there_once_it_is_applied(self, dora: Client, alice: Person) -> None:
        media = alice.sent(jpeg())
        dora.post(ADD, form(keep_days="2"))
        retention.apply_changed_rules(now=timezone.now())
        assert Media.objects.get(pk=media["id"]).expiry_rule == "every app: all media, 2 days"

    def test_is_over_for_one_that_was_taken_back(self, dora: Client) -> None:
        row = rule()
        retention.remove_rule(row, now=timezone.now(), by="test")
        assert 'name="_save"' not in shown(dora, change_page(row))
        assert dora.post(change_page(row), {"keep_days": "3"}).status_code == 403


class TestTakingBack:
    def test_asks_first(self, dora: Client) -> None:
        row = rule()
        assert "Are you sure" in shown(dora, f"{RULES}{row.pk}/delete/")
        act(dora, RULES, "delete_selected", row.pk)
        assert RetentionRule.objects.in_force().exists()

    def test_goes_by_the_verb(self, dora: Client) -> None:
        one, two = rule(), rule(kind="image")
        dora.post(f"{RULES}{one.pk}/delete/", {"post": "yes"})
        act(dora, RULES, "delete_selected", two.pk, post="yes")
        assert not RetentionRule.objects.in_force().exists()
        assert {row.changed_by for row in RetentionRule.objects.all()} == {"staff dora"}
        assert all(row.removed_at for row in RetentionRule.objects.all())
        assert "taken back" in shown(dora, RULES)


class TestPermissions:
    def test_to_look_are_not_to_change(self, alice: Person) -> None:
        erin, row = staff("erin", "view_retentionrule"), rule()
        assert shown(erin, RULES)
        for path, said in (
            ("add/", form(kind="image")),
            (f"{row.pk}/change/", {"keep_days": "3"}),
            (f"{row.pk}/delete/", {"post": "yes"}),
        ):
            assert erin.post(f"{RULES}{path}", said).status_code == 403
        act(erin, RULES, "delete_selected", row.pk, post="yes")
        assert RetentionRule.objects.in_force().get().keep_days == 14

    def test_to_look_are_needed(self, charlie: Client) -> None:
        assert charlie.get(RULES).status_code == 403


class TestTheList:
    def test_costs_the_same_queries_for_five_rows_as_for_one(self, dora: Client, db: None) -> None:
        assert costs_the_same(dora, RULES, lambda number: rule(app=Person.named(f"tenant {number}").app))

    def test_makes_the_precedence_plain(self, dora: Client, alice: Person) -> None:
        rule(kind="image"), rule(direction="inbound"), rule(app=alice.app), rule()
        text = shown(dora, RULES)
        places = [text.index(words) for words in ("8: app", "4: direction", "2: kind", "0: names nothing")]
        assert places == sorted(places)

    def test_shows_the_shipped_rules_and_what_binds_every_rule(self, dora: Client, settings: Settings) -> None:
        settings.RETENTION_FLOOR_DAYS, settings.RETENTION_CEILING_DAYS = 2, 77
        text = shown(dora, RULES)
        assert "<dt>Inbound</dt><dd>7 days</dd>" in text
        assert "kept for 2 days at least" in text
        assert "kept for 77 days at most" in text
        assert "No rule yet" in text

    def test_tells_whether_a_change_has_been_applied(self, dora: Client) -> None:
        row = rule()
        assert ">being applied<" in shown(dora, RULES)
        RetentionRule.objects.filter(pk=row.pk).update(applied_at=timezone.now())
        assert ">applied<" in shown(dora, RULES)
