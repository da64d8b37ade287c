"""File names as they were sent, for people to read; never part of a path or of a storage key."""

import re

MAX_CHARACTERS = 255
MAX_EXTENSION_CHARACTERS = 20
# Control characters (category Cc), line and paragraph separators, and all that turns the direction of writing:
# with those, "gpj.exe" reads as "exe.jpg". What joins letters and emoji (U+200C, U+200D) stays.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]")
_SEPARATORS = re.compile(r"[/\\]")


def clean(name: str | None) -> str:
    """The last part of the name, without control characters, at most 255 characters; "" where nothing is left.

    It is otherwise kept as it was sent: not composed, not transliterated. The limit counts characters, as the
    column does; where it cuts, the extension stays. Half a surrogate pair becomes U+FFFD.
    """
    visible = _HIDDEN.sub("", _without_lone_surrogates(name or ""))
    last = _SEPARATORS.split(visible)[-1].strip()
    return "" if last in (".", "..") else _cut(last)


def _without_lone_surrogates(name: str) -> str:
    return name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _cut(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if len(name) <= MAX_CHARACTERS or not stem or len(extension) > MAX_EXTENSION_CHARACTERS:
        return name[:MAX_CHARACTERS].rstrip()
    return stem[: MAX_CHARACTERS - len(dot + extension)] + dot + extension
