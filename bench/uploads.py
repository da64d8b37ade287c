"""Uploads at a steady pace, whatever the server does meanwhile: how long each waited for its answer."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from bench.payloads import BOUNDARY, Payload

EVERY_SECONDS = 0.05
AT_ONCE = 32
BYTES = 4_096

seeds = count(time.time_ns() % 10**12)


@dataclass(kw_only=True)
class Waits:
    """Of uploads that were all taken in; in seconds."""

    seconds: list[float] = field(default_factory=list)

    @property
    def longest(self) -> float:
        """The worst."""
        return max(self.seconds)

    @property
    def p99(self) -> float:
        """All but one in a hundred are shorter."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]


@contextmanager
def going_on(*, port: int, key: str, device: str) -> Iterator[Waits]:
    """An upload every 50 ms until the block ends; every second one sends bytes that the app has already."""
    waits, ended = Waits(), threading.Event()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        pace = threads.submit(_pace, threads, ended, lambda seed: _upload(port, key, device, seed))
        try:
            yield waits
        finally:
            ended.set()
            waits.seconds = [sent.result() for sent in pace.result()]


def _pace(threads: ThreadPoolExecutor, ended: threading.Event, upload: Callable[[int], float]) -> "list[Future[float]]":
    """None waits for the one before: a server that is stuck meets as many as clients would send."""
    sent: list[Future[float]] = []
    shared = next(seeds)
    while not ended.wait(EVERY_SECONDS):
        sent.append(threads.submit(upload, next(seeds) if len(sent) % 2 else shared))
    return sent


def _upload(port: int, key: str, device: str, seed: int) -> float:
    body = b"".join(_message(seed))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    began = time.perf_counter()
    connection.request("POST", f"/v1/devices/{device}/messages", body=body, headers=headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    waited = time.perf_counter() - began
    connection.close()
    assert answer.status == http.client.CREATED, said
    return waited


def _message(seed: int) -> Iterator[bytes]:
    for name, value in {"to": "6281234567890", "type": "document"}.items():
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    yield (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    yield from Payload(seed=seed, size=BYTES).blocks()
    yield f"\r\n--{BOUNDARY}--\r\n".encode()
