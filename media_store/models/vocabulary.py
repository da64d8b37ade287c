"""Words that stand in several tables."""

from django.db import models


class Direction(models.TextChoices):
    """Which way media travels; a plain upload has not set out yet."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    UPLOAD = "upload"


class DeliveryState(models.TextChoices):
    """How far an outbound message got. A later word is never taken back for an earlier one."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"
