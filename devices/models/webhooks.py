"""Whom an app has told of what happens, and what it is told: endpoints, and the outbox of their deliveries."""

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from devices.models.apps import App

SECRET_CHARACTERS = 64
REQUEST_ID_CHARACTERS = 64


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    """Endpoints; a deleted one is out of reach at once, and its rows are swept away behind it."""

    def living(self) -> Self:
        """Endpoints that were not deleted, of apps that were not destroyed."""
        return self.filter(deleted_at=None, app__destroyed_at=None)

    def for_app(self, app: App) -> Self:
        """The endpoints of one app that were not deleted: the only door to a tenant's webhooks."""
        return self.living().filter(app=app)

    def open(self) -> Self:
        """Those that events are written for, and sent to."""
        return self.living().filter(enabled=True)

    def may_be_asked(self, *, now: dt.datetime) -> Self:
        """Open ones that have not asked to be left alone until later."""
        return self.open().filter(Q(not_before=None) | Q(not_before__lte=now))

    def deleted_before(self, moment: dt.datetime) -> Self:
        """Those whose rows can be swept away."""
        return self.filter(deleted_at__lte=moment)


class WebhookEndpoint(models.Model):
    """A URL of an app that is told of the events it chose.

    It goes by `deleted_at` first: a transaction that announces may hold the row, and its foreign key is checked
    at COMMIT, where nobody could answer for it any more.
    """

    class DisabledReason(models.TextChoices):
        """Why nothing is sent to it; empty while it is enabled."""

        CLIENT = "client", "by the client, staff or an operator"
        GONE = "gone", "it answered 410"
        FAILING = "failing", "nothing but failures for days"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="+", db_index=False)
    url = models.TextField()
    events = models.JSONField(default=list)
    secret = models.CharField(max_length=SECRET_CHARACTERS, editable=False)
    # During a rotation both sign.
    previous_secret = models.CharField(max_length=SECRET_CHARACTERS, blank=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=10, choices=DisabledReason, blank=True)
    failing_since = models.DateTimeField(null=True, help_text="The first failure since the last success.")
    not_before = models.DateTimeField(null=True, help_text="Until then it asked to be left alone (Retry-After).")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(enabled=True, disabled_reason="", disabled_at__isnull=True)
                | (Q(enabled=False, disabled_at__isnull=False) & ~Q(disabled_reason="")),
                name="webhook_disabled_says_why",
            ),
        ]
        indexes = [
            # GET /v1/webhooks, newest first, and whom an event of the app is written for.
            models.Index(fields=["app", "id"], condition=Q(deleted_at__isnull=True), name="webhook_by_app"),
            # The sweep: what was deleted, longest ago first. Nearly always empty.
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="webhook_deleted"),
        ]

    def __str__(self) -> str:
        return self.url

    def secrets(self, *, now: dt.datetime) -> list[str]:
        """Those that sign at this moment, the new one first."""
        overlaps = self.previous_secret_until is not None and self.previous_secret_until > now
        return [self.secret, self.previous_secret] if overlaps else [self.secret]


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """The outbox, asked by what is to be done."""

    def for_app(self, app: App) -> Self:
        """What the app may see: the deliveries of its endpoints that were not deleted."""
        return self.filter(endpoint__app=app, endpoint__deleted_at=None)

    def pending(self) -> Self:
        """Those that are still to be sent."""
        return self.filter(state=WebhookDelivery.State.PENDING)

    def due(self, *, now: dt.datetime) -> Self:
        """Pending ones whose time has come, those of dead senders included: a claim runs out."""
        return self.pending().filter(next_attempt_at__lte=now)

    def being_sent(self, *, now: dt.datetime) -> Self:
        """Those that somebody holds."""
        return self.pending().filter(claim__isnull=False, next_attempt_at__gt=now)


class WebhookDelivery(models.Model):
    """An event on its way to one endpoint. Its id is the `webhook-id`, the same on every attempt and replay."""

    class State(models.TextChoices):
        """How far it got; a dead letter was given up, and can be replayed."""

        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Its index is those that begin with it, below. Rows go by the sweep, in their order.
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    event = models.CharField(max_length=30)
    app_id = models.UUIDField()
    device_id = models.UUIDField(null=True)
    subject_id = models.UUIDField(null=True, help_text="What the live part of the payload is asked about.")
    request_id = models.CharField(max_length=REQUEST_ID_CHARACTERS, blank=True)
    payload = models.JSONField(default=dict, help_text="Facts, which never change.")
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    # When it may be sent next; while somebody sends it, when he has to be taken for dead.
    next_attempt_at = models.DateTimeField(null=True)
    # Whose it is while it is sent; one for all that a sender took together.
    claim = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="In the present round.")
    log = models.JSONField(default=list)
    delivered_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="pending", next_attempt_at__isnull=False)
                | (~Q(state="pending") & Q(next_attempt_at__isnull=True, claim__isnull=True)),
                name="webhook_delivery_is_due",
            ),
        ]
        indexes = [
            # Sending: what of an endpoint is due, longest overdue first.
            models.Index(
                fields=["endpoint", "next_attempt_at"], condition=Q(state="pending"), name="webhook_delivery_to_send"
            ),
            # How much of an endpoint is being sent.
            models.Index(fields=["endpoint"], condition=Q(claim__isnull=False), name="webhook_delivery_claimed"),
            # GET /v1/webhooks/{id}/deliveries, newest first: ids are ordered by time.
            models.Index(fields=["endpoint", "id"], name="webhook_delivery_newest"),
            # Dead letters, newest first, and their replay.
            models.Index(fields=["endpoint", "id"], condition=Q(state="dead"), name="webhook_delivery_dead"),
            # The sweep, oldest first; the admin's list.
            models.Index(fields=["created_at"], name="webhook_delivery_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"
