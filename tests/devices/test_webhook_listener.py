"""The listener: a receiver that shows what it could verify, and refuses the rest."""

import io
import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError

import pytest
from django.core.management import CommandError, call_command
from standardwebhooks.webhooks import Webhook

from devices.management.listening import Listener, Shown
from devices.webhooks import signing
from tests.installation import ROOT
from tests.processes import free_ports

pytestmark = pytest.mark.once

EVENT = {"event": "message", "timestamp": "2026-03-02T09:30:00Z", "payload": {"media_path": "media/a/b.jpg"}}


@contextmanager
def listening(*secrets: str, as_json: bool = False, answer: int | None = None) -> Iterator[tuple[str, io.StringIO]]:
    shown = io.StringIO()
    with Listener(("127.0.0.1", 0), secrets, Shown(shown, as_json=as_json), answer=answer) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener.url, shown
        finally:
            listener.shutdown()
            thread.join()


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        with refusal:
            return refusal.code


def signed(secret: str, *, body: bytes, at: datetime | None = None, webhook_id: str = "evt-1") -> dict[str, str]:
    """As another implementation of the specification signs."""
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign(webhook_id, at, body.decode())
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
        "Content-Type": "application/json",
    }


BODY = json.dumps(EVENT).encode()


class TestAnEvent:
    def test_by_its_secret_is_shown_and_taken(self) -> None:
        secret = signing.new_secret()
        with listening(secret) as (url, shown):
            assert post(url, BODY, signed(secret, body=BODY)) == 204
        assert "message  2026-03-02T09:30:00Z  webhook-id evt-1  verified" in shown.getvalue()
        assert '"media_path": "media/a/b.jpg"' in shown.getvalue()

    def test_is_one_line_of_json_for_programs(self) -> None:
        secret = signing.new_secret()
        with listening(secret, as_json=True) as (url, shown):
            post(url, BODY, signed(secret, body=BODY))
        assert json.loads(shown.getvalue()) == {"webhook_id": "evt-1", **EVENT}

    @pytest.mark.parametrize("as_json", [False, True])
    def test_says_nothing_that_a_terminal_would_act_on(self, *, as_json: bool) -> None:
        secret = signing.new_secret()
        hostile = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))))
        event = {**EVENT, "event": f"message{hostile}", "payload": {"caption": f"é{hostile}"}}
        body = json.dumps(event, ensure_ascii=False).encode()
        with listening(secret, as_json=as_json) as (url, shown):
            assert post(url, body, signed(secret, body=body)) == 204
        said = shown.getvalue()
        assert not set(hostile) - {"\n"} & set(said)
        assert len(said.splitlines()) == (1 if as_json else 4)
        title, payload = ("", said) if as_json else said.split("\n", 1)
        told = json.loads(payload)
        assert (told["payload"] if as_json else told) == event["payload"]
        assert "\\u202e" in (payload if as_json else title)

    def test_by_either_secret_is_taken_during_a_rotation(self) -> None:
        new, old = signing.new_secret(), signing.new_secret()
        with listening(new, old) as (url, _):
            assert [post(url, BODY, signed(secret, body=BODY)) for secret in (new, old)] == [204, 204]

    def test_gets_the_answer_that_was_asked_for(self) -> None:
        secret = signing.new_secret()
        with listening(secret, answer=503) as (url, shown):
            assert post(url, BODY, signed(secret, body=BODY)) == 503
        assert "verified" in shown.getvalue()


class TestWhatIsNoEvent:
    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"webhook-signature": "v1,AAAA"}, "no signature of it is by this secret"),
            ({"webhook-id": "evt-2"}, "no signature of it is by this secret"),
            ({"webhook-timestamp": "1"}, "more than 5 minutes from now"),
            ({"webhook-timestamp": "soon"}, "not signed as Standard Webhooks has it"),
            ({"webhook-timestamp": "9" * 40}, "not signed as Standard Webhooks has it"),
            ({"webhook-signature": ""}, "not signed as Standard Webhooks has it"),
        ],
    )
    def test_is_refused_and_said_why(self, changes: dict[str, str], why: str) -> None:
        secret = signing.new_secret()
        with listening(secret) as (url, shown):
            assert post(url, BODY, {**signed(secret, body=BODY), **changes}) == 401
        assert why in shown.getvalue()

    def test_by_another_secret_is_refused(self) -> None:
        with listening(signing.new_secret()) as (url, shown):
            assert post(url, BODY, signed(signing.new_secret(), body=BODY)) == 401
        assert shown.getvalue().startswith("refused: ")

    def test_of_yesterday_is_refused_though_it_was_signed(self) -> None:
        secret = signing.new_secret()
        with listening(secret) as (url, _):
            old = datetime.now(UTC) - timedelta(days=1)
            assert post(url, BODY, signed(secret, body=BODY, at=old)) == 401

    def test_that_is_huge_is_not_read(self) -> None:
        secret = signing.new_secret()
        with listening(secret) as (url, _):
            assert post(url, b"", {**signed(secret, body=b""), "Content-Length": str(2 * 1024 * 1024)}) == 413


class TestTheCommand:
    @pytest.mark.parametrize("arguments", [[], ["--secret", "hunter2"], ["--secret", "whsec_c2hvcnQ="]])
    def test_wants_a_secret_as_it_was_shown(self, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MEDIAHUB_WEBHOOK_SECRET", raising=False)
        with pytest.raises(CommandError) as refused:
            call_command("webhook_listener", *arguments)
        assert refused.value.returncode == 2

    def test_says_that_its_port_is_taken(self) -> None:
        with listening(signing.new_secret()) as (url, _), pytest.raises(CommandError, match="choose another one"):
            call_command("webhook_listener", "--secret", signing.new_secret(), "--port", url.split(":")[2].strip("/"))

    @pytest.mark.parametrize("port", ["65536", "-1"])
    def test_says_that_its_port_is_none(self, port: str) -> None:
        with pytest.raises(CommandError, match="0 to 65535"):
            call_command("webhook_listener", "--secret", signing.new_secret(), "--port", port)

    def test_listens_until_it_is_told_to_stop(self) -> None:
        secret, port = signing.new_secret(), free_ports(1)[0]
        command = [sys.executable, "manage.py", "webhook_listener", "--port", str(port), "--secret", secret, "--json"]
        # As a user's shell has it: whoever sets this sees lines that were held back.
        env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        pipe = subprocess.PIPE
        with (
            subprocess.Popen(command, cwd=ROOT, env=env, stdout=pipe, stderr=pipe, text=True) as process,
            ended(process),
        ):
            assert process.stderr
            assert process.stdout
            assert "Listening on" in process.stderr.readline()
            post(f"http://127.0.0.1:{port}/", BODY, signed(secret, body=BODY))
            shown: dict[str, Any] = json.loads(process.stdout.readline())
            process.send_signal(2)
            assert process.wait(20) == 130
        assert shown["payload"] == EVENT["payload"]


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """Even where the test failed."""
    try:
        yield
    finally:
        process.kill()
