"""Legal holds, as staff set, see and release them."""

import html
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from devices import destruction
from devices.models import AuditEvent
from media_store import retention
from media_store.errors import LegalHoldInForce
from media_store.models import LegalHold, Media
from tests.media_files import jpeg, png
from tests.media_store.admin_lists import MEDIA, act, costs_the_same, selected, shown
from tests.people import Person, staff

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("plain_static_files")]
HOLDS = "/admin/media_store/legalhold/"
APPS = "/admin/devices/app/"
DEVICES = "/admin/devices/device/"
REASON = "Case 7: the court asked for it"


@pytest.fixture
def dora(db: None) -> Client:
    """Staff who may hold."""
    return staff("dora", "hold_media", "view_legalhold", of_tenants=("view_app", "view_device"))


@pytest.fixture
def erin(db: None) -> Client:
    """Staff who may look at everything, and remove, but not hold."""
    return staff("erin", "remove_media", "view_legalhold", of_tenants=("view_app", "view_device"))


def hold(subject: Any, *, reason: str = REASON) -> LegalHold:
    return retention.hold(subject, reason=reason, until=None, by="operator", now=timezone.now())


def media_of(person: Person) -> Media:
    return Media.objects.get(pk=person.sent(jpeg())["id"])


Subject = tuple[str, Callable[[Person], Any], str]
SUBJECTS: list[Subject] = [
    (MEDIA, media_of, "media"),
    (DEVICES, lambda person: person.device, "device"),
    (APPS, lambda person: person.app, "app"),
]


@pytest.fixture(params=SUBJECTS, ids=[scope for *_, scope in SUBJECTS])
def subject(request: pytest.FixtureRequest, alice: Person) -> tuple[str, Any, str]:
    """A list, a row of it, and the scope of a hold on it."""
    address, made_of, scope = request.param
    return address, made_of(alice), scope


class TestSetting:
    def test_asks_for_a_reason_first(self, dora: Client, subject: tuple[str, Any, str]) -> None:
        address, row, _ = subject
        text = act(dora, address, "hold", row.pk).content.decode()
        assert 'name="reason"' in text
        assert str(row) in html.unescape(text)
        assert not LegalHold.objects.exists()

    def test_holds_each_by_the_verb(self, dora: Client, subject: tuple[str, Any, str]) -> None:
        address, row, scope = subject
        answer = act(dora, address, "hold", row.pk, confirmed="yes", reason=f" {REASON} ", until="")
        assert "Set a legal hold on 1 of 1 row selected." in answer.content.decode()
        held = LegalHold.objects.get()
        assert (held.scope, held.subject, held.reason) == (scope, str(row), REASON)
        assert (held.set_by, held.until) == ("staff dora", None)
        assert AuditEvent.objects.get(action="hold_set").by == "staff dora"

    def test_takes_a_line_break_for_a_blank(self, dora: Client, alice: Person) -> None:
        act(dora, APPS, "hold", alice.app.pk, confirmed="yes", reason=" Case 7:\r\nthe court \n\r\n asked\rfor it ")
        assert LegalHold.objects.get().reason == "Case 7: the court asked for it"

    def test_takes_an_end(self, dora: Client, alice: Person) -> None:
        act(dora, APPS, "hold", alice.app.pk, confirmed="yes", reason=REASON, until="2999-01-01T12:30")
        until = LegalHold.objects.get().until
        assert until is not None
        assert until.isoformat() == "2999-01-01T12:30:00+00:00"

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"reason": ""}, "This field is required"),
            ({"reason": " \n "}, "This field is required"),
            ({"reason": "x" * 501}, "at most 500 characters"),
            ({"reason": "x\x00"}, "Null characters"),
            ({"reason": "Case\x1b[2J 7"}, "one line of 1 to 500 characters"),
            ({"reason": "\u200b"}, "at least one of them visible"),
            ({"reason": REASON, "until": "2020-01-01T00:00"}, "over before it began"),
            ({"reason": REASON, "until": "soon"}, "valid date/time"),
            ({}, "This field is required"),
        ],
    )
    def test_asks_again_about_what_cannot_be_meant(
        self, dora: Client, alice: Person, said: dict[str, str], sentence: str
    ) -> None:
        text = act(dora, MEDIA, "hold", media_of(alice).pk, confirmed="yes", **said).content.decode()
        assert sentence in text
        assert 'name="reason"' in text
        assert not LegalHold.objects.exists()

    def test_tells_which_had_gone_and_holds_the_others(self, dora: Client, alice: Person) -> None:
        gone, there = alice.sent(png()), media_of(alice)
        alice.api.delete(f"/v1/media/{gone['id']}")
        answer = act(dora, MEDIA, "hold", gone["id"], there.pk, confirmed="yes", reason=REASON)
        text = answer.content.decode()
        assert f"The media {gone['media_path']} cannot be held" in text
        assert "Set a legal hold on 1 of 2 rows selected." in text
        assert LegalHold.objects.get().media_id == there.pk

    def test_needs_the_permission(self, erin: Client, subject: tuple[str, Any, str]) -> None:
        address, row, _ = subject
        act(erin, address, "hold", row.pk, confirmed="yes", reason=REASON)
        assert not LegalHold.objects.exists()
        assert 'value="hold"' not in shown(erin, address)

    def test_is_offered_on_every_list_of_what_can_be_held(self, dora: Client, subject: tuple[str, Any, str]) -> None:
        text = shown(dora, subject[0])
        assert 'value="hold"' in text
        assert 'value="release"' in text


class TestReleasing:
    def test_shows_what_would_end_before_it_does(self, dora: Client, subject: tuple[str, Any, str]) -> None:
        address, row, _ = subject
        hold(row)
        text = act(dora, address, "release", row.pk).content.decode()
        assert REASON in text
        assert "These legal holds will be over" in text
        assert LegalHold.objects.active(now=timezone.now()).exists()

    def test_ends_the_holds_on_the_rows_themselves(self, dora: Client, subject: tuple[str, Any, str]) -> None:
        address, row, _ = subject
        held = hold(row)
        media = media_of(Person.named("other"))
        others = [hold(media), hold(media.device), hold(media.app)]
        shown_ones = [str(one.pk) for one in (held, *others)]
        answer = act(dora, address, "release", row.pk, confirmed="yes", hold=shown_ones)
        assert "Released 1 legal hold." in answer.content.decode()
        assert [one.pk for one in LegalHold.objects.over(now=timezone.now())] == [held.pk]
        assert LegalHold.objects.get(pk=held.pk).released_by == "staff dora"
        assert AuditEvent.objects.get(action="hold_released").by == "staff dora"

    def test_leaves_a_hold_that_nobody_was_shown(self, dora: Client, alice: Person) -> None:
        seen, unseen = hold(alice.app), hold(alice.app, reason="set meanwhile")
        act(dora, APPS, "release", alice.app.pk, confirmed="yes", hold=[str(seen.pk), "x", "9" * 40])
        assert list(LegalHold.objects.active(now=timezone.now())) == [unseen]

    def test_tells_that_a_wider_hold_is_released_elsewhere(self, dora: Client, alice: Person) -> None:
        media = media_of(alice)
        hold(alice.device)
        answer = act(dora, MEDIA, "release", media.pk)
        assert "A wider one, of a device or an app, is released there." in answer.content.decode()
        assert LegalHold.objects.active(now=timezone.now()).exists()

    def test_works_from_the_list_of_holds(self, dora: Client, alice: Person) -> None:
        held, kept = hold(alice.app), hold(alice.device)
        assert REASON in act(dora, HOLDS, "release", held.pk).content.decode()
        act(dora, HOLDS, "release", held.pk, confirmed="yes", hold=[str(held.pk), str(kept.pk)])
        assert list(LegalHold.objects.active(now=timezone.now())) == [kept]

    @pytest.mark.parametrize("address", [HOLDS, APPS])
    def test_needs_the_permission(self, erin: Client, alice: Person, address: str) -> None:
        held = hold(alice.app)
        pk = held.pk if address == HOLDS else alice.app.pk
        act(erin, address, "release", pk, confirmed="yes", hold=[str(held.pk)])
        assert LegalHold.objects.active(now=timezone.now()).exists()
        assert 'value="release"' not in shown(erin, address)


class TestTheList:
    def test_costs_the_same_queries_for_five_rows_as_for_one(self, dora: Client, alice: Person) -> None:
        def add(number: int) -> None:
            person = Person.named(f"tenant {number}")
            hold((person.app, person.device, media_of(person))[number % 3])

        assert costs_the_same(dora, HOLDS, add)

    def test_tells_what_is_held_why_and_by_whom(self, dora: Client, alice: Person) -> None:
        hold(alice.device)
        text = shown(dora, HOLDS)
        for fact in (REASON, "alice&#x27;s phone", "operator", ">active<", ">device<"):
            assert fact in text

    def test_filters_by_state_and_scope(self, dora: Client, alice: Person) -> None:
        active, released, ended = hold(alice.app), hold(alice.device), hold(media_of(alice))
        retention.release_hold(released, by="test", now=timezone.now())
        LegalHold.objects.filter(pk=ended.pk).update(until=timezone.now())
        assert selected(dora, HOLDS, state="active") == [str(active.pk)]
        assert set(selected(dora, HOLDS, state="over")) == {str(released.pk), str(ended.pk)}
        assert len(selected(dora, HOLDS, scope="bogus")) == 3
        by_scope = {scope: selected(dora, HOLDS, scope=scope) for scope in ("app", "device", "media")}
        assert by_scope == {"app": [str(active.pk)], "device": [str(released.pk)], "media": [str(ended.pk)]}

    def test_is_searched_by_subject_reason_person_and_id(self, dora: Client, alice: Person, bob: Person) -> None:
        held, other = hold(alice.device, reason="Case 8"), hold(bob.app)
        for words in ("alice", "case 8", str(alice.device.pk), str(alice.app.pk)):
            assert selected(dora, HOLDS, q=words) == [str(held.pk)]
        assert len(selected(dora, HOLDS, q="operator")) == len([held, other])
        assert "Nothing matches." in shown(dora, HOLDS, q="nothing of the kind")

    def test_says_so_where_nothing_is_held(self, dora: Client) -> None:
        assert "Nothing is held." in shown(dora, HOLDS)

    def test_outlives_what_it_tells_of(self, dora: Client, alice: Person) -> None:
        held = hold(alice.app)
        LegalHold.objects.filter(pk=held.pk).update(app_id=uuid.uuid4())
        assert selected(dora, HOLDS) == [str(held.pk)]
        assert "gone (" in shown(dora, f"{HOLDS}{held.pk}/change/")

    def test_writes_nothing(self, alice: Person) -> None:
        root = staff("root", *(f"{what}_legalhold" for what in ("view", "add", "change", "delete")))
        held = hold(alice.app)
        for path in ("add/", f"{held.pk}/change/", f"{held.pk}/delete/"):
            assert root.post(f"{HOLDS}{path}", {"reason": "x", "post": "yes"}).status_code == 403
        act(root, HOLDS, "delete_selected", held.pk, post="yes")
        assert LegalHold.objects.get().reason == REASON

    def test_needs_the_permission_to_look(self, charlie: Client, alice: Person) -> None:
        hold(alice.app)
        assert charlie.get(HOLDS).status_code == 403


class TestAHold:
    def test_set_by_staff_keeps_the_device_and_the_app(self, dora: Client, alice: Person) -> None:
        act(dora, MEDIA, "hold", media_of(alice).pk, confirmed="yes", reason=REASON)
        with pytest.raises(LegalHoldInForce):
            destruction.destroy(alice.device, now=timezone.now(), by="test")
        with pytest.raises(LegalHoldInForce):
            destruction.destroy_app(alice.app, now=timezone.now(), by="test")

    def test_with_an_end_is_over_by_itself(self, dora: Client, alice: Person) -> None:
        end = timezone.now() + timedelta(days=1)
        act(dora, APPS, "hold", alice.app.pk, confirmed="yes", reason=REASON, until=f"{end:%Y-%m-%dT%H:%M}")
        assert LegalHold.objects.active(now=timezone.now()).exists()
        assert not LegalHold.objects.active(now=end + timedelta(minutes=1)).exists()
