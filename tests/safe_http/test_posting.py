"""What is sent, and which answer counts."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from safe_http import Answer, BrokenAnswer, Policy, SourceForbidden, SourceTooSlow, post
from tests.safe_http.conftest import Serve
from tests.safe_http.fault_servers import CHUNKED, Peer, chunk, does, head, redirect, says
from tests.safe_http.internet import HOST, URL, Authority, Internet

Send = Callable[..., Answer]


@pytest.fixture
def send(internet: Internet, authority: Authority) -> Send:
    def send(url: str = URL, **options: Any) -> Answer:
        settings: dict[str, Any] = {"body": b"{}", "headers": [], "deadline_seconds": 5, "policy": Policy()}
        return post(url, **(settings | {"resolver": internet.resolver, "tls": authority.believer()} | options))

    return send


def taken(body: bytes = b"ok") -> bytes:
    return head("202 Accepted", "Retry-After: 5", f"Content-Length: {len(body)}") + body


class TestAPost:
    def test_sends_its_body_and_hears_the_answer(self, serve: Serve, send: Send) -> None:
        heard = bytearray()

        def script(peer: Peer) -> None:
            while not heard.endswith(b'"media.ready"}'):
                heard.extend(peer.connection.recv(65_536))
            peer.send(taken())

        serve(script)
        answer = send(body=b'{"type": "media.ready"}', headers=[("webhook-id", "msg_1")])
        assert (answer.status, answer.body, answer.is_whole) == (202, b"ok", True)
        assert answer.headers["retry-after"] == "5"
        lines = bytes(heard).split(b"\r\n")
        assert lines[0] == b"POST /x.jpg HTTP/1.1"
        assert {b"Host: files.example", b"Content-Length: 23", b"webhook-id: msg_1"} <= set(lines)

    def test_without_a_body_says_so(self, serve: Serve, send: Send) -> None:
        heard: list[bytes] = []

        def script(peer: Peer) -> None:
            heard.append(peer.request())
            peer.send(taken())

        serve(script)
        send(body=b"")
        assert b"Content-Length: 0" in heard[0]

    @pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "410 Gone", "500 Internal Server Error"])
    def test_takes_every_status_for_an_answer(self, serve: Serve, send: Send, status: str) -> None:
        serve(says(head(status, "Content-Length: 0")))
        assert send().status == int(status[:3])

    def test_follows_no_redirect(self, serve: Serve, send: Send) -> None:
        server = serve(says(redirect("https://10.0.0.7/", status="307 Temporary Redirect")))
        answer = send()
        assert (answer.status, answer.headers["location"], server.peers) == (307, "https://10.0.0.7/", 1)

    def test_reads_no_more_of_an_answer_than_is_wanted(self, serve: Serve, send: Send) -> None:
        serve(does(lambda peer: peer.pour(b"x" * 10_000), after=head("200 OK")))
        answer = send()
        assert (answer.status, answer.body, answer.is_whole) == (200, b"x" * 1_024, False)

    def test_has_the_whole_of_an_answer_that_just_fits(self, serve: Serve, send: Send) -> None:
        serve(says(taken(b"x" * 1_024)))
        assert send().is_whole

    @pytest.mark.parametrize(
        "answer",
        [head("200 OK", "Content-Length: 9") + b"abc", CHUNKED + chunk(b"abc"), CHUNKED + chunk(b"abc") + b"nonsense"],
    )
    def test_counts_an_answer_whose_body_breaks_off(self, serve: Serve, send: Send, answer: bytes) -> None:
        serve(says(answer))
        got = send()
        assert (got.status, got.body, got.is_whole) == (200, b"abc", False)

    def test_counts_an_answer_whose_body_drips_and_does_not_wait_for_it(self, serve: Serve, send: Send) -> None:
        serve(does(lambda peer: peer.drip(b"x" * 100), after=head("200 OK", "Content-Length: 100")))
        began = time.monotonic()
        answer = send(deadline_seconds=0.5)
        assert (answer.status, answer.is_whole) == (200, False)
        assert time.monotonic() - began < 1

    def test_of_which_nobody_reads_anything_is_too_slow(self, serve: Serve, send: Send) -> None:
        serve(does(Peer.pause))
        began = time.monotonic()
        with pytest.raises(SourceTooSlow):
            send(body=b"x" * 20_000_000, deadline_seconds=0.5)
        assert time.monotonic() - began < 1

    def test_that_is_not_answered_is_refused(self, serve: Serve, send: Send) -> None:
        serve(says(b""))
        with pytest.raises(BrokenAnswer):
            send()

    def test_goes_nowhere_inside(self, send: Send, internet: Internet) -> None:
        internet.names[HOST] = ["10.0.0.7"]
        with pytest.raises(SourceForbidden):
            send()
        assert internet.connected == []

    @pytest.mark.parametrize(
        "header", [("Host", "n8n"), ("transfer-encoding", "chunked"), ("X", "a\r\nY: b"), ("X:", "a"), ("X", "ü")]
    )
    def test_has_no_headers_that_change_where_it_goes_or_ends(self, send: Send, header: tuple[str, str]) -> None:
        with pytest.raises(ValueError, match="cannot be sent"):
            send(headers=[header])
