"""LegalHold: a reason why nothing of a media, a device or an app may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from django.db import models
from django.db.models import Q

from devices.models import BY_CHARACTERS, App, Device
from media_store.models.refusing import DeletedByVerbsOnlyError

if TYPE_CHECKING:
    from datetime import datetime

REASON_CHARACTERS = 500


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    """Questions about holds."""

    def active(self, *, now: datetime) -> LegalHoldQuerySet:
        """Those in force: neither released nor past their own date."""
        return self.filter(Q(until=None) | Q(until__gt=now), released_at=None)

    def over(self, *, now: datetime) -> LegalHoldQuerySet:
        """Those that bind nobody any more."""
        return self.filter(Q(released_at__isnull=False) | Q(until__lte=now))

    def of_scope(self, scope: str) -> LegalHoldQuerySet:
        """Those set on a media, on a device or on a whole app."""
        if scope == "app":
            return self.filter(device=None, media=None)
        return self.filter(**{f"{scope}__isnull": False})


class LegalHold(models.Model):
    """Keeps one media, all media of one device, or all of one app, whatever rule or person would have them gone.

    It tells what was held after that has gone, so nothing it names is bound to exist.
    """

    id = models.BigAutoField(primary_key=True)
    app = models.ForeignKey(App, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    device = models.ForeignKey(
        Device, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    media = models.ForeignKey(
        "media_store.Media",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    subject = models.CharField(max_length=255, help_text="What is held, by its name or path.")
    reason = models.CharField(max_length=REASON_CHARACTERS, help_text="Why: the case, the order, who asked for it.")
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=BY_CHARACTERS)
    until = models.DateTimeField(null=True, blank=True, help_text="When it ends by itself; empty: when it is released.")
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=BY_CHARACTERS, blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(device=None) | Q(media=None), name="legal_hold_one_subject"),)
        indexes = (
            # Whoever removes media asks these two, for each row.
            models.Index(fields=["app", "device"], condition=Q(released_at=None, media=None), name="legal_hold_wide"),
            models.Index(fields=["media"], condition=Q(released_at=None), name="legal_hold_of_media"),
        )

    def __str__(self) -> str:
        return f"{self.scope} {self.subject}"

    @property
    def scope(self) -> str:
        """What it is set on: media, device or app."""
        if self.media_id is not None:
            return "media"
        return "app" if self.device_id is None else "device"

    def is_active(self, *, now: datetime) -> bool:
        """Whether it is in force."""
        return self.released_at is None and (self.until is None or self.until > now)

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: a hold is released, and its row tells of it until the audit window ends."""
        message = "Legal holds are released, never deleted."
        raise DeletedByVerbsOnlyError(message)
