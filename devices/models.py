"""The rows of the tenants: App, ApiKey, Device."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Self

from django.db import connections, models
from django.db.models import Q
from django.db.transaction import TransactionManagementError
from django.utils import timezone
from uuid_utils.compat import uuid7

from devices.errors import AppNotDeletable
from problems.errors import NotFound

NAME_MAX_CHARACTERS = 100

# What Django's delete() answers: how many rows, and how many of each model.
Deleted = tuple[int, dict[str, int]]


class AppQuerySet(models.QuerySet["App"]):
    """Apps; they cannot be deleted."""

    def delete(self) -> Deleted:
        """Refuse: Django's cascade would take the rows and leave what they stand for."""
        raise AppNotDeletable

    # Django marks its own delete() the same way, so that templates and managers cannot reach it.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class App(models.Model):
    """A tenant: every key, device and medium belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=NAME_MAX_CHARACTERS)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    media_kinds = models.JSONField(
        null=True,
        blank=True,
        help_text="Overrides the service's media kinds for this app; empty means the service's own.",
    )

    objects = AppQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def delete(self, using: str | None = None, keep_parents: bool = False) -> Deleted:  # noqa: ARG002, FBT001, FBT002 - Django's signature
        """Refuse, as the queryset does."""
        raise AppNotDeletable


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Keys, asked by tenant and by whether they still open anything."""

    def for_app(self, app: App) -> Self:
        """The keys of one app, dead ones included: a tenant may see what it revoked."""
        return self.filter(app=app)

    def live(self, *, now: dt.datetime) -> Self:
        """Keys that are neither revoked nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


class ApiKey(models.Model):
    """What a client shows to be let in. Only the sha256 of the token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="keys", db_index=False)
    name = models.CharField(max_length=NAME_MAX_CHARACTERS, blank=True)
    digest = models.CharField(max_length=64, editable=False)
    prefix = models.CharField(max_length=12, editable=False, help_text="The first characters, to tell keys apart.")
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="api_key_digest_unique"),
        ]
        indexes = [
            # An app's keys, newest first: the ids are ordered by time.
            models.Index(fields=["app", "id"], name="api_key_by_app"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}".strip()

    def is_live(self, *, now: dt.datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def state(self, *, now: dt.datetime) -> str:
        """What a person calls it: live, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "live" if self.is_live(now=now) else "expired"

    def has_scope(self, scope: str) -> bool:
        """Whether this key may do what the scope stands for."""
        return scope in self.scopes


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
        FOR SHARE is the weakest that does: the FOR KEY SHARE of a foreign key lets that UPDATE pass. Django has
        no shared lock, hence the raw statement. SQLite has one writer at a time and needs none.
        """
        device = next(iter(self.filter(pk=pk).locked_shared()), None)
        if device is None or device.destroyed_at is not None:
            raise NotFound
        return device

    def locked_shared(self) -> Iterable["Device"]:
        """These rows, read under a shared lock where the database has one."""
        connection = connections[self.db]
        if not connection.in_atomic_block:
            message = "A row is locked within a transaction only."
            raise TransactionManagementError(message)
        if connection.vendor != "postgresql":
            return self
        # SELECT of one row by its key: the look at destroyed_at comes after the lock, in Python.
        sql, params = self.query.get_compiler(using=self.db).as_sql()
        return self.raw(f"{sql} FOR SHARE", params, using=self.db)

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

    return int(destruction.destroy(device, now=timezone.now()))
