"""Webhooks in the admin: facts to be read; disabled, enabled and replayed by actions."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from devices import webhooks
from devices.admin.pages import ReadOnlyPage, by
from devices.admin.showing import BAD, BUSY, GOOD, QUIET, WARN, badge, counted
from devices.models import WebhookDelivery, WebhookEndpoint
from problems.errors import Problem

TONES: dict[str, str] = {
    WebhookDelivery.State.PENDING: BUSY,
    WebhookDelivery.State.DELIVERED: GOOD,
    WebhookDelivery.State.DEAD: BAD,
}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyPage):
    """Endpoints are looked at, disabled and enabled; nobody is shown a secret."""

    about = "The URLs that apps have told of what happens. Apps create them by the API, operators by create_webhook."
    nothing = "No app has a webhook yet."
    list_display = ("url", "state", "app", "told_events", "created_at", "failing_since")
    list_filter = ("enabled", "disabled_reason")
    list_select_related = ("app",)
    date_hierarchy = "created_at"
    search_fields = ("url", "app__name")
    id_fields = ("pk", "app_id")
    search_help_text = "URL, name of the app, or the id of either."
    ordering = ("-pk",)
    fields = (
        "id",
        "app",
        "url",
        "told_events",
        "state",
        "created_at",
        "disabled_at",
        "failing_since",
        "not_before",
        "previous_secret_until",
    )
    actions = ("enable", "disable")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        """Those that were not deleted."""
        return super().get_queryset(request).filter(deleted_at=None)

    def has_switch_permission(self, request: HttpRequest) -> bool:
        """Whoever might change endpoints may disable and enable them."""
        return request.user.has_perm("devices.change_webhookendpoint")

    @admin.display(description="events")
    def told_events(self, endpoint: WebhookEndpoint) -> str:
        """In one line."""
        return ", ".join(endpoint.events)

    @admin.display(description="state")
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        """Enabled, failing, or disabled and why."""
        if not endpoint.enabled:
            return badge(f"disabled: {endpoint.get_disabled_reason_display()}", QUIET)
        return badge("failing", WARN) if endpoint.failing_since else badge("enabled", GOOD)

    @admin.action(description="Disable selected %(verbose_name_plural)s", permissions=["switch"])
    def disable(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Send nothing more to them; what waits for them waits on."""
        reason = WebhookEndpoint.DisabledReason.CLIENT
        done = [row for row in queryset if webhooks.disable(row, reason=reason, now=timezone.now(), by=by(request))]
        self._tell(request, done, "Disabled")

    @admin.action(description="Enable selected %(verbose_name_plural)s", permissions=["switch"])
    def enable(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        """Send to them again."""
        done = [row for row in queryset if webhooks.enable(row, now=timezone.now(), by=by(request))]
        self._tell(request, done, "Enabled")

    def _tell(self, request: HttpRequest, rows: list[WebhookEndpoint], what: str) -> None:
        for row in rows:
            self.log_change(request, row, f"{what}.")
        self.message_user(request, f"{what} {counted(len(rows), 'webhook endpoint')}.")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyPage):
    """Deliveries are looked at, and sent again."""

    about = "What apps were told, and how that went. What was given up is a dead letter, and can be replayed."
    nothing = "Nothing has been told to anybody yet."
    list_display = ("id", "event", "shown_state", "endpoint", "attempts", "created_at", "next_attempt_at")
    list_filter = ("state", "event")
    list_select_related = ("endpoint",)
    date_hierarchy = "created_at"
    search_fields = ("request_id",)
    id_fields = ("pk", "endpoint_id", "app_id", "device_id", "subject_id")
    search_help_text = "The id of a delivery, a webhook, an app, a device or a media, or of a request."
    ordering = ("-created_at", "-pk")
    fields = (
        "id",
        "endpoint",
        "event",
        "shown_state",
        "attempts",
        "created_at",
        "next_attempt_at",
        "delivered_at",
        "app_id",
        "device_id",
        "subject_id",
        "request_id",
        "shown_log",
    )
    actions = ("replay",)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Whoever might change deliveries may replay them."""
        return request.user.has_perm("devices.change_webhookdelivery")

    @admin.display(description="state", ordering="state")
    def shown_state(self, delivery: WebhookDelivery) -> SafeString:
        """How far it got."""
        return badge(delivery.get_state_display(), TONES[delivery.state])

    @admin.display(description="attempts")
    def shown_log(self, delivery: WebhookDelivery) -> SafeString:
        """What came back, oldest first."""
        text = json.dumps(delivery.log, indent=2, ensure_ascii=False)
        return format_html('<pre class="hub-json">{}</pre>', text)

    @admin.action(description="Replay selected %(verbose_name_plural)s", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Send each again; those of disabled endpoints are refused."""
        if self.is_too_many(request, queryset, instead="replay_webhooks takes any number."):
            return
        refused: list[str] = []
        done = [row for row in queryset.select_related("endpoint") if self._replay(row, refused)]
        for row in done:
            self.log_change(request, row, "Replayed.")
        self.tell_refused(request, refused)
        self.message_user(request, f"{counted(len(done), 'event')} will be sent again.")

    @staticmethod
    def _replay(row: Any, refused: list[str]) -> bool:
        try:
            webhooks.replay(row, now=timezone.now())
        except Problem as problem:
            refused.append(f"{row} stays as it is: {problem.detail}")
            return False
        return True
