"""How a problem becomes an answer: `application/problem+json` (RFC 9457), whoever raised it."""

import json
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions
from rest_framework.request import Request

from problems.draining import drain
from problems.errors import DatabaseUnavailable, Malformed, NotFound, Problem, RequestTimeout
from problems.table import TABLE, Entry

CONTENT_TYPE = "application/problem+json"
DOCUMENTATION_PATH = "/api/problems"

log = structlog.get_logger(__name__)


def body(
    *, entry: Entry, detail: str, request_id: str | None, extras: Mapping[str, object] | None = None
) -> dict[str, object]:
    """The members of a problem (RFC 9457, section 3.1), ours after the standard ones."""
    return {
        "type": f"{DOCUMENTATION_PATH}#{entry.code}",
        "title": entry.title,
        "status": entry.status,
        "detail": detail,
        "code": entry.code,
        "request_id": request_id,
        **(extras or {}),
    }


def answer(problem: Problem, *, request: HttpRequest | Request) -> HttpResponse:
    """The answer that a problem stands for; its headers come from the problem."""
    entry = problem.entry
    content = body(entry=entry, detail=problem.detail, request_id=request_id_of(request), extras=problem.extras)
    response = HttpResponse(json.dumps(content), content_type=CONTENT_TYPE, status=entry.status)
    for name, value in problem.headers.items():
        response[name] = value
    return response


def request_id_of(request: HttpRequest | Request) -> str | None:
    """The id that the middleware gave this request."""
    return getattr(request, "request_id", None)


def handle(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler; what it does not know goes on to Django as a fault with a traceback."""
    problem = _as_problem(error)
    if problem is None:
        return None
    request = context["request"]
    _roll_back()
    return answer(problem, request=request)


def _roll_back() -> None:
    # DRF's own handler does this for ATOMIC_REQUESTS; ours keeps the promise.
    from rest_framework.views import set_rollback  # noqa: PLC0415 - views import the settings that name this module

    set_rollback()


def _as_problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, exceptions.APIException):
        return _from_rest_framework(error)
    return _from_django(error)


class _Coded(Problem):
    """A problem whose code is known only when it is made."""

    def __init__(self, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **extras: object) -> None:
        super().__init__(detail, headers=headers, **extras)
        self._code = code

    @property
    def entry(self) -> Entry:
        return TABLE[self._code]


_BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: "unauthenticated",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.NOT_ACCEPTABLE: "not_acceptable",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_body",
}


def _from_rest_framework(error: exceptions.APIException) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        return Malformed(_sentence(error.detail), errors=error.detail)
    if isinstance(error, exceptions.NotFound):
        # DRF's own words would tell a bad cursor from a missing object.
        return NotFound()
    if isinstance(error, exceptions.UnsupportedMediaType):
        return _Coded("unsupported_body", "Send application/json.")
    challenge = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    code = _BY_STATUS.get(HTTPStatus(error.status_code), "malformed")
    return _Coded(code, str(error.detail), headers=headers)


def _sentence(detail: object, *, field: str = "") -> str:
    """The first complaint of a serializer as one sentence that names its field."""
    if isinstance(detail, Mapping):
        name, rest = next(iter(detail.items()))
        return _sentence(rest, field=field if name == "non_field_errors" else f"{field}{'.' if field else ''}{name}")
    if isinstance(detail, list):
        return _sentence(detail[0], field=field)
    return f"{field}: {detail}" if field else str(detail)


def _from_django(error: Exception) -> Problem | None:
    if isinstance(error, RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return _Coded("too_large", f"The body may have at most {limit} bytes here.", limit_bytes=limit)
    if isinstance(error, UnreadablePostError):
        return _unreadable(error)
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database_fault", exc_info=error)
        return DatabaseUnavailable()
    if isinstance(error, PermissionDenied):
        return _Coded("forbidden", "This is not allowed.")
    if isinstance(error, SuspiciousOperation | BadRequest):
        return Malformed("The request cannot be understood.")
    return None


def _unreadable(error: UnreadablePostError) -> Problem:
    """The client left in the middle of its body, or took too long: no fault of ours."""
    cause: BaseException | None = error
    # Django wraps it once for the read and once for the body.
    while isinstance(cause, UnreadablePostError):
        cause = cause.__cause__
    if isinstance(cause, TimeoutError):
        return RequestTimeout("The body came too slowly, or not at all.")
    return _Coded("incomplete_body", "The connection ended before the body did.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    drain(request)
    if isinstance(exception, DisallowedHost):
        return answer(Malformed("The Host header names no host of this service."), request=request)
    return answer(_from_django(exception) or Malformed("The request cannot be understood."), request=request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Django's handler403."""
    return answer(_Coded("forbidden", "This is not allowed."), request=request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Django's handler404."""
    drain(request)
    return answer(NotFound("There is no such page or endpoint; /api/docs lists them."), request=request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; the traceback is in the log under the same request id."""
    fault = sys.exception()
    if isinstance(fault, OperationalError | InterfaceError):
        return answer(DatabaseUnavailable(), request=request)
    return answer(_Coded("internal_error", "The fault was logged under this request id."), request=request)
