"""GET /media?path=: the one route that every client of the gateway already calls."""

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request

from devices.permissions import HasScope
from media_store import delivery
from media_store.api import reading_schema
from media_store.api.answers import respond
from media_store.api.doors import AnyAccept, AppViewSet
from media_store.errors import PathMissing


class DownloadViewSet(AppViewSet):
    """Bytes by path."""

    permission_classes = (HasScope.of("media:read"),)
    content_negotiation_class = AnyAccept

    @reading_schema.download
    def list(self, request: Request) -> HttpResponseBase:
        """The bytes of a media, whole or a range of them, as what they are."""
        path = request.query_params.get("path")
        if not path:
            detail = "Call GET /media?path= with a media_path."
            raise PathMissing(detail)
        media = delivery.find(app=self.app, path=path)
        return respond(delivery.deliver(media, request=self.plain_request, now=timezone.now()))
