"""The phones and numbers of the tenants."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from devices.models.apps import App
from devices.models.locking import locked_shared
from devices.models.vocabulary import BY_CODE, NAME_MAX_CHARACTERS, Deleted
from problems.errors import NotFound


class DeviceQuerySet(models.QuerySet["Device"]):
    """Devices; a destroyed one is out of reach at once, whatever still has to be cleared away behind it."""

    def living(self) -> Self:
        """Devices that were not destroyed."""
        return self.filter(destroyed_at=None)

    def destroyed(self) -> Self:
        """Devices that are marked, and whose media are still being removed."""
        return self.filter(destroyed_at__isnull=False)

    def for_app(self, app: App) -> Self:
        """The living devices of one app: the only door to a tenant's devices."""
        return self.living().filter(app=app)

    def lock_living(self, *, pk: uuid.UUID) -> "Device":
        """The living device, locked shared until the transaction ends; NotFound when it is gone or going.

        The lock must conflict with the UPDATE that marks a device destroyed and not with other uploads, and
        FOR SHARE is the weakest that does: the FOR KEY SHARE of a foreign key lets that UPDATE pass.
        """
        # The look at destroyed_at comes after the lock, in Python.
        device = next(iter(locked_shared(self.filter(pk=pk))), None)
        if device is None or device.destroyed_at is not None:
            raise NotFound
        return device

    def delete(self) -> Deleted:
        """Destroy each device in a short transaction of its own."""
        count = sum(_destroy(device) for device in self)
        return count, {self.model._meta.label: count}

    # Django marks its own delete() the same way, so that templates and managers cannot reach it.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Device(models.Model):
    """One phone or number of an app, which sends and receives media."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="devices", db_index=False)
    name = models.CharField(max_length=NAME_MAX_CHARACTERS)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    destroyed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["app", "name"],
                condition=Q(destroyed_at=None),
                name="device_name_unique_among_living",
            ),
        ]
        indexes = [
            # An app's devices, newest first: the ids are ordered by time.
            models.Index(fields=["app", "id"], name="device_by_app"),
            # Recovery: what is marked, oldest mark first. Nearly always empty.
            models.Index(fields=["destroyed_at"], condition=Q(destroyed_at__isnull=False), name="device_destroyed"),
        ]

    def __str__(self) -> str:
        return self.name

    def delete(self, using: str | None = None, keep_parents: bool = False) -> Deleted:  # noqa: ARG002, FBT001, FBT002 - Django's signature
        """Destroy the device: its media go with it, and Django's cascade would leave their bytes behind."""
        count = _destroy(self)
        return count, {self._meta.label: count}


def _destroy(device: Device) -> int:
    from devices import destruction  # noqa: PLC0415 - the verb imports these models

    return int(destruction.destroy(device, now=timezone.now(), by=BY_CODE))
