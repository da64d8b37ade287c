"""GET /v1/limits: what may be sent, before it is sent."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from devices.permissions import HasScope
from media_store import kinds
from media_store.api import reading_schema
from media_store.api.doors import AppViewSet
from media_store.ingest import kinds_of


class LimitsViewSet(AppViewSet):
    """Limits of this app."""

    permission_classes = (HasScope.of("media:read"),)

    @reading_schema.limits
    def list(self, request: Request) -> Response:  # noqa: ARG002 - the route's signature
        """Types and sizes by kind of message."""
        return Response(kinds.limits_document(kinds_of(self.app), max_bytes=settings.MEDIA_MAX_BYTES))
