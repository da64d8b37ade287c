"""The broker that needs no server: kombu's file transport, mended so that any number of processes may share it.

kombu's own writes a message in place, so a consumer can read half of it, and takes one by moving it to the
system's temporary folder, which is no atomic step between two disks. Here a message appears whole by a rename
and belongs to whoever removes its name. As with every broker but Redis, the message in flight is lost with the
process that holds it.
"""

import fcntl
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

MESSAGE_SUFFIX = ".msg"
PART_SUFFIX = ".part"
# A part older than this belongs to a writer that was killed.
PART_AGE_SECONDS = 60
# Between two waits for a message a worker sees that it is to stop; Celery's own wait is of two seconds.
WAIT_SECONDS = 0.2

Binding = filesystem.exchange_queue_t


class Channel(filesystem.Channel):
    """One process's view of the folders: `messages` holds what waits, `control` which queue hears which exchange."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._listed: dict[str, deque[Path]] = defaultdict(deque)
        self._messages = Path(self.data_folder_out)
        self._messages.mkdir(parents=True, exist_ok=True)
        self.control_folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned_parts(self._messages)

    def _put(self, queue: str, payload: dict[str, Any], **_kwargs: Any) -> None:  # type: ignore[override]  # as its base
        # The name begins with the time, so that sorting gives the order of sending.
        name = f"{time.time_ns()}_{uuid.uuid4().hex}.{queue}{MESSAGE_SUFFIX}"
        _write_whole(self._messages / name, dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 - kombu's signature
        # A listing is used up before the next is made, or thousands of messages would be listed for each of them.
        listed = self._listed[queue] = self._listed[queue] or self._waiting(queue)
        while listed:
            # Two consumers may read the same file; only one of them can remove it.
            with suppress(FileNotFoundError):
                return _take(listed.popleft())
        raise Empty

    def _waiting(self, queue: str) -> deque[Path]:
        ending = f"{queue}{MESSAGE_SUFFIX}"
        return deque(sorted(path for path in self._messages.iterdir() if path.name.partition(".")[2] == ending))

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str) -> None:
        binding = Binding(routing_key or "", pattern or "", queue or "")
        with self._binding_lock():
            bindings = self.get_table(exchange)
            if binding not in bindings:
                self._write_table(exchange, [binding, *bindings])

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *_args: object, **_kwargs: object
    ) -> None:
        self._purge(queue)
        binding = Binding(routing_key or "", pattern or "", queue or "")
        with self._binding_lock():
            bindings = self.get_table(exchange)
            if binding in bindings:
                self._write_table(exchange, [known for known in bindings if known != binding])

    def _write_table(self, exchange: str, bindings: list[Binding]) -> None:
        _write_whole(self._exchange_file(exchange), dumps(bindings))  # type: ignore[attr-defined]  # missing from the stubs

    @contextmanager
    def _binding_lock(self) -> Iterator[None]:
        with (self.control_folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    """Named in CELERY_BROKER_TRANSPORT."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]  # as its base
        """Wait for a message, and not for long at a time: whoever waits for more asks again."""
        if timeout is None or timeout <= WAIT_SECONDS:
            super().drain_events(connection, timeout=timeout)
            return
        with suppress(TimeoutError):
            super().drain_events(connection, timeout=WAIT_SECONDS)


def _take(path: Path) -> dict[str, Any]:
    content = path.read_text()
    path.unlink()
    message: dict[str, Any] = loads(content)
    return message


def _write_whole(path: Path, content: str) -> None:
    # No reader looks at a name that begins with a dot.
    part = path.with_name(f".{uuid.uuid4().hex}{PART_SUFFIX}")
    part.write_text(content)
    part.replace(path)


def _remove_abandoned_parts(folder: Path) -> None:
    for part in folder.glob(f".*{PART_SUFFIX}"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > PART_AGE_SECONDS:
                part.unlink()
