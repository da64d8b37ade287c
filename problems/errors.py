"""The exception that becomes a problem answer."""

from collections.abc import Mapping
from typing import ClassVar

from problems.table import TABLE, Entry


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


class UnknownField(Problem):
    """A field that no route knows; refused so that a misspelt option is never silently ignored."""

    code = "unknown_field"


class NotFound(Problem):
    """Absent, or another tenant's: the answer is the same."""

    code = "not_found"

    def __init__(self, detail: str = "There is nothing here for this key.") -> None:
        super().__init__(detail)
