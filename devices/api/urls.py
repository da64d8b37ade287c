"""Where the tenants' endpoints stand on the one router of the API."""

from rest_framework.routers import BaseRouter

from devices.api import openapi  # noqa: F401 - known to the generator of the document once imported
from devices.api.deliveries import DeliveryViewSet
from devices.api.devices import DeviceViewSet
from devices.api.keys import KeyViewSet
from devices.api.me import MeViewSet
from devices.api.webhooks import WebhookViewSet


def register(router: BaseRouter) -> None:
    """Put the endpoints on the router, which stands at the root of the site."""
    router.register("v1/me", MeViewSet, basename="me")
    router.register("v1/keys", KeyViewSet, basename="keys")
    router.register("v1/devices", DeviceViewSet, basename="devices")
    router.register("v1/webhooks", WebhookViewSet, basename="webhooks")
    router.register(r"v1/webhooks/(?P<webhook_id>[^/]+)/deliveries", DeliveryViewSet, basename="deliveries")
