"""A receiver of webhooks on this machine: it keeps what it is sent, and answers what a test chooses."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from standardwebhooks.webhooks import Webhook


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def verified(self, secret: str) -> Any:
        """What the receiver's own library makes of it; it raises where the signature is not ours."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(kw_only=True)
class Reply:
    """What is answered, after so many `seconds`. `held` keeps the answer back until `Receiver.release`."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b"thanks"
    held: bool = False
    seconds: float = 0


class Receiver(ThreadingHTTPServer):
    """Answers by path what it was told to, one after the other and the last one for good; 200 without a word."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._replies: dict[str, list[Reply]] = {}
        self._lock = threading.Lock()
        self._released = threading.Event()
        self.received: list[Received] = []
        self.now_at: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def url(self, path: str = "/hook", *replies: Reply) -> str:
        """A URL that is answered like this."""
        self._replies[path] = list(replies)
        return f"{self.origin}{path}"

    def release(self) -> None:
        """Let every answer go that is held."""
        self._released.set()

    def until(self, count: int, *, seconds: float = 20) -> list[Received]:
        """What was received, once it is so much."""
        ends_at = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < ends_at, f"{len(self.received)} of {count} were received"
            time.sleep(0.02)
        return self.received

    def take(self, one: Received) -> Reply:
        with self._lock:
            self.received.append(one)
            self.now_at[one.path] += 1
            self.most_at_once[one.path] = max(self.most_at_once[one.path], self.now_at[one.path])
            replies = self._replies.get(one.path) or [Reply()]
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.held or reply.seconds:
            self._released.wait(60 if reply.held else reply.seconds)
        return reply

    def done(self, one: Received) -> None:
        with self._lock:
            self.now_at[one.path] -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that went away is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = cast("Receiver", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        one = Received(path=self.path, headers=headers, body=body)
        try:
            self._answer(receiver.take(one))
        finally:
            receiver.done(one)

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.content)

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


@contextmanager
def receiver_running() -> Iterator[Receiver]:
    """A receiver until the block ends."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.release()
        receiver.shutdown()
        receiver.server_close()
        thread.join()
