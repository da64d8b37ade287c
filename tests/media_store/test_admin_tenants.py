"""What media adds to the admin's pages of apps and devices: what would go with them, and what keeps them."""

import pytest
from django.template.defaultfilters import filesizeformat
from django.test import Client
from django.utils import timezone

from devices.models import App, AuditEvent, Device
from media_store import destruction, retention
from media_store.models import Media
from tests.media_files import jpeg, png
from tests.media_store.admin_lists import MEDIA, act, content_of, shown
from tests.people import Person, staff

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("plain_static_files")]
APPS = "/admin/devices/app/"
DEVICES = "/admin/devices/device/"


@pytest.fixture
def dora(db: None) -> Client:
    """Staff who may destroy, and open files."""
    tenants = ("view_app", "delete_app", "change_app", "view_device", "delete_device")
    return staff("dora", "view_content", of_tenants=tenants)


def hold(subject: Media | Device | App) -> None:
    retention.hold(subject, reason="Case 7", until=None, by="operator", now=timezone.now())


class TestDestroyingApps:
    def test_says_first_what_goes_with_each(self, dora: Client, alice: Person, bob: Person) -> None:
        alice.another_device()
        sizes = [alice.sent(jpeg())["size"], alice.uploaded(png())["size"]]
        text = act(dora, APPS, "destroy", alice.app.pk, bob.app.pk).content.decode()
        assert f"2 devices, 1 key, 2 media ({filesizeformat(sum(sizes))})" in text
        assert "1 device, 1 key, no media" in text
        assert App.objects.living().count() == 2

    def test_counts_no_bytes_of_tombstones(self, dora: Client, alice: Person) -> None:
        alice.api.delete(f"/v1/media/{alice.sent(jpeg())['id']}")
        assert "1 media (0\xa0bytes)" in act(dora, APPS, "destroy", alice.app.pk).content.decode()

    def test_puts_everything_out_of_reach(self, dora: Client, alice: Person, bob: Person) -> None:
        media, upload = alice.sent(jpeg()), alice.uploaded(png())
        text = act(dora, APPS, "destroy", alice.app.pk, confirmed="yes").content.decode()
        assert "Destroyed 1 app;" in text
        assert alice.api.download(media["media_path"]).status_code == 401
        assert dora.get(content_of(media)).status_code == dora.get(content_of(upload)).status_code == 404
        assert AuditEvent.objects.get(action="app_destroyed").by == "staff dora"
        assert list(App.objects.living()) == [bob.app]

    def test_is_finished_by_the_verb(self, dora: Client, alice: Person) -> None:
        alice.sent(jpeg())
        act(dora, APPS, "destroy", alice.app.pk, confirmed="yes")
        assert destruction.finish_destroyed(now=timezone.now()) == 1
        assert not Media.objects.exists()

    def test_refuses_a_held_one_with_a_sentence_before_and_after(
        self, dora: Client, alice: Person, bob: Person
    ) -> None:
        hold(Media.objects.get(pk=alice.sent(jpeg())["id"]))
        asked = act(dora, APPS, "destroy", alice.app.pk, bob.app.pk).content.decode()
        assert "Media of the app is under a legal hold" in asked
        done = act(dora, APPS, "destroy", alice.app.pk, bob.app.pk, confirmed="yes").content.decode()
        assert "The app alice stays: Media of the app is under a legal hold" in done
        assert "Destroyed 1 app;" in done
        assert list(App.objects.living()) == [alice.app]

    @pytest.mark.parametrize("confirmed", ["", "no", "on"])
    def test_takes_nothing_for_a_yes_but_a_yes(self, dora: Client, alice: Person, confirmed: str) -> None:
        act(dora, APPS, "destroy", alice.app.pk, confirmed=confirmed)
        assert App.objects.living().exists()

    def test_needs_the_permission(self, alice: Person) -> None:
        erin = staff("erin", of_tenants=("view_app", "change_app", "delete_device"))
        act(erin, APPS, "destroy", alice.app.pk, confirmed="yes")
        assert App.objects.living().exists()
        assert 'value="destroy"' not in shown(erin, APPS)


class TestDestroyingDevices:
    def test_says_first_what_goes_with_each(self, dora: Client, alice: Person) -> None:
        alice.sent(jpeg())
        other = alice.another_device()
        text = act(dora, DEVICES, "destroy", alice.device.pk, other.pk).content.decode()
        assert "1 media (" in text
        assert "no media" in text

    @pytest.mark.parametrize("scope", ["media", "device", "app"])
    def test_refuses_a_held_one_with_a_sentence(self, dora: Client, alice: Person, scope: str) -> None:
        media = Media.objects.get(pk=alice.sent(jpeg())["id"])
        subjects: dict[str, Media | Device | App] = {"media": media, "device": alice.device, "app": alice.app}
        hold(subjects[scope])
        text = act(dora, DEVICES, "destroy", alice.device.pk, confirmed="yes").content.decode()
        assert "stays: Media of the device is under a legal hold" in text
        assert "Destroyed 0" not in text
        assert Device.objects.living().exists()

    def test_shows_hostile_names_as_words(self, dora: Client, alice: Person) -> None:
        Device.objects.filter(pk=alice.device.pk).update(name="<b>phone")
        hold(Device.objects.get(pk=alice.device.pk))
        for confirmed in ("no", "yes"):
            text = act(dora, DEVICES, "destroy", alice.device.pk, confirmed=confirmed).content.decode()
            assert "<b>phone" not in text
            assert "&lt;b&gt;phone" in text


class TestMediaOfADestroyedApp:
    def test_are_not_held_any_more_nor_opened(self, dora: Client, alice: Person) -> None:
        upload = alice.uploaded(png())
        act(dora, APPS, "destroy", alice.app.pk, confirmed="yes")
        frank = staff("frank", "hold_media")
        text = act(frank, MEDIA, "hold", upload["id"], confirmed="yes", reason="too late").content.decode()
        assert "cannot be held" in text
