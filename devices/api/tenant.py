"""What the tenants' endpoints have in common: a key, JSON, and the tenant's own rows only."""

import uuid
from typing import Any

from django.http import UnreadablePostError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from devices import ids
from devices.api.encoding import refuse_encoded
from devices.api.json_body import JsonBody
from devices.api.pagination import NewestFirst
from devices.authentication import ApiKeyAuthentication
from devices.models import ApiKey, App, Device
from devices.permissions import key_of
from devices.prepared import Prepared
from problems.draining import drain
from problems.errors import LengthRequired, NotFound

# Whatever stands in the path is looked up: a malformed id gets the answer of an unknown one, and not the router's.
ANY_ID = "[^/]+"


class TenantViewSet(GenericViewSet[Any]):
    """An endpoint behind a key. `caller` is the key, `app` its tenant."""

    authentication_classes = (ApiKeyAuthentication,)
    parser_classes: tuple[type[BaseParser], ...] = (JsonBody,)
    renderer_classes: tuple[type[BaseRenderer], ...] = (JSONRenderer,)
    pagination_class: type[NewestFirst] | None = NewestFirst
    filter_backends = ()
    lookup_value_regex = ANY_ID
    # Actions that look at none, whatever is sent with them.
    without_body: tuple[str, ...] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Know the caller first, then refuse a body that Django would take for empty, or for plain."""
        super().initial(request, *args, **kwargs)
        if self.action in self.without_body or request.method not in ("POST", "PUT", "PATCH"):
            return
        if "Transfer-Encoding" in request.headers and not request.headers.get("Content-Length"):
            raise LengthRequired
        refuse_encoded(request)

    def handle_exception(self, exc: Exception) -> Response:
        """Whatever is refused, and however early: the client is there to hear it."""
        # Who stopped sending, or is gone, is not waited for a second time.
        if not isinstance(exc, UnreadablePostError):
            drain(self.request._request)  # noqa: SLF001 - DRF has no public name for it
        return super().handle_exception(exc)

    @property
    def caller(self) -> ApiKey:
        """The key of this request."""
        return key_of(self.request)

    @property
    def app(self) -> App:
        """The tenant of this request."""
        return self.caller.app


def parsed_id(text: str) -> uuid.UUID:
    """The id in a path. Raises NotFound for what is no id: malformed, unknown and foreign look alike."""
    found = ids.parsed(text)
    if found is None:
        raise NotFound
    return found


_of_app = Prepared(lambda app_id, pk: Device.objects.for_app(App(pk=app_id)).filter(pk=pk), uuid.UUID, uuid.UUID)


def device_of(app: App, text: str) -> Device:
    """The app's living device of this id. Raises NotFound for unknown, foreign, malformed and destroyed alike."""
    device = _of_app(app.pk, parsed_id(text))
    if device is None:
        raise NotFound
    return device
