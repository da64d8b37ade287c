"""Stores of a test's own, and objects that come and go past the service's own doors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.utils import timezone
from pytest_django import Settings

from media_store import store_mark
from media_store.models import StoreMark
from media_store.storage import objects
from media_store.storage.objects import PAGE_KEYS
from media_store.storage.s3 import S3Store
from mediahub import connections
from tests.servers import make_bucket


def use(settings: Settings, **changes: Any) -> None:
    """Configure the store of these tests, with changes."""
    configured = {
        "folder": settings.MEDIA_ROOT,
        "bucket": settings.MEDIA_BUCKET,
        "endpoint": settings.AWS_ENDPOINT_URL,
        "region": settings.AWS_REGION,
        "access_key": settings.AWS_ACCESS_KEY_ID,
        "secret_key": settings.AWS_SECRET_ACCESS_KEY,
        "path_style": settings.AWS_PATH_STYLE,
    }
    settings.STORAGES = {**settings.STORAGES, "media": connections.media_store(**{**configured, **changes})}


@contextmanager
def own_bucket(settings: Settings) -> Iterator[str]:
    """A bucket for one test at a time, empty before it and after it."""
    name = f"{settings.MEDIA_BUCKET}-own"
    use(settings, bucket=name)
    _made(name)
    yield name
    use(settings, bucket=name)
    empty()


@cache
def _made(name: str) -> None:
    make_bucket({**os.environ, "MEDIA_BUCKET": name})
    empty()


def empty() -> None:
    """Take everything out of the configured bucket, whatever its key begins with."""
    store: Any = objects()
    found = [{"Key": key} for key in keys()]
    for start in range(0, len(found), PAGE_KEYS):
        store.client.delete_objects(
            Bucket=store.bucket_name, Delete={"Objects": found[start : start + PAGE_KEYS], "Quiet": True}
        )


def mark() -> None:
    """Let the configured store be this database's from now on."""
    StoreMark.objects.update(marked_at=None)
    store_mark.prove(now=timezone.now())


def put(key: str, content: bytes, tmp_path: Path) -> None:
    """By the store's own door."""
    source = tmp_path / "source"
    source.write_bytes(content)
    objects().put_file(key, source)
    source.unlink()


def replace(key: str, content: bytes | None) -> None:
    """Past the store's own door: put other bytes under the key, or take the object away."""
    store: Any = objects()
    if isinstance(store, S3Store):
        if content is None:
            store.client.delete_object(Bucket=store.bucket_name, Key=key)
        else:
            store.client.put_object(Bucket=store.bucket_name, Key=key, Body=content)
    elif content is None:
        Path(store.location, key).unlink()
    else:
        path = Path(store.location, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def keys() -> list[str]:
    """Every key of the configured store, in order, whatever it begins with."""
    store: Any = objects()
    if isinstance(store, S3Store):
        pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=store.bucket_name)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    root = Path(store.location)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
