"""Destruction: the media of a destroyed device or app, in batches that may be killed and run again.

With each batch, what was there is copied into `DestroyedMedia`, and each blob let go of is noted; then the rows go.
When none is left the device's own row goes; and when an app has neither devices nor media nor objects left, the
app's. Objects are deleted by collection.
"""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, F, Sum, Value
from django.db.models.functions import Coalesce

from devices import destruction
from devices.models import App, Device
from media_store import giving_way
from media_store.failpoints import reached
from media_store.models import (
    Blob,
    BlobRelease,
    DestroyedMedia,
    IngestPolicy,
    Media,
    MediaQuerySet,
    RetentionRule,
    insert_select,
)
from problems.errors import NotFound

# One statement over a million rows would lock others out; a batch takes a fraction of a second.
BATCH_ROWS = {"postgresql": 10_000, "sqlite": 1_000}

MayGoOn = Callable[[], bool]
OnBatch = Callable[[int], None]


def marked() -> set[uuid.UUID]:
    """The devices and apps that are marked, and whose rows are still being removed."""
    return {pk for rows in (Device.objects, App.objects) for pk in rows.destroyed().values_list("pk", flat=True)}


@dataclass(frozen=True, kw_only=True)
class _Gone:
    rows: int
    last: uuid.UUID


def finish_destroyed(*, now: datetime, may_go_on: MayGoOn = lambda: True, on_batch: OnBatch = lambda _: None) -> int:
    """Go on with every device and app that is marked; answers how many media rows went.

    `may_go_on` is asked before each batch, `on_batch` is told how many rows each took.
    """
    removed = 0
    for device in Device.objects.destroyed().order_by("destroyed_at"):
        removed += _finish_device(device, now=now, may_go_on=may_go_on, on_batch=on_batch)
    for app in App.objects.destroyed().order_by("destroyed_at"):
        removed += _finish_app(app, now=now, may_go_on=may_go_on, on_batch=on_batch)
    return removed


def _finish_device(device: Device, *, now: datetime, may_go_on: MayGoOn, on_batch: OnBatch) -> int:
    media = Media.objects.filter(device=device)
    removed = _clear(media, owner=device, app_id=device.app_id, now=now, may_go_on=may_go_on, on_batch=on_batch)
    if not media.are_there(by="pk"):
        # Nothing is added behind the mark, so these are the last sums: made before anybody is locked out for them.
        sums = _sums(app_id=device.app_id, device_id=device.pk)
        destruction.finish(
            device.pk, is_empty=lambda: _is_without(device, media), totals=lambda: _totals(sums), now=now
        )
    reached("destruction.device_finished")
    return removed


def _is_without(device: Device, media: MediaQuerySet) -> bool:
    """Nothing of the device is left but its ingest policy, which then goes with it."""
    nothing_left = not media.are_there(by="pk")
    reached("destruction.looked")
    if nothing_left:
        IngestPolicy.objects.filter(device=device).delete()
    return nothing_left


def _finish_app(app: App, *, now: datetime, may_go_on: MayGoOn, on_batch: OnBatch) -> int:
    uploads = Media.objects.filter(app=app, device=None)
    removed = _clear(uploads, owner=app, app_id=app.pk, now=now, may_go_on=may_go_on, on_batch=on_batch)
    if _has_nothing_left(app):
        sums = _sums(app_id=app.pk)
        destruction.finish_app(app.pk, is_empty=lambda: _is_empty(app), totals=lambda: _totals(sums), now=now)
    reached("destruction.app_finished")
    return removed


def _has_nothing_left(app: App) -> bool:
    return not (Media.objects.filter(app=app).are_there(by="pk") or Blob.objects.filter(app=app).exists())


def _is_empty(app: App) -> bool:
    """Nothing of the app is left but its rules, which then go with it."""
    if not _has_nothing_left(app):
        return False
    RetentionRule.objects.filter(app=app).delete()
    reached("destruction.app_emptied")
    return True


def _clear(  # noqa: PLR0913 - what a batch is of, and how a run is to go, each by its name
    rows: MediaQuerySet,
    *,
    owner: Device | App,
    app_id: uuid.UUID,
    now: datetime,
    may_go_on: MayGoOn,
    on_batch: OnBatch,
) -> int:
    removed = 0
    left = rows
    while may_go_on():
        with giving_way.turn():
            gone = _remove_batch(left, owner=owner, app_id=app_id, now=now)
        if gone is None:
            break
        removed += gone.rows
        # What was removed stays in the index until the vacuum: without this each batch would pass it all again.
        left = rows.filter(pk__gt=gone.last)
        reached("destruction.batch_removed")
        on_batch(gone.rows)
    return removed


def _remove_batch(rows: MediaQuerySet, *, owner: Device | App, app_id: uuid.UUID, now: datetime) -> _Gone | None:
    """Copy, note and remove a batch of rows, in one transaction; none where somebody else has just finished it all."""
    with suppress(NotFound), transaction.atomic():
        _lock(owner, app_id=app_id)
        reached("destruction.locked")
        unheld = rows.unheld(now=now)
        last = _last(unheld)
        if last is None:
            return None
        batch = unheld.filter(pk__lte=last)
        # Oldest first, as they are told of: otherwise in whatever order the database finds them.
        insert_select(DestroyedMedia, batch.order_by("pk"), **_account(now))
        reached("destruction.copied")
        insert_select(BlobRelease, batch.exclude(blob=None), blob=F("blob_id"), noted_at=Value(now))
        reached("destruction.noted")
        # Past the querysets' own delete(), which is shut: this is the one place that may, and it has just noted.
        return _Gone(rows=int(batch._raw_delete(batch.db)), last=last)
    return None


def _lock(owner: Device | App, *, app_id: uuid.UUID) -> None:
    """The app, and the look for holds after it: a hold on the app keeps what has not gone yet.

    Two at work on the same owner wait for each other here, instead of copying the same rows. An app is locked once
    and for both: two who hold it shared would each wait for the other to let go.
    """
    if isinstance(owner, Device):
        App.objects.lock_shared(pk=app_id)
    type(owner)._default_manager.select_for_update().filter(pk=owner.pk).first()


def _last(rows: MediaQuerySet) -> uuid.UUID | None:
    """The id that ends a batch. Nothing is added behind the mark: it bounds the same rows for each statement."""
    ids = rows.order_by("pk").values_list("pk", flat=True)
    return ids[BATCH_ROWS[connection.vendor] - 1 :].first() or ids.last()


def _account(now: datetime) -> dict[str, object]:
    same = ("app_id", "device_id", "blob_id", "path", "size", "sha256", "created_at")
    return {"media_id": F("pk"), **{name: F(name) for name in same}, "destroyed_at": Value(now)}


def _sums(**whose: uuid.UUID) -> dict[str, object]:
    rows = DestroyedMedia.objects.filter(**whose)
    return rows.aggregate(media=Count("pk"), bytes=Coalesce(Sum("size"), 0))


def _totals(sums: dict[str, object]) -> dict[str, object]:
    reached("destruction.emptied")
    return sums
