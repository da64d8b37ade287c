"""Tenants."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from devices.models.locking import locked_shared
from devices.models.vocabulary import BY_CODE, NAME_MAX_CHARACTERS, Deleted
from problems.errors import NotFound


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


def _destroy_app(app: App) -> int:
    from devices import destruction  # noqa: PLC0415 - the verb imports these models

    return int(destruction.destroy_app(app, now=timezone.now(), by=BY_CODE))
