"""The exception that becomes a problem answer."""

from collections.abc import Mapping
from typing import ClassVar

from problems.table import TABLE, Entry

# A restart of the database, or a lock that somebody held for too long, takes about so long.
DATABASE_RETRY_SECONDS = 5


class Problem(Exception):  # noqa: N818 - the field's own word (RFC 9457)
    """A refusal with a code of the table.

    `detail` is shown to the client: it says what was wrong and what to do, never an internal address,
    a stack or a storage key. `extras` become members of the answer, `headers` its headers.
    """

    code: ClassVar[str] = "malformed"

    def __init__(
        self,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extras: object,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extras = extras

    @property
    def sentence(self) -> str:
        """For operators: the detail, and what clients are not shown where a subclass knows it."""
        return self.detail

    @property
    def entry(self) -> Entry:
        """The row of the table that this problem stands for."""
        return TABLE[self.code]


class Malformed(Problem):
    """The request says something that cannot be meant."""

    code = "malformed"


class MalformedJson(Problem):
    """The body is not the JSON it should be (RFC 8259); `position`, where it is known, counts bytes from 0."""

    code = "malformed_json"


class LengthRequired(Problem):
    """A chunked body came where nobody can tell its end; Django would have taken it for empty."""

    code = "length_required"

    def __init__(self, detail: str = "Send the body with Content-Length; a chunked body is not read here.") -> None:
        super().__init__(detail)


class EncodedBody(Problem):
    """The body is compressed, or encoded in a way that nobody here knows."""

    code = "unsupported_body"

    def __init__(self, coding: str) -> None:
        detail = f"A body encoded as {coding[:40]!r} is not read here; send it as it is, without Content-Encoding."
        # RFC 9110, section 15.5.16: what would have been taken.
        super().__init__(detail, headers={"Accept-Encoding": "identity"})


class RequestTimeout(Problem):
    """The client took longer than anybody waits for it."""

    code = "request_timeout"


class UriTooLong(Problem):
    """The first line of the request is longer than any of ours."""

    code = "uri_too_long"


class HeadersTooLarge(Problem):
    """More headers, or longer ones, than any client of ours needs."""

    code = "headers_too_large"


class ExpectationFailed(Problem):
    """An expectation (RFC 9110, section 10.1.1) that nobody here can meet."""

    code = "expectation_failed"


class InternalError(Problem):
    """A fault of ours; its traceback is in the log."""

    code = "internal_error"


class UnknownField(Problem):
    """A field that no route knows; refused so that a misspelt option is never silently ignored."""

    code = "unknown_field"


class NotFound(Problem):
    """Absent, or another tenant's: the answer is the same."""

    code = "not_found"

    def __init__(self, detail: str = "There is nothing here for this key.") -> None:
        super().__init__(detail)


class DatabaseUnavailable(Problem):
    """The database went away, or was busy for longer than anybody waits for it."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("The database does not answer just now.", headers={"Retry-After": str(DATABASE_RETRY_SECONDS)})
