"""Objects deleted by collection, and one by one with the same client, a thousand of each in turn. For bench.child."""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from django.utils import timezone

from devices import registry
from devices.models import App
from media_store import collection, store_mark
from media_store.models import Blob
from media_store.storage import new_key, objects

if TYPE_CHECKING:
    from media_store.storage.s3 import S3Store

AT_ONCE = 1_000
PUTTING_THREADS = 8
BYTES = 4_096


def delete_both_ways(*, objects_each: int) -> list[tuple[float, float]]:
    """The seconds that each thousand took: by collection, rows included, and one by one, without any."""
    now = timezone.now()
    # As before a first upload: a store that holds objects is not marked unasked.
    store_mark.prove(now=now)
    app = registry.create_app(name="collected", now=now)
    return [_round(app, now=now) for _ in range(objects_each // AT_ONCE)]


def _round(app: App, *, now: datetime) -> tuple[float, float]:
    by_collection = _put(app)
    one_by_one = _put(app)
    _make_rows(app, by_collection, now=now)
    began = time.perf_counter()
    collected = collection.collect(now=now)
    between = time.perf_counter()
    store = cast("S3Store", objects())
    for key in one_by_one:
        store.client.delete_object(Bucket=store.bucket_name, Key=key)
    ended = time.perf_counter()
    assert collected.objects == AT_ONCE, collected
    return between - began, ended - between


def _put(app: App) -> list[str]:
    keys = [new_key(app_id=app.pk) for _ in range(AT_ONCE)]
    with tempfile.NamedTemporaryFile() as file, ThreadPoolExecutor(PUTTING_THREADS) as threads:
        Path(file.name).write_bytes(b"\x01" * BYTES)
        for put in [threads.submit(objects().put_file, key, Path(file.name)) for key in keys]:
            put.result()
    return keys


def _make_rows(app: App, keys: list[str], *, now: datetime) -> None:
    Blob.objects.bulk_create(
        Blob(
            app=app,
            sha256=key[-32:] * 2,
            size=BYTES,
            storage_key=key,
            state=Blob.State.CONDEMNED,
            created_at=now,
            ready_at=now,
            condemned_at=now,
            collect_at=now,
        )
        for key in keys
    )
