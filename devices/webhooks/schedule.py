"""When a delivery that failed is tried again."""

import datetime as dt
import random
import re
from email.utils import parsedate_to_datetime

# Between one attempt and the next, in seconds; one more attempt than there are waits.
WAITS = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
# What an endpoint asks for is granted up to this.
LONGEST_RETRY_AFTER = dt.timedelta(days=1)
JITTER = 0.2

_SECONDS = re.compile(r"[0-9]+")
_MOST_DIGITS = 9


def next_attempt(attempts: int, *, now: dt.datetime, not_before: dt.datetime | None) -> dt.datetime | None:
    """The moment of the next attempt after so many failed ones; None after the last."""
    if attempts > len(WAITS):
        return None
    wait = WAITS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, no secret
    due = now + dt.timedelta(seconds=wait)
    return max(due, not_before) if not_before else due


def retry_after(text: str, *, now: dt.datetime) -> dt.datetime | None:
    """The moment that a Retry-After asks for (RFC 9110, section 10.2.3), a day ahead at most; None for any other."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        seconds = int(text) if len(text) <= _MOST_DIGITS else 10**_MOST_DIGITS
        return now + min(dt.timedelta(seconds=seconds), LONGEST_RETRY_AFTER)
    moment = _http_date(text)
    return min(max(moment, now), now + LONGEST_RETRY_AFTER) if moment else None


def _http_date(text: str) -> dt.datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        # A date without a zone is in GMT (RFC 9110, section 5.6.7).
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return None
