"""A source of URLs on this machine: a server whose answers a test chooses, and whose origin is allowed for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass(kw_only=True)
class Page:
    """What lies at a path. `held` keeps the answer back until `Source.release`."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    held: bool = False


class Source(ThreadingHTTPServer):
    """Serves `pages` by path; counts what was asked for."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.released = threading.Event()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def has(self, path: str, content: bytes = b"", **page: Any) -> str:
        """Lay this down at the path; answers its URL."""
        self.pages[path] = Page(content=content, **page)
        return f"{self.origin}{path}"

    def release(self) -> None:
        """Let every answer go that is held."""
        self.released.set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        source = cast("Source", self.server)
        source.asked.append(self.path)
        page = source.pages.get(self.path, Page(status=404, content=b"not here"))
        if page.held:
            source.released.wait(60)
        self.send_response(page.status)
        for name, value in {"Content-Length": str(len(page.content)), **page.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page.content)

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


@contextmanager
def source_running() -> Iterator[Source]:
    """A source until the block ends."""
    source = Source()
    thread = threading.Thread(target=source.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield source
    finally:
        source.release()
        source.shutdown()
        source.server_close()
        thread.join()
