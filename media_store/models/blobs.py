"""Blob: one stored object. BlobRelease: a note that some media let go of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from django.db import connection, models
from django.db.models import Q
from uuid_utils.compat import uuid7

from devices.models import App
from media_store.models.refusing import DeletedByVerbsOnlyError

if TYPE_CHECKING:
    import uuid
    from datetime import datetime


COLLECT_ERROR_CHARACTERS = 200


class BlobQuerySet(models.QuerySet["Blob"]):
    """Questions about stored objects."""

    def pending(self) -> BlobQuerySet:
        """Those whose bytes are still on their way."""
        return self.filter(state=Blob.State.PENDING)

    def condemned(self) -> BlobQuerySet:
        """Those that nobody may attach to any more."""
        return self.filter(state=Blob.State.CONDEMNED)

    def due(self, *, now: datetime) -> BlobQuerySet:
        """Those that collection is to delete by now, longest overdue first."""
        return self.condemned().filter(collect_at__lte=now).order_by("collect_at")

    def condemn(self, *, now: datetime) -> int:
        """Let nobody attach to them any more, and have collection delete them; answers how many."""
        return self.update(state=Blob.State.CONDEMNED, condemned_at=now, collect_at=now)

    def ready(self) -> BlobQuerySet:
        """Those that may be attached to."""
        return self.filter(state=Blob.State.READY)

    def in_key_order(self, *, first: str, last: str, after: str = "") -> BlobQuerySet:
        """Those from the first to the last storage key, both included, behind `after`; all well-formed keys or ''.

        Such keys differ in digits and letters at the same places only, so that whatever the collation of the
        database, it orders them as the store orders its objects.
        """
        within = self.filter(storage_key__gte=first, storage_key__lte=last, storage_key__gt=after)
        return within.order_by("storage_key")

    def of_bytes(self, *, app_id: uuid.UUID, sha256: str) -> BlobQuerySet:
        """The app's READY blob of these bytes: one or none."""
        return self.ready().filter(app_id=app_id, sha256=sha256)

    def lock_ready(self, *, app_id: uuid.UUID, sha256: str) -> Blob | None:
        """Lock the app's READY blob of these bytes against being condemned, or find none.

        The lock is FOR KEY SHARE, so that uploads of the same bytes do not wait for each other while a
        condemnation (FOR UPDATE) does; Django has no word for it. PostgreSQL looks at the state again once
        the lock is held. SQLite has one writer at a time, and needs none.
        """
        if connection.vendor != "postgresql":
            return self.of_bytes(app_id=app_id, sha256=sha256).first()
        table = self.model._meta.db_table
        statement = f"SELECT * FROM {table} WHERE app_id = %s AND sha256 = %s AND state = %s FOR KEY SHARE"  # noqa: S608 - the table's own name
        return next(iter(self.raw(statement, [app_id, sha256, Blob.State.READY])), None)


class Blob(models.Model):
    """One stored object. Sharing stays inside one app: across apps it would tell strangers what others hold."""

    class State(models.TextChoices):
        """PENDING (row before bytes) → READY (bytes confirmed) → CONDEMNED (nobody may attach any more)."""

        PENDING = "pending"
        READY = "ready"
        CONDEMNED = "condemned"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    storage_key = models.CharField(max_length=100, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    condemned_at = models.DateTimeField(null=True)
    # Collection: when to try next, how often it failed, with what, and when the object was first deleted.
    collect_at = models.DateTimeField(null=True)
    collect_attempts = models.PositiveIntegerField(default=0)
    collect_error = models.CharField(max_length=COLLECT_ERROR_CHARACTERS, blank=True)
    object_deleted_at = models.DateTimeField(null=True)

    objects = BlobQuerySet.as_manager()

    class Meta:
        constraints = (
            # Two uploads of the same bytes: this decides who wins, and serves the look-up by checksum.
            models.UniqueConstraint(fields=["app", "sha256"], condition=Q(state="ready"), name="blob_ready_once"),
            models.CheckConstraint(condition=Q(size__gt=0), name="blob_has_bytes"),
            models.CheckConstraint(condition=~Q(state="ready") | Q(ready_at__isnull=False), name="blob_ready_since"),
            models.CheckConstraint(
                condition=~Q(state="condemned") | Q(condemned_at__isnull=False, collect_at__isnull=False),
                name="blob_condemned_is_due",
            ),
        )
        indexes = (
            # The sweep of uploads past their deadline.
            models.Index(fields=["created_at"], condition=Q(state="pending"), name="blob_pending"),
            # Collection: what is due, longest overdue first.
            models.Index(fields=["collect_at"], condition=Q(state="condemned"), name="blob_to_collect"),
        )

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.size} bytes, {self.state})"

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: only collection deletes blobs, once their object is gone."""
        message = "Blobs are deleted by collection only, after their object."
        raise DeletedByVerbsOnlyError(message)


class BlobRelease(models.Model):
    """A note that some media let go of a blob; collection looks at what is noted, and only then at the blob.

    Notes are only ever inserted by those who let go: they take no lock on the blob, and nobody asks at that
    moment whether the media was the last.
    """

    id = models.BigAutoField(primary_key=True)
    # Without a constraint: its check would lock the blob, and letting go must wait for nobody.
    blob = models.ForeignKey(Blob, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    noted_at = models.DateTimeField()

    objects = models.Manager()

    class Meta:
        indexes = (models.Index(fields=["noted_at"], name="blob_release_oldest"),)

    def __str__(self) -> str:
        return f"blob {self.blob_id} let go at {self.noted_at}"
