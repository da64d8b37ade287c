"""Disabling and enabling an endpoint, by whomever, with a line in the audit trail."""

import datetime as dt
import uuid
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q

from devices import audit
from devices.models import AuditEvent, WebhookDelivery, WebhookEndpoint
from devices.signals import webhooks_due

# Who it is when nobody did it.
BY = "beat"

Action = AuditEvent.Action
Reason = WebhookEndpoint.DisabledReason
# What waits for these will not be sent: their deliveries are dead letters.
FINAL = (Reason.GONE, Reason.FAILING)


def disable(endpoint: WebhookEndpoint, *, reason: WebhookEndpoint.DisabledReason, now: dt.datetime, by: str) -> bool:
    """Send nothing more to it; False if nothing was sent before. What waits for it waits on, or see `bury`."""
    changes: dict[str, object] = {"enabled": False, "disabled_at": now, "disabled_reason": reason}
    with transaction.atomic():
        disabled = WebhookEndpoint.objects.filter(pk=endpoint.pk, enabled=True, deleted_at=None).update(**changes)
        if disabled:
            _tell(Action.WEBHOOK_DISABLED, endpoint, now=now, by=by, details={"reason": str(reason)})
    if disabled:
        _know(endpoint, changes)
    return bool(disabled)


def enable(endpoint: WebhookEndpoint, *, now: dt.datetime, by: str) -> bool:
    """Send to it again, from a clean slate; False if it was enabled already. What waited for it is due."""
    changes = {
        "enabled": True,
        "disabled_at": None,
        "disabled_reason": "",
        "failing_since": None,
        "not_before": None,
    }
    with transaction.atomic():
        enabled = WebhookEndpoint.objects.filter(pk=endpoint.pk, enabled=False, deleted_at=None).update(**changes)
        if enabled:
            _tell(Action.WEBHOOK_ENABLED, endpoint, now=now, by=by, details={})
            make_due(endpoint, now=now)
            webhooks_due.send(sender=WebhookEndpoint)
    if enabled:
        _know(endpoint, changes)
    return bool(enabled)


def make_due(endpoint: WebhookEndpoint, *, now: dt.datetime) -> None:
    """Have what waits for it sent at once: it waits for what another URL asked, or for one that was away."""
    WebhookDelivery.objects.pending().filter(endpoint=endpoint, claim=None).update(next_attempt_at=now)


def bury(endpoint: WebhookEndpoint, *, claim: uuid.UUID | None = None) -> int:
    """Make dead letters of what waits for it, and of what this claim holds; other senders bury theirs themselves."""
    waiting = WebhookDelivery.objects.pending().filter(Q(claim=None) | Q(claim=claim), endpoint=endpoint)
    return waiting.update(state=WebhookDelivery.State.DEAD, next_attempt_at=None, claim=None)


def _know(endpoint: WebhookEndpoint, changes: Mapping[str, object]) -> None:
    for name, value in changes.items():
        setattr(endpoint, name, value)


def _tell(
    action: AuditEvent.Action, endpoint: WebhookEndpoint, *, now: dt.datetime, by: str, details: dict[str, object]
) -> None:
    # The trail is kept for good, and a path may be a secret.
    url = urlsplit(endpoint.url)
    subject, whole = f"{url.scheme}://{url.netloc}", {"webhook_id": str(endpoint.pk), **details}
    audit.record(audit.event(action, now=now, by=by, subject=subject, app_id=endpoint.app_id, details=whole))
