"""Where the tenants' endpoints stand on the one router of the API."""

from rest_framework.routers import BaseRouter

from devices.api import openapi  # noqa: F401 - known to the generator of the document once imported
from devices.api.devices import DeviceViewSet
from devices.api.keys import KeyViewSet
from devices.api.me import MeViewSet


def register(router: BaseRouter) -> None:
    """Put the endpoints on the router, which stands at the root of the site."""
    router.register("v1/me", MeViewSet, basename="me")
    router.register("v1/keys", KeyViewSet, basename="keys")
    router.register("v1/devices", DeviceViewSet, basename="devices")
