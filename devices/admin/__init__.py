"""Tenants in the admin: everything can be read, little can be changed, and nothing goes but by its verb."""

from devices.admin.apps import AppAdmin
from devices.admin.devices import DeviceAdmin
from devices.admin.keys import ApiKeyAdmin
from devices.admin.staff import StaffAdmin, StaffGroupAdmin
from devices.admin.trail import AuditEventAdmin
from devices.admin.webhooks import WebhookDeliveryAdmin, WebhookEndpointAdmin

__all__ = [
    "ApiKeyAdmin",
    "AppAdmin",
    "AuditEventAdmin",
    "DeviceAdmin",
    "StaffAdmin",
    "StaffGroupAdmin",
    "WebhookDeliveryAdmin",
    "WebhookEndpointAdmin",
]
