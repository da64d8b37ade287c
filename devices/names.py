"""Names that people give to apps, keys and devices."""

import re

from devices.errors import BadName
from devices.models import NAME_MAX_CHARACTERS

ONE_LINE = "A name is one line of text with at least one visible character."

# No control characters, no line or paragraph separators, and nothing that turns the direction of what follows it.
FORBIDDEN = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
# What nobody sees: blanks, and what has no shape of its own (Unicode's Default_Ignorable_Code_Point).
_UNSEEN = (
    r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
)
PATTERN = rf"^[^{FORBIDDEN}]*[^{FORBIDDEN}{_UNSEEN}][^{FORBIDDEN}]*$"


def is_one_line(text: str) -> bool:
    """Whether the text can be shown on one line, and is seen there."""
    return re.fullmatch(PATTERN, text) is not None


def cleaned(name: str, *, required: bool = True) -> str:
    """The name as it is kept: one line of 1 to 100 characters. Raises BadName."""
    name = name.strip()
    if len(name) > NAME_MAX_CHARACTERS:
        raise BadName(f"A name has at most {NAME_MAX_CHARACTERS} characters; this one has {len(name)}.")
    if (name or required) and not is_one_line(name):
        raise BadName(ONE_LINE)
    return name
