"""What the doors of media share: who asks, for which device, and media by id."""

import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import cast

from django.core.handlers.wsgi import WSGIRequest
from django.utils import timezone
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from devices.api.tenant import ANY_ID, device_of, parsed_id
from devices.models import App, Device
from devices.permissions import key_of
from media_store.api import waiting
from media_store.api.body_stream import drain
from media_store.delivery import ensure_readable
from media_store.errors import RETRY_SECONDS
from media_store.models import Media, MediaQuerySet
from media_store.tasks import fetch_next, hint
from problems.errors import NotFound


class AnyAccept(BaseContentNegotiation):
    """Bytes are answered as they are, whatever a client says it likes."""

    def select_parser(self, _request: Request, _parsers: Iterable[BaseParser]) -> None:
        """None: these routes read no body through DRF."""
        return

    def select_renderer(
        self, _request: Request, renderers: Iterable[BaseRenderer], _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Always the first."""
        first = next(iter(renderers))
        return first, first.media_type


class AppViewSet(ViewSet):
    """A viewset behind an app's key, which reads its body itself, as it arrives."""

    lookup_value_regex = ANY_ID

    def handle_exception(self, exc: Exception) -> Response:
        """Whatever is refused, and however early: the client is there to hear it."""
        drain(self.plain_request)
        return super().handle_exception(exc)

    @property
    def app(self) -> App:
        """The app whose key this is."""
        return key_of(self.request).app

    def device(self, device_id: str) -> Device:
        """A living device of this app; `NotFound` for any other, and for what is no id at all."""
        return device_of(self.app, device_id)

    def media(self, media_id: str | uuid.UUID) -> Media:
        """A media of this app by id; `NotFound` likewise."""
        media = self.all_media().filter(pk=parsed_id(str(media_id))).first()
        if media is None:
            raise NotFound
        return media

    def all_media(self) -> MediaQuerySet:
        """Every media of this app that can be seen."""
        return Media.objects.for_app(self.app).select_related("blob")

    def awaited(self, media: Media) -> HTTPStatus | None:
        """For a media that is to be fetched: ask for that, wait as long as the client likes, and answer the status.

        None where there was nothing to wait for. Errors: those of its download, where it failed or went while the
        client waited; `NotFound` where nothing is left of it.
        """
        if media.status != Media.Status.PENDING:
            return None
        hint(fetch_next)
        waiting.until_fetched(media, seconds=waiting.asked(self.request))
        if media.status == Media.Status.PENDING:
            return HTTPStatus.ACCEPTED
        ensure_readable(media, now=timezone.now())
        return HTTPStatus.CREATED

    def headers_of(self, media: Media) -> dict[str, str]:
        """Where the media is, and when to look again where it is not here yet."""
        headers = {"Location": f"/v1/media/{media.pk}"}
        if media.status == Media.Status.PENDING:
            headers["Retry-After"] = str(RETRY_SECONDS)
        return headers

    @property
    def plain_request(self) -> WSGIRequest:
        """The request as Django has it, for those who read its body themselves."""
        return cast("WSGIRequest", self.request._request)  # noqa: SLF001 - DRF has no public name for it
