"""Endpoints come into being, change, get new secrets, are tested, and go."""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction

import safe_http
from devices.errors import EventsRefused, TooManyWebhooks, WebhookDisabled, WebhookForbidden
from devices.models import App, WebhookDelivery, WebhookEndpoint, locked_key_shared
from devices.signals import webhooks_due
from devices.webhooks import announcing, disabling, signing
from devices.webhooks.events import CHOOSABLE, Event, News
from problems.errors import NotFound

MOST_PER_APP = 20
OVERLAP_SECONDS = 86_400
LONGEST_OVERLAP_SECONDS = 7 * 86_400


def create(*, app: App, url: str, events: Iterable[str], now: dt.datetime) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret, which is told this once.

    Errors: `WebhookForbidden`, `EventsRefused`, `TooManyWebhooks`; `NotFound` once the app goes.
    """
    _refuse_forbidden(url)
    chosen = _in_order(events)
    with transaction.atomic():
        # Two who counted at once would both make the last one.
        locked = App.objects.lock(pk=app.pk)
        if locked is None or locked.destroyed_at is not None:
            raise NotFound
        if WebhookEndpoint.objects.for_app(app).count() >= MOST_PER_APP:
            raise TooManyWebhooks(MOST_PER_APP)
        secret = signing.new_secret()
        endpoint = WebhookEndpoint.objects.create(app=app, url=url, events=chosen, secret=secret, created_at=now)
    return endpoint, secret


def change(
    endpoint: WebhookEndpoint, *, url: str | None = None, events: Iterable[str] | None = None, now: dt.datetime
) -> None:
    """Another URL, which begins with a clean slate, or other events; what is waiting goes to the new URL at once.

    Errors: `WebhookForbidden`, `EventsRefused`; `NotFound` when it was deleted meanwhile.
    """
    changes: dict[str, object] = {}
    if url is not None and url != endpoint.url:
        _refuse_forbidden(url)
        changes |= {"url": url, "failing_since": None, "not_before": None}
    if events is not None:
        changes["events"] = _in_order(events)
    if not changes:
        return
    with transaction.atomic():
        _update(endpoint, changes)
        if "url" in changes:
            disabling.make_due(endpoint, now=now)
            webhooks_due.send(sender=WebhookEndpoint)


def rotate(endpoint: WebhookEndpoint, *, overlap_seconds: int = OVERLAP_SECONDS, now: dt.datetime) -> str:
    """A new secret, told this once. The one before it signs beside it until the overlap is over.

    Error: `NotFound` when it was deleted meanwhile.
    """
    secret = signing.new_secret()
    until = now + dt.timedelta(seconds=overlap_seconds)
    with transaction.atomic():
        # Of two at once, the second replaces the first one's secret and not the one before.
        locked = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=endpoint.pk).first()
        if locked is None:
            raise NotFound
        _update(endpoint, {"secret": secret, "previous_secret": locked.secret, "previous_secret_until": until})
    return secret


def delete(endpoint: WebhookEndpoint, *, now: dt.datetime) -> bool:
    """Out of reach from this moment on, and nothing more is sent to it; False if it was already."""
    return bool(WebhookEndpoint.objects.filter(pk=endpoint.pk, deleted_at=None).update(deleted_at=now))


def test(endpoint: WebhookEndpoint, *, now: dt.datetime) -> WebhookDelivery:
    """An event for this endpoint alone, whatever it chose.

    Errors: `WebhookDisabled`; `NotFound` when it was deleted meanwhile.
    """
    news = News(event=Event.TEST, app_id=endpoint.app_id, device_id=None, payload={"webhook_id": str(endpoint.pk)})
    with transaction.atomic():
        # As for an announcement: its row stays until the delivery that refers to it is committed.
        rows = WebhookEndpoint.objects.living().filter(pk=endpoint.pk)
        locked = next(iter(locked_key_shared(rows)), None)
        if locked is None:
            raise NotFound
        if not locked.enabled:
            raise WebhookDisabled
        delivery = announcing.drafted(news, locked, now=now)
        announcing.write([delivery])
    return delivery


def _update(endpoint: WebhookEndpoint, changes: dict[str, object]) -> None:
    if not WebhookEndpoint.objects.filter(pk=endpoint.pk, deleted_at=None).update(**changes):
        raise NotFound
    for name, value in changes.items():
        setattr(endpoint, name, value)


def _refuse_forbidden(url: str) -> None:
    try:
        safe_http.parse_url(url, policy=settings.WEBHOOK_POLICY)
    except safe_http.Refused as refused:
        raise WebhookForbidden(refused.sentence) from refused


def _in_order(events: Iterable[str]) -> list[str]:
    wanted = set(events)
    unknown = wanted - {event.value for event in CHOOSABLE}
    if unknown or not wanted:
        known = ", ".join(event.value for event in CHOOSABLE)
        trouble = f"There is no event {min(unknown)!r}" if unknown else "A webhook needs at least one event"
        raise EventsRefused(f"{trouble}; the events are {known}.")
    return [event.value for event in CHOOSABLE if event in wanted]
