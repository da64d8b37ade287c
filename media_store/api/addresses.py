"""Addresses: where a link to media lies, as whoever asks for it reaches this service."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from rest_framework.request import Request

from media_store import links
from media_store.models import Media


def link_to(media: Media, request: Request, *, until: datetime) -> str:
    """A link for clients, at PUBLIC_URL."""
    return _link(settings.PUBLIC_URL or _origin(request), media, until=until)


def gateway_link_to(request: Request, *, until: datetime) -> Callable[[Media], str]:
    """Links for a gateway, at GATEWAY_URL."""
    base = settings.GATEWAY_URL or _origin(request)
    return lambda media: _link(base, media, until=until)


def _link(base: str, media: Media, *, until: datetime) -> str:
    return f"{base}/v1/links/{links.token_for(media, until=until)}"


def _origin(request: Request) -> str:
    """Of this very request: its Host is one of ALLOWED_HOSTS."""
    return request.build_absolute_uri("/").rstrip("/")
