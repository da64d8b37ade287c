"""Links to media: made with a key, followed without one."""

from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from devices.api.tenant import TenantViewSet, parsed_id
from devices.permissions import HasScope
from media_store import delivery, links
from media_store.api import gateway_schema as schema
from media_store.api.addresses import link_to
from media_store.api.answers import respond
from media_store.api.doors import AnyAccept, AppViewSet
from media_store.api.gateway_fields import LinkFieldsSerializer, LinkSerializer
from media_store.models import Media
from problems.errors import NotFound

TTL_SECONDS = 3_600


class MediaLinkViewSet(TenantViewSet):
    """Links of this app's media."""

    permission_classes = (HasScope.of("media:read"),)
    serializer_class = LinkFieldsSerializer
    pagination_class = None

    @schema.make_link
    def create(self, request: Request, media_id: str) -> Response:
        """A link that whoever has it may follow, until its time is over or the media goes.

        None of what has gone or never came; of what is on its way there is one.
        """
        serializer = LinkFieldsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        media = Media.objects.for_app(self.app).filter(pk=parsed_id(media_id)).first()
        if media is None:
            raise NotFound
        now = timezone.now()
        if media.status != Media.Status.PENDING:
            delivery.ensure_readable(media, now=now)
        seconds = serializer.validated_data.get("ttl_seconds") or min(TTL_SECONDS, settings.LINK_MAX_SECONDS)
        until = (now + timedelta(seconds=seconds)).replace(microsecond=0)
        answer = {"url": link_to(media, request, until=until), "expires_at": until}
        return Response(LinkSerializer(answer).data, status=HTTPStatus.CREATED)


class LinkViewSet(AppViewSet):
    """What a link leads to; the token is all that is asked for."""

    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = AnyAccept

    @schema.follow_link
    def retrieve(self, request: Request, pk: str) -> HttpResponseBase:  # noqa: ARG002 - the route's signature
        """The bytes, as GET /media?path= answers them."""
        now = timezone.now()
        return respond(delivery.deliver(links.find(pk, now=now), request=self.plain_request, now=now))
