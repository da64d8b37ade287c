"""What may have changed since an event was written, asked of the room above when it is sent."""

import uuid
from collections.abc import Callable, Mapping, Sequence

# Told the subjects, it answers what is true of each now; JSON, and the live part of the payload.
Provider = Callable[[Sequence[uuid.UUID]], Mapping[uuid.UUID, Mapping[str, object]]]

_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Have this provider asked from now on, instead of the one before it."""
    _providers[:] = [provider]


def of(subject_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Mapping[str, object]]:
    """What is true of these now; nothing where nobody knows."""
    wanted = list(dict.fromkeys(subject_ids))
    return _providers[0](wanted) if _providers and wanted else {}
