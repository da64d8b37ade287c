"""Clients that keep a thread waiting: how long each may, what it is told, and that the others are served meanwhile."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.installation import Installation, Web
from tests.media_files import incompressible, jpeg
from tests.raw_http import Wire

PATIENCE = 1
# The loop of the worker looks up once a second.
BOUND = PATIENCE + 2.5
SIZE = 24 * 1024 * 1024


@pytest.fixture(scope="module")
def web(installed: Installation) -> Iterator[Web]:
    """With two threads, of which a test that takes one leaves one."""
    with installed.web(
        WEB_CONCURRENCY="1", WEB_THREADS="2", CLIENT_PATIENCE_SECONDS=str(PATIENCE), WEB_GRACE_SECONDS="0"
    ) as web:
        yield web
    assert "Traceback" not in (installed.var / "web.log").read_text()


@pytest.fixture
def wire(installed: Installation, web: Web) -> Iterator[Wire]:
    with Wire(web.port, key=installed.key) as wire:
        yield wire


def left_in_spool(installed: Installation) -> list[str]:
    return [path.name for path in installed.spool.glob("*")]


def is_served(web: Web, *, within: float) -> bool:
    began = time.monotonic()
    with Wire(web.port, key=None) as wire:
        wire.head("GET", "/healthz", Connection="close")
        return wire.hear(method="GET").status == 200 and time.monotonic() - began < within


class TestABody:
    @pytest.mark.parametrize(
        "sent", [b"abc", pytest.param(incompressible(200_000), marks=pytest.mark.faults)], ids=["little", "much"]
    )
    def test_that_stalls_is_told_so(self, installed: Installation, wire: Wire, sent: bytes) -> None:
        wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=1_000_000)
        wire.send(sent)
        began = time.monotonic()
        heard = wire.hear()
        assert heard.problem == (408, "request_timeout")
        assert heard.headers["Connection"] == "close"
        assert PATIENCE - 0.5 < time.monotonic() - began < BOUND
        assert left_in_spool(installed) == []

    @pytest.mark.faults
    @pytest.mark.parametrize("form", ["chunks", "JSON", "parts", "a tenant's JSON", "a refused body"])
    def test_that_stalls_in_any_form_is_told_so(self, installed: Installation, wire: Wire, form: str) -> None:
        boundary = "multipart/form-data; boundary=b"
        headers: dict[str, tuple[str, str, dict[str, str]]] = {
            "chunks": ("/v1/media", "image/jpeg", {"Transfer_Encoding": "chunked"}),
            "JSON": ("/v1/media", "application/json", {"Content_Length": "1000"}),
            "parts": ("/v1/media", boundary, {"Content_Length": "1000"}),
            "a tenant's JSON": ("/v1/devices", "application/json", {"Content_Length": "1000"}),
            "a refused body": ("/v1/devices/x/messages", "application/json", {"Content_Length": "1000"}),
        }
        path, content_type, length = headers[form]
        wire.head("POST", path, Content_Type=content_type, **length)
        wire.send(b'5\r\n{"nam' if form == "chunks" else b"--b\r\n" if form == "parts" else b'{"name": "x')
        began = time.monotonic()
        expected = (404, "not_found") if form == "a refused body" else (408, "request_timeout")
        assert wire.hear().problem == expected
        assert time.monotonic() - began < BOUND
        assert left_in_spool(installed) == []

    @pytest.mark.faults
    def test_of_a_byte_now_and_then_does_not_stretch_it(self, installed: Installation, wire: Wire) -> None:
        wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=1_000)
        assert wire.drips_until_closed() < BOUND + 2
        assert left_in_spool(installed) == []

    @pytest.mark.faults
    def test_that_is_slow_but_gets_on_is_taken(self, installed: Installation, wire: Wire) -> None:
        """Three times as long as the patience, at four times the rate that is asked for."""
        body = jpeg() + bytes(12 * 1024 - len(jpeg()))
        wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=len(body))
        for at in range(0, len(body), 1024):
            wire.send(body[at : at + 1024])
            time.sleep(0.25)
        assert wire.hear().status == 201


class TestAClientThatIsGone:
    @pytest.mark.parametrize("path", ["/v1/media", "/v1/devices"])
    def test_in_the_middle_of_its_body_is_no_fault(
        self, installed: Installation, web: Web, wire: Wire, path: str
    ) -> None:
        """Nor is there a traceback in the log, which `web` looks at in the end."""
        wire.head("POST", path, Content_Type="application/json", Content_Length=1_000)
        wire.send(b'{"name": "x')
        time.sleep(0.1)
        wire.reset()
        assert is_served(web, within=1)
        # Another thread serves us than the one that hears of the reset.
        deadline = time.monotonic() + 5
        while left_in_spool(installed) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left_in_spool(installed) == []


@pytest.mark.faults
class TestStopping:
    def test_waits_for_nobody_who_has_asked_for_nothing(self, installed: Installation) -> None:
        with installed.web(WEB_CONCURRENCY="1", WEB_GRACE_SECONDS="25") as web, ExitStack() as held:
            for said in (b"", b"GET / HTTP/1.1\r\n"):
                client = held.enter_context(socket.create_connection(("127.0.0.1", web.port)))
                client.sendall(said)
            assert is_served(web, within=5)
            began = time.monotonic()
            web.master.terminate()
            web.master.wait(20)
            assert time.monotonic() - began < 8

    def test_takes_nobody_new_while_it_ends_what_it_began(self, installed: Installation) -> None:
        """Whatever is still asked on connections that it has."""
        content = jpeg()
        with (
            installed.web(WEB_CONCURRENCY="1", WEB_GRACE_SECONDS="20") as web,
            Wire(web.port, key=None) as kept,
            Wire(web.port, key=installed.key) as slow,
        ):
            slow.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=len(content))
            slow.send(content[:100])
            kept.head("GET", "/healthz")
            assert kept.hear(method="GET").status == 200
            web.master.terminate()
            # The worker has heard of it, and still keeps what may be asked at this moment.
            time.sleep(0.7)
            kept.head("GET", "/healthz")
            assert kept.hear(method="GET").status == 200
            with Wire(web.port, key=None) as late:
                late.head("GET", "/healthz")
                assert late.hears_nothing(within=1)
            slow.send(content[100:])
            assert slow.hear().status == 201
            web.master.wait(10)


class TestHeaders:
    def test_that_do_not_end_are_told_so(self, web: Web) -> None:
        with Wire(web.port, key=None) as half_of_it, Wire(web.port, key=None) as a_byte:
            half_of_it.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            a_byte.send(b"G")
            began = time.monotonic()
            for wire in (half_of_it, a_byte):
                assert wire.hear(method="GET").problem == (408, "request_timeout")
            assert time.monotonic() - began < BOUND

    @pytest.mark.faults
    def test_of_a_byte_now_and_then_do_not_stretch_it(self, web: Web) -> None:
        with Wire(web.port, key=None) as wire:
            wire.send(b"GET / HTTP/1.1\r\nX-A: ")
            assert wire.drips_until_closed() < BOUND + 2

    @pytest.mark.faults
    def test_after_a_first_request_have_no_more_time(self, web: Web, wire: Wire) -> None:
        wire.head("GET", "/v1/me")
        assert wire.hear(method="GET").status == 200
        wire.send(b"GET /v1/me HTTP/1.1\r\n")
        assert wire.hear(method="GET").problem == (408, "request_timeout")

    def test_in_many_pieces_are_read(self, web: Web, wire: Wire) -> None:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n":
            wire.send(bytes([byte]))
        assert wire.hear(method="GET").status == 200

    def test_of_two_requests_at_once_are_both_answered(self, web: Web, wire: Wire) -> None:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
        assert wire.hear_each(2) == [200, 200]

    @pytest.mark.faults
    def test_that_never_come_cost_nothing(self, web: Web) -> None:
        with Wire(web.port, key=None) as wire:
            assert wire.is_closed(within=BOUND)


@pytest.mark.faults
class TestAReader:
    def test_that_stops_is_left(self, installed: Installation, web: Web) -> None:
        content = incompressible(SIZE)
        with Wire(web.port, key=installed.key) as sender:
            sender.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=SIZE)
            sender.send(content)
            media = sender.hear().json()
        for headers in ({}, {"Range": "bytes=1-"}):
            with Wire(web.port, key=installed.key) as reader:
                reader.head("GET", f"/media?path={media['media_path']}", **headers)
                time.sleep(BOUND)
                assert len(reader.everything()) < SIZE - 1


class TestOthers:
    """Two threads, and who would take them all."""

    @pytest.mark.parametrize(
        "said",
        [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n"],
        ids=["who say nothing", "who do not come to an end", "who do not hear that this is the end"],
    )
    def test_do_not_wait_for_those(self, web: Web, said: bytes) -> None:
        with ExitStack() as held:
            for _ in range(20):
                client = held.enter_context(socket.create_connection(("127.0.0.1", web.port)))
                client.sendall(said)
            assert is_served(web, within=1)

    def test_are_served_as_soon_as_patience_ends_with_those_who_hold_every_thread(
        self, installed: Installation, web: Web
    ) -> None:
        with ExitStack() as held:
            for _ in range(4):
                wire = held.enter_context(Wire(web.port, key=installed.key))
                wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=1_000)
            assert is_served(web, within=2 * BOUND)
