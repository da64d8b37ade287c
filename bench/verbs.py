"""The verbs by which media leaves, each timed batch by batch. For bench.child: answers are JSON."""

import resource
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from devices import destruction as devices_destruction
from devices.models import Device
from media_store import collection, destruction, retention
from media_store.models import BlobRelease, Media
from tests import many_rows

# The notes of a purge that has just ended are past their grace then.
LATER = timedelta(hours=1)


class Watch:
    """`may_go_on` of the verbs: asked before each batch, it tells how long the one before took."""

    def __init__(self, *, most: int | None) -> None:
        self._asked: list[float] = []
        self._most = most

    def __call__(self) -> bool:
        self._asked.append(time.perf_counter())
        return self._most is None or len(self._asked) <= self._most

    def batches(self) -> list[float]:
        """In seconds; what came after the last batch is none."""
        return [after - before for before, after in zip(self._asked, self._asked[1:], strict=False)]


def fill(*, app: str, device: str, media: int, blobs: int) -> None:
    """Media of the device that expired yesterday, on these blobs; a tenth as many live ones beside them."""
    now = timezone.now()
    app_id, device_id = uuid.UUID(app), uuid.UUID(device)
    arrived, expired, living = now - timedelta(days=40), now - timedelta(days=1), now + timedelta(days=20)
    with many_rows.without_indexes():
        many_rows.fill_blobs(app_id=app_id, count=blobs, now=arrived)
        many_rows.fill_media(app_id=app_id, device_id=device_id, count=media, arrived_at=arrived, expires_at=expired)
        many_rows.fill_media(app_id=app_id, device_id=None, count=media // 10, arrived_at=arrived, expires_at=living)
    many_rows.settle()


def fill_living(*, homes: list[tuple[str, str]], media: int, blobs: int) -> None:
    """Media that live on, shared out among these pairs of app and device."""
    now = timezone.now()
    arrived, living = now - timedelta(days=10), now + timedelta(days=20)
    with many_rows.without_indexes():
        for app, device in homes:
            app_id = uuid.UUID(app)
            many_rows.fill_blobs(app_id=app_id, count=blobs // len(homes), now=arrived)
            many_rows.fill_media(
                app_id=app_id,
                device_id=uuid.UUID(device),
                count=media // len(homes),
                arrived_at=arrived,
                expires_at=living,
            )
    many_rows.settle()


def mark(*, device: str) -> None:
    """Mark the device destroyed, as the web process does."""
    devices_destruction.destroy(Device.objects.get(pk=device), now=timezone.now(), by="bench")


def destroy(*, batches: int | None = None) -> dict[str, Any]:
    """The media of whatever is marked."""
    return _timed(lambda go: destruction.finish_destroyed(now=timezone.now(), may_go_on=go), batches)


def purge(*, batches: int | None = None) -> dict[str, Any]:
    """All that has expired."""
    now = timezone.now()
    expired = Media.objects.expired(now=now)
    return _timed(lambda go: retention.purge(expired, now=now, may_go_on=go).rows, batches)


def condemn() -> dict[str, Any]:
    """What the notes speak of; the rows are the notes."""
    notes = BlobRelease.objects.count()
    now = timezone.now() + LATER

    def work(go: Callable[[], bool]) -> int:
        collection.condemn_released(now=now, may_go_on=go)
        return notes - BlobRelease.objects.count()

    return _timed(work, None)


def sweep() -> dict[str, Any]:
    """Tombstones, at the end of their window."""
    now = timezone.now() + timedelta(days=settings.AUDIT_DAYS) + LATER
    return _timed(lambda go: retention.sweep_windows(now=now, may_go_on=go), None)


def _timed(work: Callable[[Callable[[], bool]], int], most: int | None) -> dict[str, Any]:
    """Seconds by the clock and of this process's CPU; by how many MiB its peak grew."""
    connection.ensure_connection()
    watch = Watch(most=most)
    peak, cpu, began = _peak_kib(), time.process_time(), time.perf_counter()
    rows = work(watch)
    return {
        "rows": rows,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu,
        "grown_mib": (_peak_kib() - peak) / 1024,
        "batches": watch.batches(),
    }


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
