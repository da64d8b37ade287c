"""How the admin shows states, sizes and lengths of time."""

from datetime import datetime

from django.template.defaultfilters import filesizeformat, pluralize
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

KB = 1_024
MINUTE_SECONDS, HOUR_SECONDS = 60, 3_600

# What a colour says: all is well, under way, look at it, something failed, kept by law, over and done with.
GOOD, BUSY, WARN, BAD, HELD, QUIET = "good", "busy", "warn", "bad", "held", "quiet"


def badge(text: object, tone: str) -> SafeString:
    """A word on a tint; the word alone says it too."""
    return format_html('<span class="hub-badge hub-{}">{}</span>', tone, text)


def size(count: int) -> str:
    """Bytes for people, and to the byte."""
    return f"{filesizeformat(count)} ({count} bytes)" if count > KB else f"{count} bytes"


def counted(number: int, noun: str) -> str:
    """`1 key`, `2 keys`."""
    return f"{number} {noun}{pluralize(number)}"


def took(since: datetime, until: datetime) -> str:
    """`0.4 s`, `2 min 5 s`, `1 h 3 min`."""
    seconds = max(0.0, (until - since).total_seconds())
    if seconds < MINUTE_SECONDS:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE_SECONDS)
    if seconds < HOUR_SECONDS:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, MINUTE_SECONDS)
    return f"{hours} h {minutes} min"


def living_or_destroyed(destroyed_at: datetime | None) -> SafeString:
    """Of a device or an app: from the mark on nobody reaches it, and its rows follow."""
    if destroyed_at is None:
        return badge("living", GOOD)
    return format_html("{} since {}", badge("destroyed", WARN), date_format(destroyed_at, "DATETIME_FORMAT"))
