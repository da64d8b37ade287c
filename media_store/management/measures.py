"""How an operator says sizes, ages and counts, and how they are written for him."""

import argparse
import datetime as dt
import re

from devices.management import expiry

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)\s?([KMGT]?I?B?)", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_NAMES = ("bytes", "KB", "MB", "GB", "TB")
_MOST_BYTES = (1 << 63) - 1
_STEP = 1024


def size(text: str) -> int:
    """Bytes, for argparse: 500, 10MB, 1.5GB; a KB is 1,024 bytes, as in the settings."""
    typed = _SIZE.fullmatch(text.strip())
    found = int(float(typed[1]) * _UNITS[typed[2][:1].upper().strip("B")]) if typed else None
    if found is None or found > _MOST_BYTES:
        message = f"{text!r} is no size; write it as 500, 200KB, 10MB or 1.5GB"
        raise argparse.ArgumentTypeError(message)
    return found


def age(text: str) -> dt.timedelta | dt.datetime:
    """A moment, or a span until now, for argparse: 2026-01-01, 2026-01-01T12:00:00Z, 12h, 30d, 8w."""
    message = f"{text!r} is none of 12h, 30d, 8w, 2026-01-01, 2026-01-01T12:00:00Z"
    try:
        typed = expiry.parsed(text)
    except argparse.ArgumentTypeError:
        typed = None
    if typed is None:
        raise argparse.ArgumentTypeError(message)
    return typed


def count(text: str) -> int:
    """A whole number from 1 up, for argparse."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        message = f"{text!r} is no number from 1 to 999999999"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def written_size(number: int) -> str:
    """As people read it: 512 bytes, 3.4 MB."""
    amount, unit = float(number), 0
    while amount >= _STEP and unit < len(_NAMES) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{number} {'byte' if number == 1 else 'bytes'}" if unit == 0 else f"{amount:.1f} {_NAMES[unit]}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 object, 12,000 objects."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
