"""Inbox: files dropped into a folder become inbound messages.

    inbox/photo.jpg                what was received: written elsewhere and renamed to here
    inbox/photo.jpg.message.json   before it, where there is more to say: message_id, from, chat_id, caption …
    inbox/done/ID/                 what MediaHub has taken, with its answer in result.json
    inbox/failed/ID/               what it refused, and why; move the file back to try again

A file is taken by one rename into a folder that already holds its message id. From then on whoever is killed, and
wherever, begins again with the same id, which MediaHub answers with what it has.
"""

import hashlib
import json
import logging
import mimetypes
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from client import CHUNK_BYTES, TOO_LARGE, Away, LockedOut, MediaHub, Refused
from documents import parsed
from patience import Patience

SIDECAR = ".message.json"
UNFINISHED = (".part", ".tmp", ".crdownload")
TAKEN, DONE, FAILED = ".taken", "done", "failed"
MESSAGE, RESULT = "message.json", "result.json"
LOOK_SECONDS = 0.5
TIDY_SECONDS = 3600.0
DAY_SECONDS = 86_400
# What file systems allow.
NAME_BYTES = 255

log = logging.getLogger("inbox")


class Inbox:
    """The folder, and what is under way from it."""

    def __init__(self, folder: Path, *, mediahub: MediaHub, settle_seconds: float, keep_days: int) -> None:
        self._folder = folder
        self._mediahub = mediahub
        self._settle_seconds = settle_seconds
        self._keep_days = keep_days
        self._tidied_at = -TIDY_SECONDS
        self._complained_of: set[str] = set()
        for name in (TAKEN, DONE, FAILED):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._recover()

    def run(self, stop: Event) -> None:
        """Hand in whatever comes, until it is time to stop. Error: `LockedOut`."""
        patience = Patience(stop)
        while not stop.is_set():
            self.look(stop, patience)
            self._tidy()
            stop.wait(LOOK_SECONDS)

    def look(self, stop: Event, patience: Patience) -> bool:
        """Hand in what is there, each file once; whether all of it is done. Error: `LockedOut`."""
        results = [taken is not None and self._try(taken, patience) for taken in self._taken(stop)]
        return all(results)

    def _taken(self, stop: Event) -> Iterator[Path | None]:
        """What was taken before comes first; one after the other, so that little is under way when it ends.

        None for each file that cannot be taken.
        """
        for begun in sorted((self._folder / TAKEN).iterdir(), key=_age):
            if not stop.is_set():
                yield begun
        for file in self._settled():
            if not stop.is_set():
                yield self._take_if_possible(file)

    def _settled(self) -> list[Path]:
        """The files that are no longer written to, oldest first."""
        now = time.time()
        with os.scandir(self._folder) as entries:
            files = [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
        # A day to come is a wrong clock's, or was copied along: whoever writes just now does not make one.
        rested = [file for file in files if _is_media(file) and abs(now - _age(file)) >= self._settle_seconds]
        return sorted(rested, key=_age)

    def _take_if_possible(self, file: Path) -> Path | None:
        try:
            return self._take(file)
        except OSError as error:
            if file.name not in self._complained_of:
                self._complained_of.add(file.name)
                log.error("%s cannot be taken: %s", file.name, error.strerror)
            return None

    def _take(self, file: Path) -> Path:
        sidecar = file.with_name(file.name + SIDECAR)
        said = _said(sidecar)
        taken = self._folder / TAKEN / uuid.uuid4().hex
        taken.mkdir()
        name = f"file-{file.name}" if file.name in (MESSAGE, RESULT) else file.name
        record = {"file": name, "dropped_as": file.name, "said": said, "fields": _fields(file, said)}
        try:
            _write(taken / MESSAGE, record)
            file.rename(taken / name)
        except OSError:
            # The file was not taken: it lies where it was dropped.
            shutil.rmtree(taken, ignore_errors=True)
            raise
        if said is not None:
            sidecar.unlink(missing_ok=True)
        return taken

    def _recover(self) -> None:
        """Put in order what a kill in the middle of `_take` has left."""
        for taken in (self._folder / TAKEN).iterdir():
            record = _read(taken / MESSAGE)
            if not isinstance(record, dict) or not (taken / record["file"]).exists():
                # The file was not taken: it lies where it was dropped.
                shutil.rmtree(taken)
                continue
            file = self._folder / record["dropped_as"]
            sidecar = file.with_name(file.name + SIDECAR)
            if not file.exists() and record["said"] is not None and _said(sidecar) == record["said"]:
                sidecar.unlink()

    def _try(self, taken: Path, patience: Patience) -> bool:
        try:
            is_done = self._hand_in(taken)
        except Away as away:
            log.warning("%s waits: MediaHub is away, %s", taken.name, away)
            patience.wait(asked=away.retry_after)
            return False
        except OSError as error:
            # A full disk, mostly. It begins again with the same id, which MediaHub answers with what it has.
            log.warning("%s waits: it cannot be noted, %s", taken.name, error.strerror)
            patience.wait()
            return False
        patience.reset()
        return is_done

    def _hand_in(self, taken: Path) -> bool:
        """Whether it is in. Errors: `Away`, `LockedOut`; OSError where that cannot be noted."""
        record = _read(taken / MESSAGE)
        fields, name = record["fields"], record["dropped_as"]
        if not isinstance(fields, dict):
            return self._fail(taken, name, code="sidecar", detail=f"{name}{SIDECAR} is no JSON object.")
        try:
            media = self._sent(fields, taken / record["file"])
        except LockedOut:
            raise
        except Refused as refused:
            return self._fail(taken, name, code=refused.code, detail=refused.detail)
        except OSError as error:
            return self._fail(taken, name, code="unreadable", detail=error.strerror or type(error).__name__)
        self._finish(taken, DONE, media)
        log.info("%s is handed in as %s: %s", name, fields["message_id"], media.get("status"))
        return True

    def _fail(self, taken: Path, name: str, *, code: str, detail: str) -> bool:
        self._finish(taken, FAILED, {"code": code, "detail": detail})
        log.error("%s has failed, %s: %s", name, code, detail)
        return False

    def _sent(self, fields: dict[str, Any], file: Path) -> dict[str, Any]:
        size, sha256 = _measured(file)
        try:
            return self._mediahub.hand_in({**fields, "sha256": sha256}, file, size=size)
        except Refused as refused:
            if refused.code != TOO_LARGE:
                raise
            # The app is to know that there was something, even where it cannot have it.
            return self._mediahub.omit({**fields, "omitted": TOO_LARGE, "size": size})

    def _finish(self, taken: Path, where: str, result: object) -> None:
        _write(taken / RESULT, result)
        # The day of done/ counts from now, not from when it was received.
        os.utime(taken)
        taken.rename(self._folder / where / taken.name)

    def _tidy(self) -> None:
        if time.monotonic() < self._tidied_at + TIDY_SECONDS:
            return
        self._tidied_at = time.monotonic()
        oldest = time.time() - self._keep_days * DAY_SECONDS
        for done in (self._folder / DONE).iterdir():
            if _age(done) < oldest:
                shutil.rmtree(done, ignore_errors=True)


def _is_media(file: Path) -> bool:
    return not (file.name.startswith(".") or file.name.endswith((SIDECAR, *UNFINISHED)))


def _age(path: Path) -> float:
    """When it was last written to; what has just gone counts as new."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return time.time()


def _fields(file: Path, said: Any) -> Any:
    """What is told of the message; the sidecar's word counts, and MediaHub judges it."""
    if said is None:
        said = {}
    if not isinstance(said, dict):
        return None
    guess = mimetypes.guess_type(file.name)[0]
    known = {"message_id": uuid.uuid4().hex, "file_name": file.name} | ({"mime_type": guess} if guess else {})
    # Whoever has nothing to say of a field may say null.
    told = known | {name: value for name, value in said.items() if value is not None}
    return {_text(name): _text(value) if isinstance(value, str) else value for name, value in told.items()}


def _text(word: str) -> str:
    """With `?` for what is no text: half an emoji, at which a caption was cut, or the bytes of an old file name."""
    return word.encode(errors="replace").decode()


def _measured(file: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            size += len(chunk)
            digest.update(chunk)
    return size, digest.hexdigest()


def _said(sidecar: Path) -> Any:
    """What somebody says of a file."""
    return _read(sidecar, parse=parsed)


def _read(path: Path, *, parse: Callable[[str], Any] = json.loads) -> Any:
    """The JSON of a file: None where there is no file, text where it is no JSON."""
    if len(os.fsencode(path.name)) > NAME_BYTES:
        # There can be no such file.
        return None
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    try:
        return parse(text)
    except (ValueError, RecursionError):
        return text


def _write(path: Path, document: object) -> None:
    """On the disk when it returns. In ASCII: the names of files may hold what is no UTF-8."""
    with path.open("w", encoding="ascii") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
