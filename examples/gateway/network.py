"""The network, which is a folder here. Whoever connects a real one writes these four functions anew.

outbox/ID/photo.jpg, outbox/ID/message.json   a message to send, complete from the moment it is seen
outbox/receipts/*.json                        how far it got: {"network_message_id": …, "state": "delivered"}
"""

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from documents import parsed

STAGING, RECEIPTS = ".staging", "receipts"
MESSAGE = "message.json"
STATES = {"sent", "delivered", "read", "failed"}
SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
NAME_BYTES = 200
REFUSED = ".refused"
# What file systems allow.
LONGEST_NAME_BYTES = 255

log = logging.getLogger("network")


class FolderNetwork:
    """Sends a message by renaming it into a folder, where it appears at once and whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staging = folder / STAGING
        for made in (self._staging, folder / RECEIPTS):
            made.mkdir(parents=True, exist_ok=True)

    def network_id_for(self, message_id: str) -> str:
        """What this network will call the message; a real one says so when it has taken it."""
        return f"folder-{_slug(message_id)}"

    def prepare(self, message: Mapping[str, Any]) -> Path:
        """A file for the bytes, where nobody looks for them yet."""
        staged = self._staging / _slug(message["message_id"])
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        return staged / _file_name(message)

    def describe(self, message: Mapping[str, Any], file: Path) -> None:
        """Write what is to be sent with the file beside it."""
        told = {name: message.get(name) for name in ("message_id", "to", "type", "caption", "ptt", "mime_type")}
        document = {**told, "network_message_id": self.network_id_for(message["message_id"]), "file": file.name}
        with file.with_name(MESSAGE).open("w", encoding="utf-8") as beside:
            json.dump(document, beside, ensure_ascii=False, indent=1)
            beside.flush()
            os.fsync(beside.fileno())

    def hand_over(self, message_id: str) -> None:
        """Send what was prepared; what was sent already stays sent, so that this may be called again after a crash."""
        staged = self._staging / _slug(message_id)
        with suppress(FileNotFoundError):
            staged.rename(self._folder / staged.name)

    def drop(self, message_id: str) -> None:
        """Throw away what was prepared."""
        shutil.rmtree(self._staging / _slug(message_id), ignore_errors=True)

    def receipts(self) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
        """What the network says of sent messages; a file is to be unlinked once its receipts are noted."""
        for file in sorted((self._folder / RECEIPTS).glob("*.json")):
            try:
                yield file, _receipts(file)
            except (ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
                log.error("%s holds no receipts: %s", file.name, error)
                file.rename(file.with_name(_refused(file.name)))


def _receipts(file: Path) -> list[dict[str, Any]]:
    """Errors: ValueError, TypeError, AttributeError and OverflowError for what are none, OSError for the unreadable."""
    found = parsed(file.read_text(encoding="utf-8"))
    written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat()
    said = found if isinstance(found, list) else [found]
    # Whoever has nothing to say of a field may say null.
    told = [{name: value for name, value in receipt.items() if value is not None} for receipt in said]
    receipts = [{"at": written_at} | receipt for receipt in told]
    for receipt in receipts:
        if receipt.get("state") not in STATES or not (receipt.get("message_id") or receipt.get("network_message_id")):
            message = "each needs message_id or network_message_id, and a state: sent, delivered, read or failed"
            raise ValueError(message)
    return receipts


def _refused(name: str) -> str:
    """Where a file goes that holds no receipts; its name is made shorter where nothing can be added to it."""
    if len(os.fsencode(name + REFUSED)) > LONGEST_NAME_BYTES:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return name + REFUSED


def _slug(message_id: str) -> str:
    """A folder's name: the id where it may be one, otherwise a digest of it."""
    is_safe = SAFE_ID.fullmatch(message_id) and message_id != RECEIPTS
    return message_id if is_safe else hashlib.sha256(message_id.encode()).hexdigest()[:40]


def _file_name(message: Mapping[str, Any]) -> str:
    """The app's name for the file without what a file system would take for something else."""
    said = UNSAFE.sub("_", message.get("file_name") or "").lstrip(". ")
    name = said.encode()[:NAME_BYTES].decode(errors="ignore") or f"media.{_extension(message)}"
    return f"file-{name}" if name == MESSAGE else name


def _extension(message: Mapping[str, Any]) -> str:
    # The path of the media ends in what fits its bytes.
    path = str((message.get("media") or {}).get("media_path", ""))
    extension = path.rpartition(".")[2]
    return extension if extension.isalnum() else "bin"
