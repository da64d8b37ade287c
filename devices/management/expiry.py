"""How an operator says when a key expires: `90d`, `2027-01-01`, `never`."""

import argparse
import datetime as dt
import re

_SPAN = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": dt.timedelta(hours=1), "d": dt.timedelta(days=1), "w": dt.timedelta(weeks=1)}

# Either a span from now on, a moment, or never.
Expiry = dt.timedelta | dt.datetime | None


def parsed(text: str) -> Expiry:
    """What was meant, for argparse: a moment without a zone is UTC, a date its first moment."""
    if text == "never":
        return None
    span = _SPAN.fullmatch(text)
    if span:
        return int(span[1]) * _UNITS[span[2]]
    try:
        typed = dt.datetime.fromisoformat(text)
        return (typed if typed.tzinfo else typed.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is none of 12h, 90d, 8w, 2027-01-01, 2027-01-01T12:00:00Z, never"
        raise argparse.ArgumentTypeError(message) from error


def moment(expiry: Expiry, *, now: dt.datetime) -> dt.datetime | None:
    """The moment of expiry; None is never."""
    return now + expiry if isinstance(expiry, dt.timedelta) else expiry
