"""An event says that bytes can be downloaded: whoever does so the moment he hears of it gets them, every time."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest

from tests.faults.procfile import Part, running
from tests.faults.sending import download
from tests.installation import Installation, Web

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

MESSAGES = 500
AT_ONCE = 20
DONE_SECONDS = 120
KIB = 1024


def content_of(number: int) -> bytes:
    """Bytes that no other message has; some are larger than one read of a socket."""
    return b"%06d" % number * (KIB * (1 + number % 64) // 6)


class Receiver(ThreadingHTTPServer):
    """Downloads by the event's `media_path` before it answers, and keeps what went wrong."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, web: Web, installed: Installation) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.web = web
        self.installed = installed
        self.heard: dict[str, str] = {}
        self.lock = threading.Lock()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def hear(self, payload: dict[str, Any]) -> None:
        answer = download(self.installed, payload["media_path"]).at(self.web)
        number = int(payload["message_id"])
        if answer is None or answer.status != http.client.OK:
            found = f"answered {answer and answer.status}"
        else:
            found = "whole" if answer.document == content_of(number) else "other bytes"
        with self.lock:
            self.heard[payload["message_id"]] = found


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        cast("Receiver", self.server).hear(body["payload"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


@contextmanager
def receiving(web: Web, installed: Installation) -> Iterator[Receiver]:
    receiver = Receiver(web, installed)
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()


def hand_in(number: int, *, web: Web, device_id: str, key: str) -> int:
    """As a gateway does, raw."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/octet-stream",
        "X-Message-ID": str(number),
        "X-Message-From": "6281234567890",
    }
    connection.request("POST", f"/v1/devices/{device_id}/inbound", body=content_of(number), headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_is_true_the_moment_it_is_heard(installed: Installation) -> None:
    gateway = gateway_key(installed)
    with installed.web(WEB_CONCURRENCY="2") as web, receiving(web, installed) as receiver:
        worker = Part("worker", installed, {"WEBHOOK_ALLOW": receiver.origin})
        beat = Part("beat", installed, {})
        with running(worker, beat):
            listen(installed, f"{receiver.origin}/")
            with ThreadPoolExecutor(AT_ONCE) as threads:
                sent = threads.map(
                    lambda number: hand_in(number, web=web, device_id=installed.device_id, key=gateway),
                    range(MESSAGES),
                )
                assert set(sent) == {http.client.CREATED}
            deadline = time.monotonic() + DONE_SECONDS
            while len(receiver.heard) < MESSAGES:
                assert time.monotonic() < deadline, f"{len(receiver.heard)} of {MESSAGES} events came"
                time.sleep(0.1)
        assert set(receiver.heard.values()) == {"whole"}


def gateway_key(installed: Installation) -> str:
    issued = installed.manage("issue_api_key", "--app", installed.app_id, "--scope", "gateway", "--json")
    return str(json.loads(issued)["key"])


def listen(installed: Installation, url: str) -> None:
    """Have the app's messages told there."""
    origin = url.rstrip("/")
    allowed = Installation(var=installed.var, env={**installed.own_env, "WEBHOOK_ALLOW": origin})
    allowed.manage("create_webhook", "--app", installed.app_id, "--url", url, "--event", "message", "--json")
