"""IngestPolicy: which media a gateway need not carry."""

from __future__ import annotations

from django.db import models

from devices.models import BY_CHARACTERS, Device


class IngestPolicy(models.Model):
    """What of a device's inbound media is kept; a device without one keeps all. It goes with its device."""

    # Not Django's cascade: a device's row goes past it, when its media have gone.
    device = models.OneToOneField(Device, on_delete=models.PROTECT, primary_key=True, related_name="+")
    kinds = models.JSONField(null=True, blank=True, help_text="The kinds that are kept; empty means any.")
    groups = models.BooleanField(default=True, help_text="Whether media of group chats is kept.")
    statuses = models.BooleanField(default=True, help_text="Whether media of status updates is kept.")
    max_bytes = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Nothing larger is kept; empty means as much as the service takes."
    )
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=BY_CHARACTERS)

    class Meta:
        verbose_name_plural = "ingest policies"

    def __str__(self) -> str:
        return f"ingest policy of {self.device_id}"
