"""Answering: which status, which headers and which bytes a request for a media gets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import parse_http_date_safe

from media_store.delivery import headers, ranges
from media_store.delivery.readable import ensure_readable
from media_store.errors import PreconditionFailed, StorageUnavailable
from media_store.models import Media
from media_store.storage import objects


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """An answer to be sent. `file` is the object itself, where this machine has it and all of it is wanted."""

    status: HTTPStatus
    headers: dict[str, str]
    body: Iterator[bytes] | None = None
    file: BinaryIO | None = None


def deliver(
    media: Media, *, request: HttpRequest, now: datetime, attachment: bool = False, even_expired: bool = False
) -> Delivery:
    """Answer GET or HEAD for this media; `even_expired` is for those who read evidence, never for clients.

    Errors: those of `ensure_readable`, `PreconditionFailed`, `RangeNotSatisfiable`, `StorageUnavailable`; all
    known before the first byte is sent.
    """
    ensure_readable(media, now=now, even_expired=even_expired)
    common = headers.of(media, attachment=attachment)
    if _is_not_modified(media, request):
        return Delivery(status=HTTPStatus.NOT_MODIFIED, headers=_unmodified(common, media))
    span = _span(media, request)
    if span is not None:
        common["Content-Range"] = span.content_range(size=media.size)
    wanted = span or ranges.Span(start=0, length=media.size)
    common["Content-Length"] = str(wanted.length)
    status = HTTPStatus.OK if span is None else HTTPStatus.PARTIAL_CONTENT
    if request.method == "HEAD":
        return Delivery(status=status, headers=common)
    return _open(media, wanted, status=status, common=common)


def _open(media: Media, wanted: ranges.Span, *, status: HTTPStatus, common: dict[str, str]) -> Delivery:
    if media.blob is None:
        raise StorageUnavailable
    key = media.blob.storage_key
    if status == HTTPStatus.OK and (file := objects().local_file(key, length=wanted.length)):
        return Delivery(status=status, headers=common, file=file)
    body = objects().read_range(key, start=wanted.start, length=wanted.length)
    return Delivery(status=status, headers=common, body=body)


def _is_not_modified(media: Media, request: HttpRequest) -> bool:
    """If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the order of RFC 9110, section 13.2.2."""
    passed = HttpResponse()
    outcome = get_conditional_response(
        request, etag=headers.etag(media), last_modified=int(media.created_at.timestamp()), response=passed
    )
    if outcome is not None and outcome.status_code == HTTPStatus.PRECONDITION_FAILED:
        detail = "The media is not the one that If-Match or If-Unmodified-Since names."
        raise PreconditionFailed(detail)
    return outcome is not passed


def _span(media: Media, request: HttpRequest) -> ranges.Span | None:
    """The range, which only a GET may ask for and which If-Range may call off (RFC 9110, section 13.1.5)."""
    header = request.headers.get("Range")
    if header is None or request.method != "GET" or not _if_range_holds(media, request):
        return None
    return ranges.parse(header, size=media.size)


def _if_range_holds(media: Media, request: HttpRequest) -> bool:
    validator = request.headers.get("If-Range")
    if validator is None:
        return True
    if validator.startswith('"'):
        return validator == headers.etag(media)
    return parse_http_date_safe(validator) == int(media.created_at.timestamp())


def _unmodified(common: dict[str, str], media: Media) -> dict[str, str]:
    # RFC 9110, section 15.4.5: what describes content stays at home.
    kept = {name: value for name, value in common.items() if not name.startswith("Content-") or "Policy" in name}
    # Section 8.6: the length that a 200 would have, where Django would claim that it is 0.
    return {**kept, "Content-Length": str(media.size)}
