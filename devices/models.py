"""The rows of the tenants: App, ApiKey, Device, and the audit trail of what was done to them."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import NoReturn, Self, TypeVar

from django.db import connections, models
from django.db.models import Q
from django.db.transaction import TransactionManagementError
from django.utils import timezone
from uuid_utils.compat import uuid7

from problems.errors import NotFound

NAME_MAX_CHARACTERS = 100
BY_CHARACTERS = 160
SUBJECT_CHARACTERS = 255

Row = TypeVar("Row", bound=models.Model)

# What Django's delete() answers: how many rows, and how many of each model.
Deleted = tuple[int, dict[str, int]]


# Whom the trail names where nobody says who it was.
BY_CODE = "code"


def locked_shared(rows: "models.QuerySet[Row]") -> Iterable[Row]:
    """These rows, read under a shared lock (FOR SHARE) where the database has one.

    Django has no shared lock, hence the raw statement. SQLite has one writer at a time and needs none.
    """
    connection = connections[rows.db]
    if not connection.in_atomic_block:
        message = "A row is locked within a transaction only."
        raise TransactionManagementError(message)
    if connection.vendor != "postgresql":
        return rows
    sql, params = rows.query.get_compiler(using=rows.db).as_sql()
    return rows.raw(f"{sql} FOR SHARE", params, using=rows.db)


class AppQuerySet(models.QuerySet["App"]):
    """Apps; a destroyed one is out of reach at once, whatever still has to be cleared away behind it."""

    def living(self) -> Self:
        """Apps that were not destroyed."""
        return self.filter(destroyed_at=None)

    def destroyed(self) -> Self:
        """Apps that are marked, and whose rows are still being removed."""
        return self.filter(destroyed_at__isnull=False)

    def lock_shared(self, *, pk: uuid.UUID) -> "App":
        """The app, locked shared until the transaction ends; NotFound when it is gone.

        Whoever removes media takes this lock and then looks for holds, in a new statement; whoever sets a hold
        takes the stronger one of `lock`. Neither can miss the other, and removers do not wait for one another.
        """
        app = next(iter(locked_shared(self.filter(pk=pk))), None)
        if app is None:
            raise NotFound
        return app

    def lock_living(self, *, pk: uuid.UUID) -> "App":
        """The same for whoever adds to the app: NotFound when it is gone or going."""
        app = self.lock_shared(pk=pk)
        if app.destroyed_at is not None:
            raise NotFound
        return app

    def lock(self, *, pk: uuid.UUID) -> "App | None":
        """The app, locked against everybody who takes a shared lock; new rows that refer to it need not wait."""
        return self.select_for_update(no_key=True).filter(pk=pk).first()

    def delete(self) -> Deleted:
        """Destroy each app in a short transaction of its own."""
        count = sum(_destroy_app(app) for app in self)
        return count, {self.model._meta.label: count}

    # Django marks its own delete() the same way, so that templates and managers cannot reach it.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class App(models.Model):
    """A tenant: every key, device and medium belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=NAME_MAX_CHARACTERS)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    destroyed_at = models.DateTimeField(null=True, blank=True, editable=False)
    media_kinds = models.JSONField(
        null=True,
        blank=True,
        help_text="Overrides the service's media kinds for this app; empty means the service's own.",
    )

    objects = AppQuerySet.as_manager()

    class Meta:
        indexes = [
            # Recovery: what is marked, oldest mark first. Nearly always empty.
            models.Index(fields=["destroyed_at"], condition=Q(destroyed_at__isnull=False), name="app_destroyed"),
        ]

    def __str__(self) -> str:
        return self.name

    def delete(self, using: str | None = None, keep_parents: bool = False) -> Deleted:  # noqa: ARG002, FBT001, FBT002 - Django's signature
        """Destroy the app: its devices and media go with it, and Django's cascade would leave their bytes behind."""
        count = _destroy_app(self)
        return count, {self._meta.label: count}


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


class AuditEvent(models.Model):
    """Something that was done and must be told afterwards. Append-only, without foreign keys: it outlives them."""

    class Action(models.TextChoices):
        """What was done."""

        DEVICE_DESTROYED = "device_destroyed", "device destroyed"
        DEVICE_CLEARED = "device_cleared", "device cleared away"
        APP_DESTROYED = "app_destroyed", "app destroyed"
        APP_CLEARED = "app_cleared", "app cleared away"
        HOLD_SET = "hold_set", "legal hold set"
        HOLD_RELEASED = "hold_released", "legal hold released"
        RETENTION_CHANGED = "retention_changed", "retention changed"
        MEDIA_REMOVED = "media_removed", "media removed by staff"
        MEDIA_PURGED = "media_purged", "media purged by an operator"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=30, choices=Action)
    by = models.CharField(
        max_length=BY_CHARACTERS, help_text="Who did it: a key, a member of staff, an operator, or beat."
    )
    app_id = models.UUIDField(null=True)
    device_id = models.UUIDField(null=True)
    subject = models.CharField(
        max_length=SUBJECT_CHARACTERS, blank=True, help_text="What it was done to, by the name of the time."
    )
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # What was done to one device of an app: GET /v1/devices/{id}/destruction.
            models.Index(fields=["app_id", "device_id", "action"], name="audit_by_subject"),
            # The admin: newest first.
            models.Index(fields=["at"], name="audit_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.subject}"

    def delete(self, *_args: object, **_options: object) -> NoReturn:
        """Refuse: the trail is only added to."""
        message = "Audit events are never deleted."
        raise TypeError(message)


def _destroy(device: Device) -> int:
    from devices import destruction  # noqa: PLC0415 - the verb imports these models

    return int(destruction.destroy(device, now=timezone.now(), by=BY_CODE))


def _destroy_app(app: App) -> int:
    from devices import destruction  # noqa: PLC0415 - the verb imports these models

    return int(destruction.destroy_app(app, now=timezone.now(), by=BY_CODE))
