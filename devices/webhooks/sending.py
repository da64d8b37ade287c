"""Sending: each delivery of a batch goes to its endpoint through the guarded client; what came back is noted at once.

No transaction is open meanwhile. Whoever dies between the answer and the note leaves a delivery that is sent again:
at least once, with the same id.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from time import monotonic

import structlog
from django.conf import settings
from django.utils import timezone

import safe_http
from devices.failpoints import reached
from devices.models import WebhookDelivery, WebhookEndpoint
from devices.webhooks import live, recording, signing
from devices.webhooks.attempts import Attempt
from devices.webhooks.claiming import BATCH_SECONDS, Batch, give_back
from devices.webhooks.envelope import body

USER_AGENT = "MediaHub"

Live = Mapping[uuid.UUID, Mapping[str, object]]

log = structlog.get_logger(__name__)


def send(batch: Batch) -> int:
    """Send a batch that `claim` gave us; answers how many deliveries were tried.

    After a failure, or once a second has passed since the live part was asked for, the rest is given back.
    """
    ends_at = monotonic() + BATCH_SECONDS
    tried = 0
    try:
        facts = live.of(_subjects(batch))
        for delivery_id in batch.delivery_ids:
            attempt = _try(delivery_id, batch=batch, facts=facts)
            if attempt is None:
                break
            tried += 1
            if not attempt.is_success or monotonic() >= ends_at:
                break
    finally:
        give_back(batch, now=timezone.now())
    return tried


def _subjects(batch: Batch) -> list[uuid.UUID]:
    rows = WebhookDelivery.objects.filter(pk__in=batch.delivery_ids)
    return [subject for subject in rows.values_list("subject_id", flat=True) if subject]


def _try(delivery_id: uuid.UUID, *, batch: Batch, facts: Live) -> Attempt | None:
    """One attempt; none where the delivery is not ours any more, or nothing may be sent to its endpoint."""
    now = timezone.now()
    delivery = _still_ours(delivery_id, batch=batch, now=now)
    if delivery is None:
        return None
    attempt = _post(delivery, live=facts.get(delivery.subject_id) if delivery.subject_id else None, now=now)
    reached("webhooks.answered")
    recording.record(delivery, attempt, now=timezone.now())
    reached("webhooks.recorded")
    return attempt


def _still_ours(delivery_id: uuid.UUID, *, batch: Batch, now: dt.datetime) -> WebhookDelivery | None:
    """The delivery with its endpoint as both are now: claimed for long enough, and not disabled or destroyed since."""
    enough = now + dt.timedelta(seconds=settings.WEBHOOK_DEADLINE_SECONDS)
    held = WebhookDelivery.objects.being_sent(now=enough).filter(pk=delivery_id, claim=batch.claim)
    open_ones = WebhookEndpoint.objects.may_be_asked(now=now)
    return held.filter(endpoint__in=open_ones).select_related("endpoint").first()


def _post(delivery: WebhookDelivery, *, live: Mapping[str, object] | None, now: dt.datetime) -> Attempt:
    content = body(delivery, live=live)
    began = monotonic()
    try:
        answer = safe_http.post(
            delivery.endpoint.url,
            body=content,
            headers=_headers(delivery, content, now=now),
            deadline_seconds=settings.WEBHOOK_DEADLINE_SECONDS,
            policy=settings.WEBHOOK_POLICY,
            proxy=settings.EGRESS_PROXY,
        )
    except safe_http.Refused as refused:
        log.info("webhook_refused", delivery_id=str(delivery.pk), code=refused.code, detail=refused.detail_for_log)
        return Attempt.refused(refused, at=now, seconds=monotonic() - began)
    return Attempt.answered(answer, at=now, seconds=monotonic() - began)


def _headers(delivery: WebhookDelivery, content: bytes, *, now: dt.datetime) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("User-Agent", USER_AGENT),
        *signing.headers(webhook_id=str(delivery.pk), at=now, body=content, secrets=delivery.endpoint.secrets(now=now)),
    ]
