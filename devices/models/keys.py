"""What clients show to be let in."""

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from devices.models.apps import App
from devices.models.vocabulary import NAME_MAX_CHARACTERS


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
