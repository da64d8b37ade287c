"""One attempt, and what is kept of it."""

import datetime as dt
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import safe_http

# Of an answer, the first of it; of attempts, the last ones.
ANSWER_BYTES = 1_024
KEPT_ATTEMPTS = 20

BAD_STATUS = "bad_status"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came back, if anything did; `code` says why it was no success, and is empty where it was one."""

    at: dt.datetime
    seconds: float
    status: int | None
    code: str
    answer: bytes = b""
    retry_after: str = ""

    @classmethod
    def answered(cls, answer: safe_http.Answer, *, at: dt.datetime, seconds: float) -> "Attempt":
        """Any answer is one; 2xx is success."""
        is_success = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
        return cls(
            at=at,
            seconds=seconds,
            status=answer.status,
            code="" if is_success else BAD_STATUS,
            answer=answer.body,
            retry_after=answer.headers.get("retry-after", ""),
        )

    @classmethod
    def refused(cls, refused: safe_http.Refused, *, at: dt.datetime, seconds: float) -> "Attempt":
        """No answer began."""
        return cls(at=at, seconds=seconds, status=None, code=refused.code)

    @property
    def is_success(self) -> bool:
        """Whether the endpoint took it."""
        return not self.code

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint wants nothing more, ever (RFC 9110, section 15.5.11)."""
        return self.status == HTTPStatus.GONE

    def entry(self) -> dict[str, Any]:
        """As it stands in the log of its delivery."""
        return {
            "at": self.at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
            "status": self.status,
            "code": self.code or None,
            "seconds": round(self.seconds, 3),
            "answer": _text(self.answer),
        }


def _text(answer: bytes) -> str:
    """What can be read of it; NUL is a character that PostgreSQL does not take."""
    return answer[:ANSWER_BYTES].decode("utf-8", errors="replace").replace("\0", "\ufffd")
