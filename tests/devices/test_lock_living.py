"""The shared lock that an upload takes on its device."""

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from devices import destruction
from devices.models import Device
from problems.errors import NotFound
from tests.devices.conftest import Tenant, tenant

PATIENCE_SECONDS = 60


class TestLockLiving:
    def test_answers_the_living_device(self, alice: Tenant) -> None:
        device = alice.device("phone")
        with transaction.atomic():
            locked = Device.objects.lock_living(pk=device.pk)
        assert (locked, locked.name, locked.app_id) == (device, "phone", alice.app.pk)

    def test_refuses_a_destroyed_or_unknown_one(self, alice: Tenant) -> None:
        device = alice.device("phone")
        device.delete()
        for device_id in (device.pk, uuid.uuid4()):
            with pytest.raises(NotFound), transaction.atomic():
                Device.objects.lock_living(pk=device_id)

    def test_stays_within_one_app_when_asked_so(self, alice: Tenant, bob: Tenant) -> None:
        device = bob.device("bob's phone")
        with pytest.raises(NotFound), transaction.atomic():
            Device.objects.for_app(alice.app).lock_living(pk=device.pk)


class Elsewhere(threading.Thread):
    """Work on a connection of its own; `finished` says that it is through, `result` what came of it."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.finished = threading.Event()
        self.backend: int = 0
        self.connected = threading.Event()
        self.result: object = None
        self.start()
        assert self.connected.wait(PATIENCE_SECONDS)

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.backend = cursor.fetchone()[0]
            self.connected.set()
            self.result = self._work()
        except NotFound as refusal:
            self.result = refusal
        finally:
            connections.close_all()
            self.finished.set()

    def waits(self) -> bool:
        """Whether PostgreSQL has it wait for a lock, asked until it waits or is through."""
        while not self.finished.wait(0.01):
            with connection.cursor() as cursor:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [self.backend])
                if cursor.fetchone()[0]:
                    return True
        return False


def upload(device: Device) -> None:
    with transaction.atomic():
        Device.objects.lock_living(pk=device.pk)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
class TestSideBySide:
    @pytest.fixture
    def device(self) -> Device:
        return tenant("alice").device("phone")

    def test_needs_a_transaction(self, device: Device) -> None:
        with pytest.raises(TransactionManagementError):
            Device.objects.lock_living(pk=device.pk)

    def test_uploads_do_not_wait_for_one_another(self, device: Device) -> None:
        with transaction.atomic():
            Device.objects.lock_living(pk=device.pk)
            other = Elsewhere(lambda: upload(device))
            assert other.finished.wait(PATIENCE_SECONDS)

    def test_the_mark_waits_for_an_upload(self, device: Device) -> None:
        with transaction.atomic():
            Device.objects.lock_living(pk=device.pk)
            mark = Elsewhere(lambda: destruction.destroy(device, now=timezone.now(), by="test"))
            assert mark.waits()
            assert Device.objects.living().filter(pk=device.pk).exists()
        assert mark.finished.wait(PATIENCE_SECONDS)
        assert mark.result is True

    def test_an_upload_that_waited_for_the_mark_sees_it(self, device: Device) -> None:
        with transaction.atomic():
            destruction.destroy(device, now=timezone.now(), by="test")
            late = Elsewhere(lambda: upload(device))
            assert late.waits()
        assert late.finished.wait(PATIENCE_SECONDS)
        assert isinstance(late.result, NotFound)

    def test_an_upload_goes_on_when_the_mark_was_refused(self, device: Device) -> None:
        with transaction.atomic():
            destruction.destroy(device, now=timezone.now(), by="test")
            late = Elsewhere(lambda: upload(device))
            assert late.waits()
            transaction.set_rollback(True)
        assert late.finished.wait(PATIENCE_SECONDS)
        assert late.result is None

    def test_two_marks_at_once_mark_once(self, device: Device) -> None:
        with transaction.atomic():
            first = destruction.destroy(device, now=timezone.now(), by="test")
            second = Elsewhere(
                lambda: destruction.destroy(Device.objects.get(pk=device.pk), now=timezone.now(), by="test")
            )
            assert second.waits()
        assert second.finished.wait(PATIENCE_SECONDS)
        assert (first, second.result) == (True, False)

    def test_the_end_of_the_row_waits_for_whoever_refers_to_it(self, device: Device) -> None:
        destruction.destroy(device, now=timezone.now(), by="test")
        with transaction.atomic(), connection.cursor() as cursor:
            # What PostgreSQL does for a foreign key.
            cursor.execute("SELECT 1 FROM devices_device WHERE id = %s FOR KEY SHARE", [device.pk])
            end = Elsewhere(lambda: destruction.finish(device.pk, is_empty=lambda: True, now=timezone.now()))
            assert end.waits()
        assert end.finished.wait(PATIENCE_SECONDS)
        assert end.result is True
