"""Why a source was not read: each refusal has a code, and a sentence that a client may see.

A sentence never carries an address that a name resolved to, nor a port, nor anything that the source has said.
What an operator wants to know beyond it stands in `detail_for_log`.
"""

from typing import ClassVar


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The base of them all; `may_pass` says whether the same request may well succeed later."""

    code: ClassVar[str]
    may_pass: bool = False

    def __init__(self, sentence: str, *, detail_for_log: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail_for_log = detail_for_log


class SourceForbidden(Refused):
    """The URL, or one that it redirects to, leads where nothing may be sent."""

    code = "source_forbidden"


class SourceUnreachable(Refused):
    """No name, no route, no connection, or it broke."""

    code = "source_unreachable"
    may_pass = True


class Untrusted(SourceUnreachable):
    """TLS did not prove that the source is who the URL says (RFC 9110, section 4.3.4)."""

    may_pass = False


class BrokenAnswer(SourceUnreachable):
    """The source answered, but not in HTTP, or other bytes than it announced."""


class Encoded(BrokenAnswer):
    """The source compressed its answer, although it was asked not to (RFC 9110, section 12.5.3)."""

    may_pass = False


class SourceTooSlow(Refused):
    """The deadline passed before everything had arrived."""

    code = "source_too_slow"
    may_pass = True

    def __init__(
        self, sentence: str = "The source did not answer completely in time.", *, detail_for_log: str = ""
    ) -> None:
        super().__init__(sentence, detail_for_log=detail_for_log)


class TooLarge(Refused):
    """The source has, or announces, more bytes than are wanted."""

    code = "too_large"

    def __init__(self, *, limit_bytes: int, detail_for_log: str = "") -> None:
        super().__init__(f"The source has more than {limit_bytes} bytes.", detail_for_log=detail_for_log)
        self.limit_bytes = limit_bytes


class Empty(Refused):
    """The source has no bytes."""

    code = "empty"

    def __init__(self) -> None:
        super().__init__("The source is empty.")


class BadStatus(Refused):
    """The source answered with another status than 200; `status` is what it was."""

    code = "bad_status"
    PASSING: ClassVar[frozenset[int]] = frozenset({408, 425, 429, 500, 502, 503, 504})

    def __init__(self, status: int, sentence: str = "") -> None:
        super().__init__(sentence or f"The source answered with status {status} instead of 200.")
        self.status = status
        self.may_pass = status in self.PASSING


class TooManyRedirects(BadStatus):
    """The source redirected once more than is followed."""

    def __init__(self, status: int, *, followed: int) -> None:
        super().__init__(status, f"The source redirects more than {followed} times.")
