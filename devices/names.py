"""Names that people give to apps, keys and devices."""

import re

from devices.errors import BadName
from devices.models import NAME_MAX_CHARACTERS

ONE_LINE = "A name is one line of text with at least one visible character."

# No control characters, no line or paragraph separators, and nothing that turns the direction of what follows it.
_FORBIDDEN = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
PATTERN = rf"^[^{_FORBIDDEN}]*[^{_FORBIDDEN}\s][^{_FORBIDDEN}]*$"


def cleaned(name: str, *, required: bool = True) -> str:
    """The name as it is kept: one line of 1 to 100 characters. Raises BadName."""
    name = name.strip()
    if len(name) > NAME_MAX_CHARACTERS:
        raise BadName(f"A name has at most {NAME_MAX_CHARACTERS} characters; this one has {len(name)}.")
    if (name or required) and not re.fullmatch(PATTERN, name):
        raise BadName(ONE_LINE)
    return name
