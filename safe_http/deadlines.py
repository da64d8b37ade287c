"""A moment that nothing outlives: every wait asks for what is left until then."""

import time
from dataclasses import dataclass
from typing import Self

from safe_http.errors import SourceTooSlow


@dataclass(frozen=True)
class Deadline:
    """`at` is a moment of the monotonic clock, in seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds, more than 0; raises SourceTooSlow when there are none."""
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise SourceTooSlow
        return seconds

    def share(self, parts: int) -> "Deadline":
        """The deadline of the next of so many attempts that have to make do with what is left."""
        return Deadline.after(self.remaining() / parts)
