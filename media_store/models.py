"""The rows of media: what is stored, what each message carried, what was let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from django.db import connection, models
from django.db.models import Q
from uuid_utils.compat import uuid7

from devices.models import App, Device

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

FILE_NAME_CHARACTERS = 255
MESSAGE_ID_CHARACTERS = 255
CAPTION_CHARACTERS = 1_024


class DeletedByVerbsOnlyError(TypeError):
    """A row of this table goes by a verb, which notes what it lets go; never by delete()."""


class BlobQuerySet(models.QuerySet["Blob"]):
    """Questions about stored objects."""

    def ready(self) -> BlobQuerySet:
        """Those that may be attached to."""
        return self.filter(state=Blob.State.READY)

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

    objects = BlobQuerySet.as_manager()

    class Meta:
        constraints = (
            # Two uploads of the same bytes: this decides who wins, and serves the look-up by checksum.
            models.UniqueConstraint(fields=["app", "sha256"], condition=Q(state="ready"), name="blob_ready_once"),
            models.CheckConstraint(condition=Q(size__gt=0), name="blob_has_bytes"),
            models.CheckConstraint(condition=~Q(state="ready") | Q(ready_at__isnull=False), name="blob_ready_since"),
        )
        indexes = (
            # The sweeps' queries: uploads past their deadline, and what collection is to delete.
            models.Index(fields=["created_at"], condition=Q(state="pending"), name="blob_pending"),
            models.Index(fields=["condemned_at"], condition=Q(state="condemned"), name="blob_condemned"),
        )

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.size} bytes, {self.state})"

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: only collection deletes blobs, once their object is gone."""
        message = "Blobs are deleted by collection only, after their object."
        raise DeletedByVerbsOnlyError(message)


class MediaQuerySet(models.QuerySet["Media"]):
    """Questions about media; `for_app` is the one door to a tenant's."""

    def for_app(self, app: App) -> MediaQuerySet:
        """The media that this app may see: its own, and none of a destroyed device."""
        return self.reachable().filter(app=app)

    def reachable(self) -> MediaQuerySet:
        """Those of no destroyed device: from the mark on nobody opens them, staff included."""
        return self.filter(Q(device=None) | Q(device__destroyed_at=None))

    def in_state(self, status: str, *, now: datetime) -> MediaQuerySet:
        """Those whose status, as clients see it, is this one."""
        expired = Q(expires_at__lte=now)
        if status == Media.Status.EXPIRED:
            return self.filter(expired, status=Media.Status.READY)
        return self.filter(status=status) if status != Media.Status.READY else self.filter(~expired, status=status)

    def delete(self) -> NoReturn:
        """Refuse: a media row goes by removal or destruction, which note the blob they let go."""
        message = "Media rows go by removal or destruction, never by delete()."
        raise DeletedByVerbsOnlyError(message)


class Media(models.Model):
    """One message's media, or one plain upload. Its `path` is a name: issued once, compared, never parsed."""

    class Direction(models.TextChoices):
        """Which way it travels; a plain upload has not set out yet."""

        OUTBOUND = "outbound"
        INBOUND = "inbound"
        UPLOAD = "upload"

    class Status(models.TextChoices):
        """As clients see it; EXPIRED is never stored, it is READY past `expires_at`."""

        PENDING = "pending"
        READY = "ready"
        FAILED = "failed"
        EXPIRED = "expired"
        PURGED = "purged"
        QUARANTINED = "quarantined"
        OMITTED = "omitted"

    class Source(models.TextChoices):
        """Where the bytes came from; `source_detail` names the host of a URL or the media that was reused."""

        BASE64 = "base64"
        FILE = "file"
        RAW = "raw"
        URL = "url"
        MEDIA = "media"

    class Delivery(models.TextChoices):
        """How far an outbound message got."""

        QUEUED = "queued"
        SENT = "sent"
        DELIVERED = "delivered"
        READ = "read"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, null=True, related_name="+")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="+")
    path = models.CharField(max_length=255, unique=True)
    direction = models.CharField(max_length=10, choices=Direction)
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=12, choices=Status)
    reason = models.CharField(max_length=40, blank=True)
    message_id = models.CharField(max_length=MESSAGE_ID_CHARACTERS, null=True)  # noqa: DJ001 - null is no id; '' would collide
    file_name = models.CharField(max_length=FILE_NAME_CHARACTERS, blank=True)
    mime_type = models.CharField(max_length=127)
    declared_mime_type = models.CharField(max_length=127, blank=True)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    caption = models.CharField(max_length=CAPTION_CHARACTERS, blank=True)
    to = models.CharField(max_length=255, blank=True)
    ptt = models.BooleanField(default=False)
    source = models.CharField(max_length=10, choices=Source)
    source_detail = models.CharField(max_length=255, blank=True)
    delivery = models.CharField(max_length=10, choices=Delivery, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    purged_at = models.DateTimeField(null=True)

    objects = MediaQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "media"
        permissions = (
            ("view_content", "Can open the files of media"),
            ("remove_media", "Can remove the bytes of media"),
        )
        constraints = (
            models.UniqueConstraint(fields=["device", "direction", "message_id"], name="media_message_once"),
            models.CheckConstraint(
                condition=~Q(status="ready") | Q(blob__isnull=False, purged_at__isnull=True),
                name="media_ready_has_blob",
            ),
            models.CheckConstraint(
                condition=~Q(status="purged") | Q(blob__isnull=True, purged_at__isnull=False),
                name="media_purged_has_none",
            ),
        )
        indexes = (
            # GET /v1/media, newest first, one app: ids are ordered by time.
            models.Index(fields=["app", "id"], name="media_newest"),
            # The same filtered by device; the batches of a device's destruction.
            models.Index(fields=["device", "id"], name="media_of_device"),
            # The admin: newest first, and its hierarchy of dates.
            models.Index(fields=["created_at"], name="media_by_date"),
            # GET /v1/media?sha256= and the admin's search.
            models.Index(fields=["app", "sha256"], name="media_by_checksum"),
            # GET /v1/media?message_id=.
            models.Index(fields=["message_id"], name="media_by_message"),
        )

    def __str__(self) -> str:
        return self.path

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: a media row goes by removal or destruction, which note the blob they let go."""
        message = "Media rows go by removal or destruction, never by delete()."
        raise DeletedByVerbsOnlyError(message)

    def status_at(self, now: datetime) -> str:
        """The status as clients see it: what has expired is so from that moment, purged or not."""
        if self.status == Media.Status.READY and self.expires_at <= now:
            return Media.Status.EXPIRED
        return self.status


class BlobRelease(models.Model):
    """A note that some media let go of a blob; collection looks at what is noted, and only then at the blob.

    Notes are only ever inserted by those who let go: they take no lock on the blob, and nobody asks at that
    moment whether the media was the last.
    """

    id = models.BigAutoField(primary_key=True)
    # Without a constraint: its check would lock the blob, and letting go must wait for nobody.
    blob = models.ForeignKey(Blob, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    noted_at = models.DateTimeField()

    objects = models.Manager()

    class Meta:
        indexes = (models.Index(fields=["noted_at"], name="blob_release_oldest"),)

    def __str__(self) -> str:
        return f"blob {self.blob_id} let go at {self.noted_at}"
