"""JSON that others have written into a file."""

import json
from contextlib import suppress
from typing import Any

# More than anything of MediaHub's, and far less than what Python can write again.
DEEPEST = 50


def parsed(text: str) -> Any:
    """What the text says. Error: ValueError for what is no JSON, or so deep that nothing can be done with it."""
    with suppress(RecursionError):
        document = json.loads(text)
        if not _is_deeper(document, than=DEEPEST):
            return document
    raise ValueError("it is nested too deep")


def _is_deeper(document: Any, *, than: int) -> bool:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return than < 0 or any(_is_deeper(one, than=than - 1) for one in inner)
