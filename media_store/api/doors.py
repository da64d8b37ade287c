"""What the doors share: who asks, for which device, and media by id."""

import uuid
from typing import ClassVar, cast

from django.core.handlers.wsgi import WSGIRequest
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from devices.models import App, Device
from media_store.models import Media, MediaQuerySet
from problems.errors import NotFound


class AnyAccept(BaseContentNegotiation):
    """Bytes are answered as they are, whatever a client says it likes."""

    def select_parser(self, request: Request, parsers: list[object]) -> None:  # noqa: ARG002 - the base's signature
        """None: these routes read no body through DRF."""
        return

    def select_renderer(
        self,
        request: Request,
        renderers: list[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 - the base's
    ) -> tuple[BaseRenderer, str]:
        """Always the first."""
        return renderers[0], renderers[0].media_type


class AppViewSet(ViewSet):
    """A viewset behind an app's key."""

    lookup_value_regex: ClassVar[str] = "[^/]+"

    @property
    def app(self) -> App:
        """The app whose key this is."""
        return cast("App", self.request.auth.app)

    def device(self, device_id: str) -> Device:
        """A living device of this app; `NotFound` for any other, and for what is no id at all."""
        device = Device.objects.for_app(self.app).filter(pk=_uuid(device_id)).first()
        if device is None:
            raise NotFound
        return device

    def media(self, media_id: str | uuid.UUID) -> Media:
        """A media of this app by id; `NotFound` likewise."""
        media = self.all_media().filter(pk=_uuid(media_id)).first()
        if media is None:
            raise NotFound
        return media

    def all_media(self) -> MediaQuerySet:
        """Every media of this app that can be seen."""
        return Media.objects.for_app(self.app).select_related("blob")

    @property
    def plain_request(self) -> WSGIRequest:
        """The request as Django has it, for those who read its body themselves."""
        return cast("WSGIRequest", self.request._request)


def _uuid(text: str | uuid.UUID) -> uuid.UUID:
    try:
        return text if isinstance(text, uuid.UUID) else uuid.UUID(text)
    except ValueError as error:
        raise NotFound from error
