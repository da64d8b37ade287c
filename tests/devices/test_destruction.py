"""Destroying devices, from the mark to the end of the row."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import models
from django.utils import timezone

from devices import destruction
from devices.errors import Refused
from devices.models import App, Device
from devices.signals import device_destroyed
from tests.devices.conftest import Tenant


class Receiver:
    """Hears the news, notes it in the database as a receiver would, and refuses if told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, dt.datetime]] = []
        self.refuses = False

    def __call__(self, device: Device, now: dt.datetime, **_news: Any) -> None:
        self.heard.append((device.pk, now))
        App.objects.create(name=f"note of {device.name}")
        if self.refuses:
            raise Refused("It is held.")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    device_destroyed.connect(receiver)
    yield receiver
    device_destroyed.disconnect(receiver)


def reloaded(device: Device) -> Device:
    return Device.objects.get(pk=device.pk)


class TestDestroy:
    def test_marks_and_tells(self, alice: Tenant, receiver: Receiver) -> None:
        device, now = alice.device("phone"), timezone.now()
        assert destruction.destroy(device, now=now, by="test") is True
        assert reloaded(device).destroyed_at == device.destroyed_at == now
        assert receiver.heard == [(device.pk, now)]

    def test_twice_marks_and_tells_once(self, alice: Tenant, receiver: Receiver) -> None:
        device, now = alice.device("phone"), timezone.now()
        destruction.destroy(device, now=now, by="test")
        stale = reloaded(device)
        stale.destroyed_at = None
        assert destruction.destroy(stale, now=now + dt.timedelta(hours=1), by="test") is False
        assert reloaded(device).destroyed_at == now
        assert len(receiver.heard) == 1

    def test_changes_nothing_when_a_receiver_refuses(self, alice: Tenant, receiver: Receiver) -> None:
        device = alice.device("phone")
        receiver.refuses = True
        with pytest.raises(Refused):
            destruction.destroy(device, now=timezone.now(), by="test")
        assert device.destroyed_at is None
        assert reloaded(device).destroyed_at is None
        assert not App.objects.filter(name="note of phone").exists()

    def test_a_refusal_is_the_answer_of_the_api(self, alice: Tenant, receiver: Receiver) -> None:
        device = alice.device("phone")
        receiver.refuses = True
        answer = alice.client.delete(f"/v1/devices/{device.pk}")
        assert (answer.status_code, answer.json()["detail"]) == (403, "It is held.")
        assert alice.client.get(f"/v1/devices/{device.pk}").status_code == 200

    def test_leaves_other_devices_alone(self, alice: Tenant) -> None:
        device, other = alice.device("phone"), alice.device("other")
        destruction.destroy(device, now=timezone.now(), by="test")
        assert list(Device.objects.for_app(alice.app)) == [other]

    def test_of_a_row_that_has_gone_is_no_fault(self, alice: Tenant, receiver: Receiver) -> None:
        device = alice.device("phone")
        Device.objects.filter(pk=device.pk)._raw_delete("default")
        assert destruction.destroy(device, now=timezone.now(), by="test") is False
        assert receiver.heard == []


class TestDelete:
    def test_of_a_device_is_the_verb(self, alice: Tenant, receiver: Receiver, clock: time_machine.Traveller) -> None:
        device = alice.device("phone")
        assert device.delete() == (1, {"devices.Device": 1})
        assert device.delete() == (0, {"devices.Device": 0})
        assert receiver.heard == [(device.pk, timezone.now())]
        assert reloaded(device).destroyed_at == timezone.now()

    def test_of_many_devices_is_the_verb_for_each(self, alice: Tenant, receiver: Receiver) -> None:
        devices = [alice.device(name) for name in ("one", "two", "three")]
        devices[0].delete()
        deleted = Device.objects.filter(app=alice.app).order_by("pk").delete()
        assert deleted == (2, {"devices.Device": 2})
        assert [device_id for device_id, _ in receiver.heard] == [device.pk for device in devices]
        assert Device.objects.destroyed().count() == 3

    def test_through_a_relation_is_the_verb_too(self, alice: Tenant) -> None:
        alice.device("phone")
        alice.app.devices.all().delete()
        assert Device.objects.destroyed().count() == 1

    def test_of_an_app_marks_it_and_its_devices(self, alice: Tenant, bob: Tenant) -> None:
        device = alice.device("phone")
        bobs = bob.device("phone")
        assert alice.app.delete() == (1, {"devices.App": 1})
        assert App.objects.get(pk=alice.app.pk).destroyed_at is not None
        assert reloaded(device).destroyed_at is not None
        assert reloaded(bobs).destroyed_at is None

    def test_of_many_apps_is_the_verb_for_each(self, alice: Tenant, bob: Tenant) -> None:
        assert App.objects.all().delete() == (2, {"devices.App": 2})
        assert App.objects.destroyed().count() == 2

    def test_has_no_cascade_from_the_app(self) -> None:
        on_delete = {
            field.remote_field.on_delete for field in Device._meta.fields if isinstance(field, models.ForeignKey)
        }
        assert on_delete == {models.PROTECT}


class TestFinish:
    def test_takes_the_row_once_nothing_refers_to_it(self, alice: Tenant) -> None:
        device = alice.device("phone")
        device.delete()
        assert destruction.finish(device.pk, is_empty=lambda: False, now=timezone.now()) is False
        assert Device.objects.filter(pk=device.pk).exists()
        assert destruction.finish(device.pk, is_empty=lambda: True, now=timezone.now()) is True
        assert not Device.objects.filter(pk=device.pk).exists()

    def test_twice_is_safe_and_asks_nothing_the_second_time(self, alice: Tenant) -> None:
        device = alice.device("phone")
        device.delete()
        destruction.finish(device.pk, is_empty=lambda: True, now=timezone.now())

        def never() -> bool:
            raise AssertionError

        assert destruction.finish(device.pk, is_empty=never, now=timezone.now()) is True

    def test_spares_a_living_device(self, alice: Tenant) -> None:
        device = alice.device("phone")
        assert destruction.finish(device.pk, is_empty=lambda: True, now=timezone.now()) is False
        assert reloaded(device).destroyed_at is None
