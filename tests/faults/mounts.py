"""Folders as a broken disk shows them, to one process only: it runs in a mount namespace of its own."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

# "$1" is the folder; the rest is the command.
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
FULL = (
    'kept=$(mktemp -d) && cp -a "$1/." "$kept" && mount -t tmpfs -o size=8m none "$1" && cp -a "$kept/." "$1"'
    ' && rm -rf "$kept" && { cat /dev/zero > "$1/filler" 2> /dev/null; true; }'
)
EMPTY = 'mount -t tmpfs -o size=8m none "$1"'


def seen(how: str, folder: Path, command: list[str]) -> list[str]:
    """The command, as it runs where the folder is so; the test is left out where nobody may mount."""
    script = f'{how} && shift && exec "$@"'
    return [*namespace(), "sh", "-c", script, "sh", str(folder), *command]


def namespace() -> list[str]:
    """What gives a process mounts of its own."""
    found = _namespace()
    if not found:
        pytest.skip("no mount namespaces here: unshare(1) is missing, or the kernel refuses")
    return found


@cache
def _namespace() -> list[str]:
    if not shutil.which("unshare"):
        return []
    for options in (["--mount"], ["--mount", "--map-root-user"]):
        words = ["unshare", *options]
        tried = subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/mnt"], check=False, capture_output=True)
        if tried.returncode == 0:
            return words
    return []
