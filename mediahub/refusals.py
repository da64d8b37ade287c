"""Refusals of what never became a request: no HTTP, too much of it, or too slow. Problems as all others (RFC 9457)."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.utils.http import parse_header_parameters
from gunicorn import util
from gunicorn.http import errors as http

from problems import answers
from problems.errors import (
    ExpectationFailed,
    HeadersTooLarge,
    InternalError,
    Malformed,
    Problem,
    UriTooLong,
)

# A log line needs the beginning of what was wrong, not the megabyte that was sent.
LOGGED_CHARACTERS = 200
# A type, a charset and a boundary of 70 (RFC 2046, section 5.1.1) are 200.
MOST_TYPE_CHARACTERS = 1_024

_NO_HTTP = "The request is not valid HTTP (RFC 9112)."
# Younger than gunicorn's stubs.
_OF_THE_APPLICATION = (http.InvalidResponseHeader, http.InvalidResponseHeaderName)  # type: ignore[attr-defined]


def problem_of(error: BaseException) -> Problem | None:
    """What the client is told; None where it is our fault and not the client's."""
    if isinstance(error, _OF_THE_APPLICATION):
        return None
    if isinstance(error, http.LimitRequestLine):
        return UriTooLong("The first line of a request may have at most 8190 bytes.")
    if isinstance(error, http.LimitRequestHeaders):
        return HeadersTooLarge("A request may have at most 100 headers of at most 16380 bytes each.")
    if isinstance(error, http.ExpectationFailed):
        return ExpectationFailed("The only expectation that is met is 100-continue (RFC 9110, section 10.1.1).")
    return Malformed(_NO_HTTP) if isinstance(error, http.ParseException) else None


def refuse_unclear_host(request: Any) -> None:
    """Return if it is clear which host is meant (RFC 9112, section 3.2). Error: `InvalidHeader`."""
    hosts = [value for name, value in request.headers if name == "HOST"]
    if not hosts and request.version >= (1, 1):
        raise http.InvalidHeader("HOST")
    # What a proxy believed, and what we would.
    authority = urlsplit(request.uri).netloc if "://" in request.uri.partition("?")[0] else ""
    if authority and hosts and authority.lower() != hosts[0].lower():
        raise http.InvalidHeader("HOST")


def refuse_unclear_type(request: Any) -> None:
    """Return if the type of the body can be read (RFC 2231 has it name a charset, which may be none). Error as above.

    Django reads it before any middleware, where all that is wrong is a fault; by a library for mail, which takes time
    with the square of its length, and does not expect parameters that are in pieces and whole.
    """
    for name, value in request.headers:
        if name == "CONTENT-TYPE" and not _can_be_read(value):
            raise http.InvalidHeader("CONTENT-TYPE")


def _can_be_read(content_type: str) -> bool:
    if len(content_type) > MOST_TYPE_CHARACTERS:
        return False
    try:
        parse_header_parameters(content_type)
    except (TypeError, ValueError):
        return False
    return True


def answer(problem: Problem, *, request_id: str | None = None) -> bytes:
    """The answer as it goes over the wire; nothing follows it on this connection."""
    entry = problem.entry
    request_id = request_id or new_id()
    body = json.dumps(answers.body(entry=entry, detail=problem.detail, request_id=request_id)).encode()
    head = (
        f"HTTP/1.1 {entry.status} {HTTPStatus(entry.status).phrase}",
        f"Date: {util.http_date()}",
        "Connection: close",
        f"Content-Type: {answers.CONTENT_TYPE}",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {request_id}",
        "X-Content-Type-Options: nosniff",
    )
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def fault() -> Problem:
    """What is told where it is our fault."""
    return InternalError("The fault was logged under this request id.")


def new_id() -> str:
    """An id for what has none yet."""
    return uuid4().hex


def shortened(said: str) -> str:
    """The beginning of a sentence that may quote whatever was sent."""
    return said if len(said) <= LOGGED_CHARACTERS else f"{said[:LOGGED_CHARACTERS]}…"
