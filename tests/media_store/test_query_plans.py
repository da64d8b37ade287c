"""What beat asks goes by the indexes that were made for it: PostgreSQL is asked for the plans of what was sent."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from devices import destruction as devices_destruction
from devices.models import Device
from media_store import destruction, outbox, retention, tasks
from media_store.collection import condemning
from media_store.models import Blob, BlobRelease, Media
from media_store.retention import purging, windows
from tests import many_rows
from tests.people import Person
from tests.query_plans import Plan, plans_kept

pytestmark = [pytest.mark.services, pytest.mark.faults, pytest.mark.django_db]

LARGE = frozenset({"media_store_media", "media_store_blob", "media_store_destroyedmedia"})
LIVING, LEAVING = 40_000, 6_000


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """As small beside the tables as they are in service."""
    for rooms in (destruction, purging, windows):
        monkeypatch.setitem(rooms.BATCH_ROWS, "postgresql", 300)
    monkeypatch.setattr(condemning, "BATCH_NOTES", {"postgresql": 300, "sqlite": 300})


class TestPlans:
    def test_a_purge_reads_what_has_expired(self, alice: Person, bob: Person) -> None:
        filled(alice, bob, lambda now: {"expires_at": now - timedelta(days=1)})
        plans = plans_of(tasks.purge_expired)
        assert not Media.objects.expired(now=timezone.now()).exists()
        assert reads_whole(plans) == []
        assert used(plans) >= {"media_expiring"}

    def test_a_destruction_reads_what_the_device_has(self, alice: Person, bob: Person) -> None:
        filled(alice, bob, lambda now: {"expires_at": now + timedelta(days=1)})
        devices_destruction.destroy(alice.device, now=timezone.now(), by="test")
        plans = plans_of(tasks.finish_destroyed)
        assert not Device.objects.filter(pk=alice.device.pk).exists()
        assert reads_whole(plans) == []
        assert used(plans) >= {"media_of_device"}

    def test_a_collection_reads_what_was_let_go_of_and_what_is_due(self, alice: Person, bob: Person) -> None:
        now = timezone.now()
        filled(alice, bob, lambda now: {"expires_at": now + timedelta(days=1)})
        lost = Blob.objects.filter(app=alice.app).order_by("pk").values_list("pk", flat=True)[:1_000]
        Media.objects.filter(blob__in=list(lost)).update(blob=None, status="purged", purged_at=now)
        BlobRelease.objects.bulk_create(BlobRelease(blob_id=pk, noted_at=now - timedelta(hours=1)) for pk in lost)
        many_rows.settle()
        plans = plans_of(tasks.collect)
        assert not Blob.objects.condemned().exists()
        assert Blob.objects.filter(app=alice.app).count() == LEAVING // 2 - 1_000
        assert reads_whole(plans) == []
        assert used(plans) >= {"blob_pending", "blob_to_collect"}

    def test_a_sweep_reads_what_is_past_its_window(self, alice: Person, bob: Person) -> None:
        filled(alice, bob, _tombstones)
        many_rows.fill_destroyed(app_id=bob.app.pk, count=LIVING, destroyed_at=timezone.now() - timedelta(days=1))
        many_rows.settle()
        plans = plans_of(tasks.sweep_windows)
        assert not Media.objects.filter(app=alice.app).exists()
        assert reads_whole(plans) == []
        assert used(plans) >= {"media_purged", "media_failed"}

    def test_a_large_call_of_receipts_goes_by_the_ids_of_the_network(self, alice: Person, bob: Person) -> None:
        """PostgreSQL sees for itself that an index without empty names will do for a hundred of them, and no more."""
        filled(alice, bob, lambda now: {"expires_at": now + timedelta(days=1)})
        now = timezone.now()
        receipts = [
            outbox.Receipt(message_id="", network_message_id=f"wamid.{number}", state="delivered", at=now)
            for number in range(500)
        ]
        plans = plans_of(lambda: outbox.note_receipts(bob.device, receipts, now=now), at_least=1)
        assert reads_whole(plans) == []
        assert used(plans) >= {"media_by_network_message"}

    def test_what_is_held_is_found_by_what_is_held(self, alice: Person, bob: Person) -> None:
        now = timezone.now()
        filled(alice, bob, lambda now: {"expires_at": now + timedelta(days=1)})
        for subject in (Media.objects.filter(app=bob.app)[0], Media.objects.filter(app=bob.app)[1], alice.device):
            retention.hold(subject, reason="case 12", until=None, by="test", now=now)
        with plans_kept() as plans:
            assert Media.objects.held(now=now).count() == LEAVING + 2
        assert reads_whole(plans) == []


def filled(alice: Person, bob: Person, leaving: Callable[[datetime], dict[str, object]]) -> None:
    """Media of alice's device that are to leave, and many more of bob that stay."""
    now = timezone.now()
    stays = {"expires_at": now + timedelta(days=20)}
    with many_rows.without_indexes():
        for person, count, columns in ((alice, LEAVING, leaving(now)), (bob, LIVING, stays)):
            many_rows.fill_blobs(app_id=person.app.pk, count=count // 2, now=now - timedelta(days=200))
            many_rows.fill_media(
                app_id=person.app.pk,
                device_id=person.device.pk,
                count=count,
                arrived_at=now - timedelta(days=200),
                **columns,
            )
    many_rows.settle()


def _tombstones(now: datetime) -> dict[str, object]:
    audited = now - timedelta(days=settings.AUDIT_DAYS + 1)
    purged = {"blob": "NULL", "status": "'purged'", "purged_at": f"timestamptz '{audited.isoformat()}'"}
    return {"expires_at": audited, "columns": purged}


def plans_of(task: Callable[[], object], *, at_least: int = 11) -> list[Plan]:
    """The plans of all that the task sends, after a look that there is something to be seen."""
    with plans_kept() as plans:
        task()
    assert len(plans) >= at_least
    return plans


def reads_whole(plans: Iterable[Plan]) -> list[str]:
    """The plans that read a large table from its beginning to its end."""
    return [f"{plan.statement[:300]}\n{plan.text[:1_500]}" for plan in plans if plan.scanned & LARGE]


def used(plans: Iterable[Plan]) -> frozenset[str]:
    """The indexes that were gone by."""
    return frozenset[str]().union(*(plan.indexes for plan in plans))
