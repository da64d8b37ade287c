"""Problems in the OpenAPI document, made from the table."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from problems.answers import CONTENT_TYPE, body
from problems.table import TABLE, Entry


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem (RFC 9457); members beside these depend on the code."""

    type = serializers.CharField(help_text="A link to the documentation of the code.")
    title = serializers.CharField(help_text="What the code means, always the same words.")
    status = serializers.IntegerField(help_text="The HTTP status, repeated.")
    detail = serializers.CharField(help_text="What was wrong this time, and what to do.")
    code = serializers.CharField(help_text="Stable; branch on it.")
    request_id = serializers.CharField(allow_null=True, help_text="Also in `X-Request-ID` and in every log line.")


# What any route behind a key may answer: one that answers bytes whatever Accept says, and any other.
ALWAYS_OF_BYTES = ("unauthenticated", "scope_missing", "method_not_allowed", "internal_error", "database_unavailable")
ALWAYS = (*ALWAYS_OF_BYTES, "not_acceptable")
# What may happen to any JSON body.
OF_JSON_BODIES = ("malformed_json", "too_large", "incomplete_body")


def problem_responses(*codes: str, always: Iterable[str] = ALWAYS) -> dict[tuple[int, str], OpenApiResponse]:
    """The responses of an operation that may refuse with these codes, one per status."""
    by_status: dict[int, list[Entry]] = {}
    of_body = OF_JSON_BODIES if "malformed_json" in codes else ()
    for code in dict.fromkeys((*codes, *of_body, *always)):
        by_status.setdefault(TABLE[code].status, []).append(TABLE[code])
    return {(status, CONTENT_TYPE): _response(entries) for status, entries in sorted(by_status.items())}


def _response(entries: list[Entry]) -> OpenApiResponse:
    return OpenApiResponse(
        response=ProblemSerializer,
        description="; ".join(f"`{entry.code}`: {entry.title.lower()}" for entry in entries),
        examples=[
            OpenApiExample(
                entry.code,
                value=body(entry=entry, detail=entry.advice, request_id="0192f0c1a2b34c5d"),
                response_only=True,
                status_codes=[str(entry.status)],
            )
            for entry in entries
        ],
    )
