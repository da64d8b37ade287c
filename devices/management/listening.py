"""Listening: a small receiver of webhooks for trials, which verifies what comes and shows it."""

import datetime as dt
import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, cast

from devices.management.output import shown, shown_lines
from devices.webhooks import signing

# Standard Webhooks leaves it to the receiver: an older one may be somebody's replay.
TOLERANCE = dt.timedelta(minutes=5)
MOST_BYTES = 1024 * 1024
SIGNED = ("id", "timestamp", "signature")
TIMESTAMP = re.compile(r"[0-9]{1,11}")
# A sender that stalls is not waited for.
PATIENCE_SECONDS = 15


class Output(Protocol):
    """Where lines go."""

    def write(self, text: str) -> Any:
        """A line."""

    def flush(self) -> Any:
        """Nothing is held back, as Python does where the lines go into a pipe."""


class Shown:
    """Events as lines: for people, or one line of JSON for each; what a terminal would act on is written out."""

    def __init__(self, out: Output, *, as_json: bool) -> None:
        self._out = out
        self._as_json = as_json

    def event(self, webhook_id: str, event: dict[str, Any]) -> None:
        """One that was verified."""
        if self._as_json:
            self._write(json.dumps({"webhook_id": webhook_id, **event}))
            return
        title = f"{event.get('event', '?')}  {event.get('timestamp', '')}  webhook-id {webhook_id}  verified"
        self._write(f"{shown(title)}\n{json.dumps(event.get('payload'), indent=2, ensure_ascii=False)}\n")

    def refusal(self, why: str) -> None:
        """What was not taken."""
        self._write(json.dumps({"refused": why}) if self._as_json else f"refused: {why}\n")

    def _write(self, text: str) -> None:
        self._out.write(shown_lines(text))
        self._out.flush()


class Listener(ThreadingHTTPServer):
    """Takes POSTs to any path. `answer` is the status for what was verified; 204 where it is None."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], secrets: Sequence[str], show: Shown, *, answer: int | None) -> None:
        self.secrets = secrets
        self.show = show
        self.answer = answer or HTTPStatus.NO_CONTENT
        super().__init__(address, _Handler)

    @property
    def url(self) -> str:
        """What an endpoint has to name."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that went away is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    server_version = "webhook-listener"
    timeout = PATIENCE_SECONDS

    def do_POST(self) -> None:
        listener = cast("Listener", self.server)
        body = self._body()
        if body is None:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        why = self._why_not(body, listener.secrets)
        if why:
            listener.show.refusal(why)
            self._answer(HTTPStatus.UNAUTHORIZED)
            return
        listener.show.event(self.headers["webhook-id"], json.loads(body))
        self._answer(listener.answer)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return None
        return self.rfile.read(int(length))

    def _why_not(self, body: bytes, secrets: Sequence[str]) -> str:
        """Why it is not believed; '' where it is."""
        webhook_id, timestamp, signature = (self.headers.get(f"webhook-{name}", "") for name in SIGNED)
        if not (webhook_id and TIMESTAMP.fullmatch(timestamp) and signature):
            return "it is not signed as Standard Webhooks has it"
        at = dt.datetime.fromtimestamp(int(timestamp), tz=dt.UTC)
        if abs(dt.datetime.now(dt.UTC) - at) > TOLERANCE:
            return f"it was signed at {at:%H:%M:%S} UTC, more than 5 minutes from now"
        if not signing.is_signed(signature, webhook_id=webhook_id, at=at, body=body, secrets=secrets):
            return "no signature of it is by this secret"
        return ""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Events are shown, requests are not."""
