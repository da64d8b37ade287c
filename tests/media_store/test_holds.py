"""Legal holds: what is held stays, whoever or whatever would have it gone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices import destruction as device_destruction
from devices.models import App, AuditEvent, Device
from media_store import collection, destruction, retention
from media_store.errors import HoldRefused, LegalHoldInForce
from media_store.models import LegalHold, Media, media as media_models
from problems.errors import NotFound
from tests.media_files import jpeg, png
from tests.people import Person, bytes_of, refusal

HOUR = timedelta(hours=1)
SCOPES = ("media", "device", "app")


@pytest.fixture
def media(alice: Person) -> dict[str, Any]:
    return alice.sent(jpeg())


def subject_of(scope: str, person: Person, media: dict[str, Any]) -> Media | Device | App:
    if scope == "media":
        return Media.objects.get(pk=media["id"])
    return person.device if scope == "device" else person.app


def hold(subject: Media | Device | App, *, until: Any = None) -> LegalHold:
    return retention.hold(subject, reason="case 7", until=until, by="operator", now=timezone.now())


@pytest.fixture(params=SCOPES)
def held(request: pytest.FixtureRequest, alice: Person, media: dict[str, Any]) -> LegalHold:
    """The media is held: itself, by its device, or by its app."""
    return hold(subject_of(request.param, alice, media))


def run_everything(*, later: timedelta = timedelta()) -> None:
    """Whatever beat and operators do, all of it forced."""
    now = timezone.now() + later
    retention.apply_changed_rules(now=now)
    retention.purge(Media.objects.all(), now=now, force=True)
    destruction.finish_destroyed(now=now)
    collection.note_unreferenced(now=now)
    collection.give_up_uploads(now=now)
    collection.condemn_released(now=now + HOUR)
    collection.collect(now=now + HOUR)
    retention.sweep_windows(now=now + timedelta(days=400))


class TestWhatIsHeld:
    @pytest.mark.parametrize("most_named", [0, 2_000])
    def test_is_found_however_many_holds_there_are(
        self,
        alice: Person,
        bob: Person,
        media: dict[str, Any],
        held: LegalHold,
        most_named: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(media_models, "MOST_NAMED", most_named)
        bob.sent(jpeg())
        assert [str(row.pk) for row in Media.objects.held(now=timezone.now())] == [media["id"]]

    def test_survives_every_purge(self, alice: Person, media: dict[str, Any], held: LegalHold) -> None:
        Media.objects.update(expires_at=timezone.now() - HOUR)
        run_everything()
        Media.objects.update(expires_at=timezone.now() + HOUR)
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    def test_expires_all_the_same(self, alice: Person, media: dict[str, Any], held: LegalHold) -> None:
        Media.objects.update(expires_at=timezone.now() - HOUR)
        assert refusal(alice.api.download(media["media_path"])) == (410, "media_gone")

    def test_is_not_deleted_by_its_client(self, alice: Person, media: dict[str, Any], held: LegalHold) -> None:
        answer = alice.api.delete(f"/v1/media/{media['id']}")
        assert refusal(answer) == (409, "legal_hold")
        assert "case 7" not in answer.content.decode()
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    def test_is_not_removed_by_staff(self, media: dict[str, Any], held: LegalHold) -> None:
        row = Media.objects.get()
        with pytest.raises(LegalHoldInForce):
            retention.remove(row, reason="staff", now=timezone.now(), by="staff charlie")
        assert not AuditEvent.objects.filter(action="media_removed").exists()

    def test_keeps_its_device(self, alice: Person, media: dict[str, Any], held: LegalHold) -> None:
        assert refusal(alice.api.delete(f"/v1/devices/{alice.device.pk}")) == (409, "legal_hold")
        assert alice.api.get(f"/v1/devices/{alice.device.pk}").status_code == 200
        assert not AuditEvent.objects.filter(action="device_destroyed").exists()

    def test_keeps_its_app(self, alice: Person, media: dict[str, Any], held: LegalHold) -> None:
        with pytest.raises(LegalHoldInForce):
            device_destruction.destroy_app(alice.app, now=timezone.now(), by="operator")
        run_everything()
        assert bytes_of(alice.api.download(media["media_path"])) == jpeg()

    def test_keeps_nobody_elses(self, alice: Person, bob: Person, media: dict[str, Any], held: LegalHold) -> None:
        theirs = bob.sent(jpeg())
        assert bob.api.delete(f"/v1/media/{theirs['id']}").status_code == 204
        assert bob.api.delete(f"/v1/devices/{bob.device.pk}").status_code == 204

    def test_goes_once_the_hold_is_released(self, alice: Person, media: dict[str, Any], held: LegalHold) -> None:
        Media.objects.update(expires_at=timezone.now() - HOUR)
        assert retention.release_hold(held, by="operator", now=timezone.now()) is True
        run_everything()
        assert alice.left_behind() == {"spool": [], "blobs": [], "objects": []}

    @pytest.mark.parametrize("scope", SCOPES)
    def test_goes_once_the_hold_is_past_its_own_date(self, alice: Person, media: dict[str, Any], scope: str) -> None:
        hold(subject_of(scope, alice, media), until=timezone.now() + HOUR)
        assert refusal(alice.api.delete(f"/v1/media/{media['id']}")) == (409, "legal_hold")
        LegalHold.objects.update(until=timezone.now())
        assert alice.api.delete(f"/v1/media/{media['id']}").status_code == 204
        assert alice.api.delete(f"/v1/devices/{alice.device.pk}").status_code == 204

    def test_by_two_holds_stays_until_both_are_over(self, alice: Person, media: dict[str, Any]) -> None:
        first, second = hold(alice.app), hold(Media.objects.get())
        retention.release_hold(first, by="operator", now=timezone.now())
        assert refusal(alice.api.delete(f"/v1/media/{media['id']}")) == (409, "legal_hold")
        retention.release_hold(second, by="operator", now=timezone.now())
        assert alice.api.delete(f"/v1/media/{media['id']}").status_code == 204


class TestAHoldOnADevice:
    def test_speaks_of_no_other_device_and_of_no_upload(self, alice: Person) -> None:
        hold(alice.device)
        other = alice.api.send(alice.another_device(), jpeg()).json()["media"]
        for media in (other, alice.uploaded(png())):
            assert alice.api.delete(f"/v1/media/{media['id']}").status_code == 204

    def test_speaks_of_what_arrives_after_it(self, alice: Person) -> None:
        hold(alice.device)
        media = alice.sent(jpeg())
        assert refusal(alice.api.delete(f"/v1/media/{media['id']}")) == (409, "legal_hold")


class TestAHoldOnAnApp:
    def test_keeps_tombstones_from_the_sweep(self, alice: Person, media: dict[str, Any]) -> None:
        alice.api.delete(f"/v1/media/{media['id']}")
        held = hold(alice.app)
        later = timezone.now() + timedelta(days=400)
        assert retention.sweep_windows(now=later) == 0
        retention.release_hold(held, by="operator", now=timezone.now())
        assert retention.sweep_windows(now=later) == 2

    def test_keeps_what_is_left_of_a_device_destroyed_before(self, alice: Person, media: dict[str, Any]) -> None:
        device_destruction.destroy(alice.device, now=timezone.now(), by="test")
        held = hold(alice.app)
        run_everything()
        assert len(alice.left_behind()["objects"]) == 1
        assert refusal(alice.api.download(media["media_path"])) == (404, "not_found")
        retention.release_hold(held, by="operator", now=timezone.now())
        run_everything()
        assert alice.left_behind()["objects"] == []


class TestHolding:
    def test_is_told_in_the_trail_and_so_is_the_release(self, alice: Person, media: dict[str, Any]) -> None:
        held = hold(Media.objects.get())
        for _ in range(2):
            retention.release_hold(held, by="somebody else", now=timezone.now())
        told = AuditEvent.objects.filter(action__startswith="hold_").order_by("pk")
        details = {"hold": held.pk, "scope": "media", "reason": "case 7"}
        assert list(told.values_list("action", "subject", "by", "details")) == [
            ("hold_set", media["media_path"], "operator", details),
            ("hold_released", media["media_path"], "somebody else", details),
        ]

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
    def test_needs_a_reason(self, alice: Person, reason: str) -> None:
        with pytest.raises(HoldRefused):
            retention.hold(alice.app, reason=reason, until=None, by="operator", now=timezone.now())

    def test_until_a_moment_that_has_passed_is_refused(self, alice: Person) -> None:
        with pytest.raises(HoldRefused):
            hold(alice.app, until=timezone.now())
        assert not LegalHold.objects.exists()

    def test_of_what_has_gone_finds_nothing(self, alice: Person, media: dict[str, Any]) -> None:
        row = Media.objects.get()
        alice.api.delete(f"/v1/media/{media['id']}")
        with pytest.raises(NotFound):
            hold(row)
        alice.device.delete()
        with pytest.raises(NotFound):
            hold(alice.device)
        alice.app.delete()
        with pytest.raises(NotFound):
            hold(alice.app)

    def test_tells_what_is_held_by_whom(self, alice: Person, media: dict[str, Any]) -> None:
        row = Media.objects.get()
        holds = [hold(subject) for subject in (row, alice.device, alice.app)]
        hold(alice.another_device())
        found = retention.holds_on(row, now=timezone.now()).order_by("pk")
        assert [(each.pk, each.scope) for each in found] == list(zip([h.pk for h in holds], SCOPES, strict=True))

    def test_is_never_undone_by_delete(self, alice: Person) -> None:
        with pytest.raises(TypeError):
            hold(alice.app).delete()
