"""Names that people give to apps, keys and devices."""

from devices.errors import BadName
from devices.models import NAME_MAX_CHARACTERS


def cleaned(name: str, *, required: bool = True) -> str:
    """The name as it is kept: one line of 1 to 100 printable characters. Raises BadName."""
    name = name.strip()
    if required and not name:
        raise BadName("A name needs at least one character.")
    if len(name) > NAME_MAX_CHARACTERS:
        raise BadName(f"A name has at most {NAME_MAX_CHARACTERS} characters; this one has {len(name)}.")
    if not name.isprintable():
        raise BadName("A name is one line of printable characters.")
    return name
