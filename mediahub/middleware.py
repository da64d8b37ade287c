"""What every request passes through; the costly part of Django's own is for the admin alone."""

import re
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.deprecation import MiddlewareMixin
from structlog.contextvars import bind_contextvars, clear_contextvars

from mediahub import health

Answer = Callable[[HttpRequest], HttpResponseBase]

ADMIN = "/admin/"
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestId:
    """Gives every request an id, or keeps the caller's: in every log line, in every problem, in `X-Request-ID`."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The outermost step, so that refusals of the steps inside have an id too."""
        request_id = _sane(request.headers.get("X-Request-ID", "")) or uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]  # read by problems.answers
        # Cleared here and not at the end: the body is still to be streamed when this returns.
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        response = self._get_response(request)
        response["X-Request-ID"] = request_id
        _bind_app(request)
        return response


def _sane(request_id: str) -> str:
    return request_id if SANE_ID.fullmatch(request_id) else ""


def _bind_app(request: HttpRequest) -> None:
    # What the API's authentication leaves on the request; absent in the admin.
    app_id = getattr(getattr(request, "auth", None), "app_id", None)
    if app_id:
        bind_contextvars(app_id=str(app_id))


class Probes:
    """Answers the probes before Host and TLS are looked at: a load balancer calls by address, over plain HTTP."""

    answers: ClassVar[dict[str, Answer]] = {"/healthz": health.healthz, "/readyz": health.readyz}

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The probe's answer, or whatever comes next."""
        return self.answers.get(request.path_info, self._get_response)(request)


class AdminOnly(MiddlewareMixin):
    """Mixed into a middleware that requests with an API key should not pay for."""

    def __call__(self, request: HttpRequest) -> Any:
        """Pass by, but for the admin."""
        return super().__call__(request) if _is_admin(request) else self.get_response(request)


def _is_admin(request: HttpRequest) -> bool:
    return request.path_info.startswith(ADMIN)


class AdminSession(AdminOnly, SessionMiddleware):
    """Sessions."""


class AdminCsrf(AdminOnly, CsrfViewMiddleware):
    """Cross-site request forgery: it needs cookies that let somebody in, and only the admin has any."""

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        """Called beside `__call__`, so it asks for itself."""
        return super().process_view(request, *args) if _is_admin(request) else None


class AdminAuthentication(AdminOnly, AuthenticationMiddleware):
    """`request.user`."""


class AdminMessages(AdminOnly, MessageMiddleware):
    """Messages after an action."""
