"""Sniffing as an upload does it; and over a folder, in a process that uses the libmagic that is asked for."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path

from media_store.sniffing import HEAD_BYTES, sniff

# The one that the project chooses by itself, and the one inside pylibmagic: imported first, it is what
# python-magic loads, the system's notwithstanding.
LIBRARIES = {"usual": "", "carried": "import pylibmagic; "}


def sniffed(content: bytes) -> str:
    """The type of these bytes."""
    return sniff(head=content[:HEAD_BYTES], size=len(content), open_file=lambda: io.BytesIO(content))


def sniffed_file(path: Path) -> tuple[str, float]:
    """The type of a file, and the seconds it took to tell."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    began = time.perf_counter()
    found = sniff(head=head, size=path.stat().st_size, open_file=lambda: path.open("rb"))
    return found, time.perf_counter() - began


def sniffed_folder(folder: Path, *, library: str) -> dict[str, tuple[str, float]]:
    """Type and seconds of every file of the folder, by its path in it, told in a process of its own."""
    program = f"{LIBRARIES[library]}from tests.media_store.sniffed import main; main()"
    done = subprocess.run([sys.executable, "-c", program, folder], check=True, capture_output=True, timeout=50)
    return {name: (found, seconds) for name, (found, seconds) in json.loads(done.stdout).items()}


def main() -> None:
    """Print what `sniffed_folder` answers, as JSON."""
    root = Path(sys.argv[1])
    sniffed(b"the first question opens the library")
    files = (path for path in root.rglob("*") if path.is_file())
    sys.stdout.write(json.dumps({str(path.relative_to(root)): sniffed_file(path) for path in files}))
