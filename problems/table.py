"""The table of problem codes: the one source for answers, the OpenAPI document and the documentation page.

A code is stable: clients branch on it. The title says what the code means, always the same words; the
`detail` of an answer says what was wrong this time. `advice` is what the documentation tells a client to do.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of the table. `extras` names the members an answer may carry beside the standard ones."""

    code: str
    status: int
    title: str
    advice: str
    extras: tuple[str, ...] = ()


_ROWS = (
    # 400: the request cannot be understood
    Entry(
        code="malformed",
        status=400,
        title="The request is malformed",
        advice="Mend what detail names and send it again.",
        extras=("errors",),
    ),
    Entry(
        code="malformed_json",
        status=400,
        title="The body is not valid JSON",
        advice="Send one JSON object in UTF-8 (RFC 8259), without duplicate keys.",
        extras=("position",),
    ),
    Entry(
        code="malformed_multipart",
        status=400,
        title="The body is not valid multipart/form-data",
        advice="Let your HTTP client write the body and its boundary.",
    ),
    Entry(
        code="incomplete_body",
        status=400,
        title="The body ended early",
        advice="Send it again; fewer bytes arrived than were announced.",
    ),
    Entry(
        code="unknown_field",
        status=400,
        title="A field is not known",
        advice="Take the field out, or mend its spelling.",
        extras=("fields",),
    ),
    Entry(
        code="caption_too_long",
        status=400,
        title="The caption is too long",
        advice="Shorten the caption.",
        extras=("limit_characters", "actual_characters"),
    ),
    Entry(
        code="source_missing",
        status=400,
        title="No media source was given",
        advice="Give exactly one of data_base64, url, media_id, media_path or a multipart file.",
    ),
    Entry(
        code="source_ambiguous",
        status=400,
        title="More than one media source was given",
        advice="Give exactly one of data_base64, url, media_id, media_path or a multipart file.",
        extras=("fields",),
    ),
    Entry(
        code="path_missing",
        status=400,
        title="The path parameter is missing",
        advice="Call GET /media?path= with the media_path you were given, percent-encoded.",
    ),
    # 401, 403: who asks
    Entry(
        code="unauthenticated",
        status=401,
        title="A valid API key is needed",
        advice="Send Authorization: Bearer mhk_… with a key that is neither expired nor revoked.",
    ),
    Entry(
        code="scope_missing",
        status=403,
        title="The API key lacks a scope",
        advice="Use a key that has the scope named in scope.",
        extras=("scope",),
    ),
    Entry(code="forbidden", status=403, title="This is not allowed", advice="Ask whoever runs this service."),
    # 404 and other protocol answers
    Entry(
        code="not_found",
        status=404,
        title="Not found",
        advice="Check the id or path; what belongs to another app is not found either.",
    ),
    Entry(
        code="method_not_allowed",
        status=405,
        title="The method is not allowed here",
        advice="Use one of the methods in Allow.",
    ),
    Entry(code="not_acceptable", status=406, title="No acceptable representation", advice="Accept application/json."),
    Entry(
        code="request_timeout",
        status=408,
        title="The request came too slowly",
        advice="Send it again without pauses; over a bad line in smaller requests.",
    ),
    # 409: what stands in the way
    Entry(
        code="duplicate_message_id",
        status=409,
        title="This message id was used for other media",
        advice="Choose another message_id, or send the same source again.",
    ),
    Entry(code="duplicate_name", status=409, title="This name is taken", advice="Choose another name."),
    Entry(
        code="not_refetchable",
        status=409,
        title="The media cannot be fetched again",
        advice="Only media that failed while its url was fetched can be; send it anew.",
    ),
    Entry(
        code="legal_hold",
        status=409,
        title="A legal hold is in force",
        advice="It stays as it is until whoever runs this service releases the hold.",
    ),
    Entry(
        code="too_many_webhooks",
        status=409,
        title="The app has too many webhooks",
        advice="Delete one that is no longer needed.",
        extras=("limit",),
    ),
    Entry(
        code="webhook_disabled",
        status=409,
        title="The webhook is disabled",
        advice="Enable it with PATCH, then ask again.",
    ),
    Entry(
        code="media_not_ready",
        status=409,
        title="The media is not ready yet",
        advice="Ask again after Retry-After seconds.",
    ),
    # 410
    Entry(
        code="media_gone",
        status=410,
        title="The media is gone",
        advice="It was removed for the reason given; it will not come back.",
        extras=("reason", "gone_at"),
    ),
    Entry(
        code="link_expired",
        status=410,
        title="The link has expired",
        advice="Ask whoever gave it to you for another one.",
        extras=("expired_at",),
    ),
    # 411 to 417
    Entry(
        code="length_required",
        status=411,
        title="The length of the body is needed",
        advice="Send Content-Length, or put a server in front that reads chunked bodies.",
    ),
    Entry(
        code="precondition_failed",
        status=412,
        title="A condition of the request is not met",
        advice="Take If-Match or If-Unmodified-Since out, or ask again for the current ETag.",
    ),
    Entry(
        code="too_large",
        status=413,
        title="Too large",
        advice="Send fewer bytes than limit_bytes.",
        extras=("limit_bytes", "actual_bytes"),
    ),
    Entry(
        code="uri_too_long",
        status=414,
        title="The URL is too long",
        advice="Shorten the URL; no route of this service needs a long one.",
    ),
    Entry(
        code="type_not_allowed",
        status=415,
        title="The media type is not allowed",
        advice="Send one of allowed_mime_types, or choose the type document.",
        extras=("declared_mime_type", "allowed_mime_types"),
    ),
    Entry(
        code="unsupported_body",
        status=415,
        title="The type of the body is not supported",
        advice="Send one of the content types that detail names.",
    ),
    Entry(
        code="range_not_satisfiable",
        status=416,
        title="The range cannot be satisfied",
        advice="Ask for a range within the size in Content-Range.",
    ),
    Entry(
        code="expectation_failed",
        status=417,
        title="The expectation cannot be met",
        advice="Send Expect: 100-continue, or no Expect at all.",
    ),
    # 422: understood, and refused
    Entry(code="empty", status=422, title="The media is empty", advice="Send at least one byte."),
    Entry(
        code="bad_base64",
        status=422,
        title="The base64 is not valid",
        advice="Send standard base64 (RFC 4648, section 4) with padding and without white space.",
        extras=("position",),
    ),
    Entry(
        code="mime_mismatch",
        status=422,
        title="The bytes are not a type this message type allows",
        advice="Send bytes of one of allowed_mime_types, or choose another type.",
        extras=("detected_mime_type", "allowed_mime_types"),
    ),
    Entry(
        code="checksum_mismatch",
        status=422,
        title="The checksum does not match",
        advice="Send it again; what arrived is not what sha256 promised.",
        extras=("actual_sha256",),
    ),
    Entry(
        code="source_forbidden",
        status=422,
        title="Nothing is fetched from this URL",
        advice="Give an https:// URL on port 443 of a public host, or send the file itself.",
    ),
    Entry(
        code="webhook_forbidden",
        status=422,
        title="Nothing is sent to this URL",
        advice="Give an https:// URL on port 443 of a public host, or have its origin allowed.",
    ),
    Entry(
        code="media_failed",
        status=422,
        title="The media failed",
        advice="See reason; send it again, or have its url fetched again.",
        extras=("reason", "media_id"),
    ),
    Entry(
        code="media_omitted",
        status=422,
        title="The media was never carried",
        advice="See reason; there are no bytes to have.",
        extras=("reason",),
    ),
    Entry(
        code="headers_too_large",
        status=431,
        title="The headers are too large",
        advice="Send fewer and shorter headers.",
    ),
    # 5xx
    Entry(
        code="internal_error",
        status=500,
        title="Something went wrong here",
        advice="Try again; if it lasts, report the request_id.",
    ),
    Entry(
        code="database_unavailable",
        status=503,
        title="The database does not answer",
        advice="Ask again after Retry-After seconds. What was being written may stand: with a message_id of your own a "
        "repeat does no harm.",
    ),
    Entry(
        code="storage_unavailable",
        status=503,
        title="The media storage does not answer",
        advice="Ask again after Retry-After seconds; nothing was lost.",
    ),
    Entry(
        code="try_again",
        status=503,
        title="The upload was given up",
        advice="Send it again after Retry-After seconds; nothing was stored.",
    ),
    Entry(
        code="unavailable",
        status=503,
        title="MediaHub does not answer",
        advice="Ask again after Retry-After seconds. The server in front of MediaHub says it while that is being "
        "restarted, or is down.",
    ),
    Entry(
        code="storage_full",
        status=507,
        title="The service has no room left",
        advice="Ask whoever runs this service to make room, then send it again.",
    ),
)

TABLE: dict[str, Entry] = {entry.code: entry for entry in _ROWS}
