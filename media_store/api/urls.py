"""The routes of media, registered on the project's one router."""

from rest_framework.routers import BaseRouter

from media_store.api.destruction import DestructionViewSet
from media_store.api.download import DownloadViewSet
from media_store.api.limits import LimitsViewSet
from media_store.api.media import MediaViewSet
from media_store.api.messages import MessageViewSet


def register(router: BaseRouter) -> None:
    """Add the media routes."""
    router.register("media", DownloadViewSet, basename="download")
    router.register("v1/media", MediaViewSet, basename="media")
    router.register("v1/limits", LimitsViewSet, basename="limits")
    router.register(r"v1/devices/(?P<device_id>[^/]+)/messages", MessageViewSet, basename="message")
    router.register(r"v1/devices/(?P<device_id>[^/]+)/destruction", DestructionViewSet, basename="destruction")
