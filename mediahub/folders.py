"""The folders MediaHub writes to."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings


def written() -> Iterator[tuple[str, Path]]:
    """Each folder, with the setting that moves it."""
    yield "MEDIAHUB_VAR", settings.VAR
    yield "MEDIAHUB_VAR", settings.STATIC_ROOT
    yield "SPOOL_DIR", settings.SPOOL_DIR
    if not settings.MEDIA_BUCKET:
        yield "MEDIAHUB_VAR", settings.MEDIA_ROOT
    if not settings.REDIS_URL:
        yield (
            "MEDIAHUB_VAR",
            Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"]),
        )


def make() -> None:
    """Make those that are missing; one that cannot be made is told by `unusable`, through the system checks."""
    for _, folder in written():
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)


def unusable(folder: Path) -> str:
    """Why the folder cannot be used, or nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return error.strerror or str(error)
    allowed = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    return "" if allowed else "this user may not read and write there"
