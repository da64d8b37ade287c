"""DestroyedMedia: what a destroyed device or app had."""

from django.db import models


class DestroyedMedia(models.Model):
    """A media whose row went with its device or app: enough to prove what was there and that it has gone.

    Written by INSERT … SELECT with each batch that is removed; without foreign keys, as it outlives everything it
    names. `blob_id` leads to the object while that has not been collected.
    """

    id = models.BigAutoField(primary_key=True)
    media_id = models.UUIDField(unique=True)
    app_id = models.UUIDField()
    device_id = models.UUIDField(null=True)
    blob_id = models.UUIDField(null=True)
    path = models.CharField(max_length=255)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "destroyed media"
        indexes = (
            # One device's, for the account of its destruction.
            models.Index(fields=["app_id", "device_id"], name="destroyed_of_device"),
            # The sweep, once the audit window has ended.
            models.Index(fields=["destroyed_at"], name="destroyed_oldest"),
        )

    def __str__(self) -> str:
        return self.path
