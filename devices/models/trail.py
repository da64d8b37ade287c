"""The audit trail."""

from typing import NoReturn

from django.db import models

from devices.models.vocabulary import BY_CHARACTERS

SUBJECT_CHARACTERS = 255


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
        MEDIA_OPENED = "media_opened", "media opened by staff"
        MEDIA_REMOVED = "media_removed", "media removed by staff"
        MEDIA_PURGED = "media_purged", "media purged by an operator"
        WEBHOOK_DISABLED = "webhook_disabled", "webhook disabled"
        WEBHOOK_ENABLED = "webhook_enabled", "webhook enabled"
        INGEST_POLICY_CHANGED = "ingest_policy_changed", "ingest policy changed"
        KEY_ISSUED = "key_issued", "API key issued"
        KEY_REVOKED = "key_revoked", "API key revoked"
        STORE_MARKED = "store_marked", "store marked by an operator"
        STORAGE_RECONCILED = "storage_reconciled", "storage reconciled by an operator"

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
