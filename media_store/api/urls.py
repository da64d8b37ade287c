"""The routes of media, registered on the project's one router."""

from rest_framework.routers import BaseRouter

from media_store.api.destruction import DestructionViewSet
from media_store.api.download import DownloadViewSet
from media_store.api.gateway import ClaimViewSet, InboundViewSet, OutboxViewSet, ReceiptViewSet
from media_store.api.limits import LimitsViewSet
from media_store.api.links import LinkViewSet, MediaLinkViewSet
from media_store.api.media import MediaViewSet
from media_store.api.messages import MessageViewSet
from media_store.api.policies import IngestPolicyViewSet

OF_DEVICE = r"v1/devices/(?P<device_id>[^/]+)"


def register(router: BaseRouter) -> None:
    """Add the media routes."""
    router.register("media", DownloadViewSet, basename="download")
    router.register("v1/media", MediaViewSet, basename="media")
    router.register("v1/limits", LimitsViewSet, basename="limits")
    router.register(f"{OF_DEVICE}/messages", MessageViewSet, basename="message")
    router.register(r"v1/media/(?P<media_id>[^/]+)/links", MediaLinkViewSet, basename="media-link")
    router.register("v1/links", LinkViewSet, basename="link")
    router.register("v1/outbox/claim", ClaimViewSet, basename="claim")
    router.register(f"{OF_DEVICE}/inbound", InboundViewSet, basename="inbound")
    router.register(f"{OF_DEVICE}/outbox", OutboxViewSet, basename="outbox")
    router.register(f"{OF_DEVICE}/receipts", ReceiptViewSet, basename="receipt")
    router.register(OF_DEVICE, IngestPolicyViewSet, basename="ingest")
    router.register(f"{OF_DEVICE}/destruction", DestructionViewSet, basename="destruction")
