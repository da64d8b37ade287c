"""Tenants in the admin, as staff see them."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from devices import keys
from devices.errors import Refused
from devices.models import ApiKey, App, Device
from devices.signals import device_destroyed
from tests.devices.conftest import Tenant, client_with

pytestmark = pytest.mark.once

CHANGELISTS = ["/admin/devices/app/", "/admin/devices/apikey/", "/admin/devices/device/"]


@pytest.fixture(autouse=True)
def _uncollected(settings: Settings) -> None:
    """Name static files plainly: nobody has collected them."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser(username="dora"))
    return client


def reader(*codenames: str) -> Client:
    """A member of the staff who may do just this."""
    user = get_user_model().objects.create_user(username="erin", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def errors(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', answer.content.decode(), re.DOTALL))


# What the page of a device sends along for the form of media's own that stands on it.
NO_POLICY = {"ingest_policy-TOTAL_FORMS": 0, "ingest_policy-INITIAL_FORMS": 0}


class TestLists:
    @pytest.mark.parametrize("path", CHANGELISTS)
    def test_cost_the_same_queries_however_many_rows_there_are(self, staff: Client, path: str, alice: Tenant) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert staff.get(path).status_code == 200
            return len(captured)

        alice.device("phone")
        few = queries()
        for number in range(12):
            app = App.objects.create(name=f"app {number}")
            Device.objects.create(app=app, name="phone")
            keys.issue_key(app=app, name="key", scopes=["keys"], expires_at=None, now=timezone.now())
        assert queries() == few

    def test_of_apps_count_living_devices_and_keys(self, staff: Client, alice: Tenant) -> None:
        alice.device("one")
        alice.device("two").delete()
        text = staff.get("/admin/devices/app/").content.decode()
        assert f'device/?app__id__exact={alice.app.pk}">1</a>' in text
        assert f'apikey/?app__id__exact={alice.app.pk}">1</a>' in text

    @pytest.mark.parametrize("kind", ["apikey", "device"])
    def test_lead_from_an_app_to_its_rows(self, staff: Client, alice: Tenant, bob: Tenant, kind: str) -> None:
        alice.device("phone")
        answer = staff.get(f"/admin/devices/{kind}/?app__id__exact={bob.app.pk}")
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "alice" not in text

    @pytest.mark.parametrize("query", ["alice", "phone", "id", "app_id"])
    def test_find_devices_by_name_id_and_app(self, staff: Client, alice: Tenant, bob: Tenant, query: str) -> None:
        device = alice.device("phone")
        bob.device("other")
        words = {"id": str(device.pk), "app_id": str(alice.app.pk)}
        text = staff.get("/admin/devices/device/", {"q": words.get(query, query)}).content.decode()
        assert str(device.pk) in text
        assert "other" not in text

    @pytest.mark.parametrize("state", ["live", "expired", "revoked"])
    def test_filter_keys_by_state(self, staff: Client, alice: Tenant, state: str) -> None:
        dead, _ = alice.issue()
        keys.revoke(dead, now=timezone.now())
        late, _ = alice.issue()
        ApiKey.objects.filter(pk=late.pk).update(expires_at=timezone.now())
        shown = staff.get("/admin/devices/apikey/", {"state": state}).content.decode()
        expected = {"live": alice.key, "expired": late, "revoked": dead}
        assert [name for name, key in expected.items() if str(key.pk) in shown] == [state]

    @pytest.mark.parametrize("state", ["living", "destroyed"])
    def test_filter_devices_by_state(self, staff: Client, alice: Tenant, state: str) -> None:
        expected = {"living": alice.device("one"), "destroyed": alice.device("two")}
        expected["destroyed"].delete()
        shown = staff.get("/admin/devices/device/", {"state": state}).content.decode()
        assert [name for name, device in expected.items() if str(device.pk) in shown] == [state]


class TestPagesOfOneRow:
    def test_of_a_key_show_neither_token_nor_digest(self, staff: Client, alice: Tenant) -> None:
        text = staff.get(f"/admin/devices/apikey/{alice.key.pk}/change/").content.decode()
        assert alice.key.prefix in text
        assert alice.token not in text
        assert alice.key.digest not in text
        assert 'name="_save"' not in text

    def test_of_apps_and_devices_show_their_facts(self, staff: Client, alice: Tenant) -> None:
        device = alice.device("phone")
        assert str(alice.app.pk) in staff.get(f"/admin/devices/app/{alice.app.pk}/change/").content.decode()
        assert str(device.pk) in staff.get(f"/admin/devices/device/{device.pk}/change/").content.decode()

    def test_of_a_destroyed_device_are_read_only(self, staff: Client, alice: Tenant) -> None:
        device = alice.device("phone")
        device.delete()
        path = f"/admin/devices/device/{device.pk}/change/"
        assert 'name="_save"' not in staff.get(path).content.decode()
        assert staff.post(path, {"name": "x"}).status_code == 403


class TestApps:
    def test_are_created_and_renamed(self, staff: Client) -> None:
        assert staff.post("/admin/devices/app/add/", {"name": " Web shop "}).status_code == 302
        app = App.objects.get(name="Web shop")
        assert staff.post(f"/admin/devices/app/{app.pk}/change/", {"name": "Shop"}).status_code == 302
        assert App.objects.get(pk=app.pk).name == "Shop"

    def test_are_refused_a_name_of_two_lines(self, staff: Client) -> None:
        assert "one line" in errors(staff.post("/admin/devices/app/add/", {"name": "two\u2028lines"}))


class TestIssuingAKey:
    def form(self, tenant: Tenant, **changes: Any) -> dict[str, Any]:
        return {"app": str(tenant.app.pk), "name": "shop", "scopes": ["media:write", "media:read"], **changes}

    def test_shows_the_token_once(self, staff: Client, alice: Tenant) -> None:
        answer = staff.post("/admin/devices/apikey/add/", self.form(alice))

        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        [token] = re.findall(r"mhk_[0-9A-Za-z]{36}", answer.content.decode())
        assert client_with(token).get("/v1/me").json()["scopes"] == ["media:read", "media:write"]
        key = ApiKey.objects.get(name="shop")
        for path in ("/admin/devices/apikey/", f"/admin/devices/apikey/{key.pk}/change/", "/admin/"):
            assert token not in staff.get(path).content.decode()

    def test_leaves_the_token_in_no_cookie_and_no_log(self, staff: Client, alice: Tenant) -> None:
        answer = staff.post("/admin/devices/apikey/add/", self.form(alice))
        assert "mhk_" not in str(answer.cookies)
        entry = LogEntry.objects.get()
        assert not re.search(r"mhk_[0-9A-Za-z]{9}", f"{entry.object_repr}{entry.change_message}")

    def test_sets_the_expiry(self, staff: Client, alice: Tenant) -> None:
        staff.post("/admin/devices/apikey/add/", self.form(alice, expires_at_0="2999-01-01", expires_at_1="12:00:00"))
        expires_at = ApiKey.objects.get(name="shop").expires_at
        assert expires_at is not None
        assert expires_at.isoformat() == "2999-01-01T12:00:00+00:00"

    def test_refuses_what_cannot_be_meant(self, staff: Client, alice: Tenant) -> None:
        assert "required" in errors(staff.post("/admin/devices/apikey/add/", self.form(alice, scopes=[])))
        assert "valid choice" in errors(staff.post("/admin/devices/apikey/add/", self.form(alice, scopes=["root"])))
        past = self.form(alice, expires_at_0="2020-01-01", expires_at_1="00:00:00")
        answer = staff.post("/admin/devices/apikey/add/", past, follow=True)
        assert "expired already" in answer.content.decode()
        assert ApiKey.objects.count() == 1


class TestRevoking:
    def test_shuts_the_keys_and_is_logged(self, staff: Client, alice: Tenant, bob: Tenant) -> None:
        staff.post("/admin/devices/apikey/", {"action": "revoke", "_selected_action": [str(alice.key.pk)]})
        assert alice.client.get("/v1/me").status_code == 401
        assert bob.client.get("/v1/me").status_code == 200
        assert LogEntry.objects.get().object_id == str(alice.key.pk)

    def test_needs_the_permission(self, alice: Tenant) -> None:
        erin = reader("view_apikey")
        erin.post("/admin/devices/apikey/", {"action": "revoke", "_selected_action": [str(alice.key.pk)]})
        assert alice.client.get("/v1/me").status_code == 200


class TestDevices:
    def test_are_created_and_renamed(self, staff: Client, alice: Tenant) -> None:
        added = staff.post("/admin/devices/device/add/", {"app": str(alice.app.pk), "name": "phone"})
        assert added.status_code == 302
        device = Device.objects.for_app(alice.app).get()
        staff.post(f"/admin/devices/device/{device.pk}/change/", {"name": "shop phone", **NO_POLICY})
        assert Device.objects.get(pk=device.pk).name == "shop phone"

    def test_never_move_to_another_app(self, staff: Client, alice: Tenant, bob: Tenant) -> None:
        device = alice.device("phone")
        staff.post(f"/admin/devices/device/{device.pk}/change/", {"name": "phone", "app": str(bob.app.pk), **NO_POLICY})
        assert Device.objects.get(pk=device.pk).app_id == alice.app.pk

    def test_are_refused_a_name_that_is_taken(self, staff: Client, alice: Tenant) -> None:
        alice.device("phone")
        other = alice.device("other")
        added = staff.post("/admin/devices/device/add/", {"app": str(alice.app.pk), "name": "phone"})
        renamed = staff.post(f"/admin/devices/device/{other.pk}/change/", {"name": "phone", **NO_POLICY})
        assert "already has a device" in errors(added)
        assert "already has a device" in errors(renamed)

    def test_keep_their_name_when_saved_unchanged(self, staff: Client, alice: Tenant) -> None:
        device = alice.device("phone")
        assert (
            staff.post(f"/admin/devices/device/{device.pk}/change/", {"name": "phone", **NO_POLICY}).status_code == 302
        )


class TestDestroyingDevices:
    def action(self, *devices: Device, **more: str) -> dict[str, Any]:
        return {"action": "destroy", "_selected_action": [str(device.pk) for device in devices], **more}

    def test_asks_first(self, staff: Client, alice: Tenant) -> None:
        device = alice.device("phone")
        answer = staff.post("/admin/devices/device/", self.action(device))
        assert "cannot be undone" in answer.content.decode()
        assert Device.objects.living().count() == 1

    def test_marks_what_was_confirmed(self, staff: Client, alice: Tenant) -> None:
        device, spared = alice.device("phone"), alice.device("spared")
        answer = staff.post("/admin/devices/device/", self.action(device, confirmed="yes"), follow=True)
        assert "Destroyed 1 device;" in answer.content.decode()
        assert Device.objects.living().get() == spared
        assert LogEntry.objects.get().change_message == "Destroyed."

    def test_tells_which_were_refused_and_why(self, staff: Client, alice: Tenant) -> None:
        def hold(device: Device, **_news: Any) -> None:
            if device.name == "held":
                raise Refused("Its media are held.")

        held, device = alice.device("held"), alice.device("phone")
        device_destroyed.connect(hold)
        try:
            answer = staff.post("/admin/devices/device/", self.action(held, device, confirmed="yes"), follow=True)
        finally:
            device_destroyed.disconnect(hold)
        assert "The device held stays: Its media are held." in answer.content.decode()
        assert Device.objects.living().get() == held

    def test_needs_the_permission(self, alice: Tenant) -> None:
        device = alice.device("phone")
        erin = reader("view_device", "change_device")
        erin.post("/admin/devices/device/", self.action(device, confirmed="yes"))
        assert Device.objects.living().count() == 1


class TestDestroyedApps:
    def test_are_told_from_living_ones(self, staff: Client, alice: Tenant, bob: Tenant) -> None:
        bob.app.delete()
        for state, name in (("living", "alice"), ("destroyed", "bob")):
            text = staff.get("/admin/devices/app/", {"state": state}).content.decode()
            shown = re.findall(r'<th class="field-name"><a [^>]*>(.*?)</a>', text)
            assert shown == [name]
        assert ">destroyed<" in staff.get("/admin/devices/app/").content.decode()

    def test_are_only_looked_at(self, staff: Client, alice: Tenant) -> None:
        alice.app.delete()
        path = f"/admin/devices/app/{alice.app.pk}/change/"
        assert 'name="_save"' not in staff.get(path).content.decode()
        assert staff.post(path, {"name": "x"}).status_code == 403

    def test_take_no_new_devices(self, staff: Client, alice: Tenant) -> None:
        alice.app.delete()
        staff.post("/admin/devices/device/add/", {"app": str(alice.app.pk), "name": "phone"})
        assert not Device.objects.exists()

    def test_are_not_destroyed_twice(self, staff: Client, alice: Tenant) -> None:
        alice.app.delete()
        action = {"action": "destroy", "_selected_action": [str(alice.app.pk)]}
        assert "None of the selected apps lives" in staff.post("/admin/devices/app/", action).content.decode()


class TestForgedForms:
    @pytest.mark.parametrize("kind", ["device", "apikey"])
    def test_with_an_app_that_is_no_id_are_refused(self, staff: Client, kind: str) -> None:
        assert "UUID" in errors(staff.post(f"/admin/devices/{kind}/add/", {"app": "1", "name": "x"}))


class TestDjangosOwnDelete:
    @pytest.mark.parametrize("path", CHANGELISTS)
    def test_is_not_offered(self, staff: Client, path: str, alice: Tenant) -> None:
        alice.device("phone")
        assert "delete_selected" not in staff.get(path).content.decode()

    def test_is_refused(self, staff: Client, alice: Tenant) -> None:
        device = alice.device("phone")
        rows = [("app", alice.app.pk), ("apikey", alice.key.pk), ("device", device.pk)]
        for kind, pk in rows:
            assert staff.post(f"/admin/devices/{kind}/{pk}/delete/", {"post": "yes"}).status_code == 403
            action = {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes"}
            staff.post(f"/admin/devices/{kind}/", action)
        assert (App.objects.count(), ApiKey.objects.count(), Device.objects.living().count()) == (1, 1, 1)
