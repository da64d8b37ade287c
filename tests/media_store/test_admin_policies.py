"""The ingest policy on the admin's page of a device, written by the verb that the API calls."""

import re
from typing import Any

import pytest
from django.test import Client

from devices.models import AuditEvent
from media_store.models import IngestPolicy, Media
from tests.media_files import jpeg
from tests.people import Person, device_url, staff

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("plain_static_files")]
EVERY_KIND = ["image", "video", "audio", "document", "sticker"]


@pytest.fixture
def dora(db: None) -> Client:
    """Staff who may change devices and their policies."""
    return staff("dora", "add_ingestpolicy", "change_ingestpolicy", of_tenants=("view_device", "change_device"))


def page_of(person: Person) -> str:
    return f"/admin/devices/device/{person.device.pk}/change/"


def saved(client: Client, person: Person, *, shown: int | None = None, **said: Any) -> Any:
    """Save the page of the device; `shown` is how many policies there were when it was opened."""
    existing = IngestPolicy.objects.filter(device=person.device).count() if shown is None else shown
    prefix = "ingest_policy"
    form = {"kinds": EVERY_KIND, "groups": "on", "statuses": "on", "max_bytes": "", **said}
    form = {f"{prefix}-0-{name}": value for name, value in form.items() if value is not None}
    management = {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": existing}
    return client.post(
        page_of(person),
        {"name": person.device.name, f"{prefix}-0-device": str(person.device.pk), **management, **form},
    )


def policy_of(person: Person) -> dict[str, Any]:
    return dict(person.api.get(f"{device_url(person.device)}/ingest-policy").json())


class TestAPolicyInTheAdmin:
    def test_is_written_with_who_did_it(self, dora: Client, alice: Person) -> None:
        assert saved(dora, alice, kinds=["audio"], groups=None, max_bytes="500").status_code == 302
        assert policy_of(alice) == {"kinds": ["audio"], "groups": False, "statuses": True, "max_bytes": 500}
        assert IngestPolicy.objects.get().changed_by == "staff dora"
        assert AuditEvent.objects.get(action="ingest_policy_changed").by == "staff dora"

    def test_of_every_kind_is_one_of_any(self, dora: Client, alice: Person) -> None:
        saved(dora, alice, kinds=["audio"])
        saved(dora, alice, statuses=None)
        assert policy_of(alice) == {"kinds": None, "groups": True, "statuses": False, "max_bytes": None}

    def test_of_no_kind_keeps_nothing(self, dora: Client, alice: Person) -> None:
        saved(dora, alice, kinds=[])
        assert alice.api.hand_in(alice.device, jpeg()).json()["reason"] == "policy_kind"

    def test_that_somebody_set_meanwhile_stays_and_is_told(self, dora: Client, alice: Person) -> None:
        saved(dora, alice, kinds=["audio"])
        text = saved(dora, alice, shown=0, kinds=["image"]).content.decode()
        assert "Somebody has set a policy meanwhile" in text
        assert policy_of(alice)["kinds"] == ["audio"]

    def test_that_somebody_set_meanwhile_keeps_nobody_from_renaming_the_device(
        self, dora: Client, alice: Person
    ) -> None:
        saved(dora, alice, kinds=["audio"])
        assert saved(dora, alice, shown=0).status_code == 302
        assert policy_of(alice)["kinds"] == ["audio"]

    def test_stands_under_what_it_is(self, dora: Client, alice: Person) -> None:
        text = dora.get(page_of(alice)).content.decode()
        assert re.search(r"<h2 [^>]*>\s*What of its inbound media is kept\s*</h2>", text)

    def test_is_not_made_by_renaming_the_device(self, dora: Client, alice: Person) -> None:
        assert saved(dora, alice).status_code == 302
        assert "ingest_policy" in dora.get(page_of(alice)).content.decode()
        assert not IngestPolicy.objects.exists()

    def test_is_not_for_those_who_only_look(self, alice: Person) -> None:
        looker = staff("charlie", of_tenants=("view_device",))
        assert "ingest_policy" not in looker.get(page_of(alice)).content.decode()

    def test_of_a_destroyed_device_is_not_shown(self, dora: Client, alice: Person) -> None:
        alice.sent(jpeg())
        alice.api.delete(device_url(alice.device))
        assert "ingest_policy" not in dora.get(page_of(alice)).content.decode()


class TestTheMediaPage:
    def test_shows_what_the_gateway_said(self, alice: Person) -> None:
        media = alice.api.hand_in(alice.device, jpeg(), chat_id="12036@g.us").json()
        alice.sent(jpeg(), message_id="m")
        alice.api.report(alice.device, {"message_id": "m", "state": "sent", "network_message_id": "3EB0F2D41C3A"})
        looker = staff("charlie")
        assert "12036@g.us" in looker.get(f"/admin/media_store/media/{media['id']}/change/").content.decode()
        sent = Media.objects.get(message_id="m")
        assert "3EB0F2D41C3A" in looker.get(f"/admin/media_store/media/{sent.pk}/change/").content.decode()
