"""The rows of the tenants: apps, keys, devices, webhooks, and the audit trail of what was done to them."""

from devices.models.apps import App, AppQuerySet
from devices.models.devices import Device, DeviceQuerySet
from devices.models.keys import ApiKey, ApiKeyQuerySet
from devices.models.locking import locked_key_shared, locked_shared
from devices.models.trail import SUBJECT_CHARACTERS, AuditEvent
from devices.models.vocabulary import BY_CHARACTERS, BY_CODE, NAME_MAX_CHARACTERS, Deleted
from devices.models.webhooks import (
    WebhookDelivery,
    WebhookDeliveryQuerySet,
    WebhookEndpoint,
    WebhookEndpointQuerySet,
)

__all__ = [
    "BY_CHARACTERS",
    "BY_CODE",
    "NAME_MAX_CHARACTERS",
    "SUBJECT_CHARACTERS",
    "ApiKey",
    "ApiKeyQuerySet",
    "App",
    "AppQuerySet",
    "AuditEvent",
    "Deleted",
    "Device",
    "DeviceQuerySet",
    "WebhookDelivery",
    "WebhookDeliveryQuerySet",
    "WebhookEndpoint",
    "WebhookEndpointQuerySet",
    "locked_key_shared",
    "locked_shared",
]
