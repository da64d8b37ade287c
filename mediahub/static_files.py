"""Static files: named by their content once they are collected, and collected when they have changed."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # the library has no types
    """Until files are collected there is no manifest, and pages name the plain file instead of failing."""

    def stored_name(self, name: str) -> str:
        """The name with the hash of the content in it."""
        return str(super().stored_name(name)) if self.hashed_files else name


def collect_if_changed() -> None:
    """Run collectstatic unless the same files were collected before."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    signature = _signature()
    if stamp.is_file() and stamp.read_text() == signature:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(signature)


def _signature() -> str:
    lines = "\n".join(sorted(_described()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _described() -> Iterator[str]:
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            yield f"{name} {status.st_size} {status.st_mtime_ns}"
