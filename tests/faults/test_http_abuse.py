"""24 clients that do their worst, against the web process as it is shipped, and one that only wants its media."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.installation import Installation, Web
from tests.media_files import incompressible, jpeg
from tests.people import BOUNDARY, file_part, multipart, text_part
from tests.raw_http import Heard, Wire, chunked

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ABUSERS = 24
SECONDS = 12
# What a normal request may take meanwhile. On a quiet machine it is some twenty milliseconds.
P99_SECONDS = 1.0
LARGE = 32 * 1024 * 1024

Abuse = Callable[[Wire, str], None]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = Installation(var=tmp_path_factory.mktemp("var"), env={})
    installation.migrate()
    return installation


@pytest.fixture(scope="module")
def web(installed: Installation) -> Iterator[Web]:
    """Two processes of sixteen threads, and half a minute of patience."""
    with installed.web(WEB_GRACE_SECONDS="0") as web:
        yield web
    assert "Traceback" not in (installed.var / "web.log").read_text()


@pytest.fixture(scope="module")
def large(installed: Installation, web: Web) -> str:
    """The path of a large media."""
    return str(upload(installed, web, incompressible(LARGE)).json()["media_path"])


def upload(installed: Installation, web: Web, content: bytes) -> Heard:
    with Wire(web.port, key=installed.key) as wire:
        wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=len(content))
        wire.send(content)
        return wire.hear()


def download(installed: Installation, web: Web, path: str) -> Heard:
    with Wire(web.port, key=installed.key) as wire:
        wire.head("GET", f"/media?path={path}")
        return wire.hear(method="GET")


def drip(wire: Wire, piece: bytes = b"x") -> None:
    while True:
        wire.send(piece)
        time.sleep(1)


def slow_headers(wire: Wire, _large: str) -> None:
    wire.send(b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nX-A: ")
    drip(wire)


def slow_body(wire: Wire, _large: str) -> None:
    wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=1_000_000)
    drip(wire)


def stalled_body(wire: Wire, _large: str) -> None:
    wire.head("POST", "/v1/media", Content_Type="image/jpeg", Content_Length=1_000_000)
    wire.send(b"x" * 5_000)
    wire.hear()


def endless_chunks(wire: Wire, _large: str) -> None:
    wire.head("POST", "/v1/media", Content_Type="image/jpeg", Transfer_Encoding="chunked")
    drip(wire, b"1\r\nx\r\n")


def slow_parts(wire: Wire, _large: str) -> None:
    wire.head("POST", "/v1/media", Content_Type=f"multipart/form-data; boundary={BOUNDARY}", Content_Length=1_000_000)
    wire.send(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.encode())
    drip(wire)


def stopped_reader(wire: Wire, large: str) -> None:
    wire.head("GET", f"/media?path={large}")
    time.sleep(SECONDS)


def deaf(wire: Wire, _large: str) -> None:
    wire.send(b"GET / HTTP/1.1\r\nno header\r\n\r\n")
    time.sleep(SECONDS)


def silent(_wire: Wire, _large: str) -> None:
    time.sleep(SECONDS)


ABUSES: dict[str, list[Abuse]] = {
    "everything": [slow_headers, slow_body, stalled_body, endless_chunks, slow_parts, stopped_reader, deaf, silent],
    "bodies alone": [stalled_body, slow_body],
    "headers alone": [slow_headers],
    "deaf and silent": [deaf, silent],
    "readers alone": [stopped_reader],
}


@contextmanager
def abusers(installed: Installation, web: Web, abuses: list[Abuse], large: str) -> Iterator[None]:
    """Each begins again as soon as it is thrown out."""
    over = threading.Event()

    def abuse(number: int) -> None:
        while not over.is_set():
            with suppress(OSError), Wire(web.port, key=installed.key) as wire:
                held.append(wire)
                abuses[number % len(abuses)](wire, large)

    held: list[Wire] = []
    threads = [threading.Thread(target=abuse, args=(number,), daemon=True) for number in range(ABUSERS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        over.set()
        for wire in held:
            wire.hang_up()


def percentile(seconds: list[float], part: float) -> float:
    return statistics.quantiles(seconds, n=1_000, method="inclusive")[int(part * 10) - 1]


class TestOthers:
    @pytest.mark.parametrize("abuses", ABUSES.values(), ids=ABUSES)
    def test_are_served_while_24_do_their_worst(
        self,
        installed: Installation,
        web: Web,
        large: str,
        abuses: list[Abuse],
        record_property: Callable[[str, object], None],
    ) -> None:
        took: list[float] = []
        with abusers(installed, web, abuses, large):
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                began = time.monotonic()
                media = upload(installed, web, jpeg()).json()
                between = time.monotonic()
                assert download(installed, web, media["media_path"]).body == jpeg()
                took += [between - began, time.monotonic() - between]
                time.sleep(0.05)
        p50, p99 = percentile(took, 50), percentile(took, 99)
        figures = f"{len(took)} requests, p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest {max(took):.1f} s"
        record_property("summary", figures)
        assert p99 < P99_SECONDS, figures

    def test_find_nothing_of_it_left(self, installed: Installation, web: Web) -> None:
        deadline = time.monotonic() + 10
        while left := list(installed.spool.glob("*")):
            assert time.monotonic() < deadline, left
            time.sleep(0.1)


class TestOneRequest:
    def test_of_ten_thousand_parts_is_refused_soon(self, installed: Installation, web: Web) -> None:
        parts = [text_part(f"a{number}", "x") for number in range(10_000)]
        for body in (multipart(*parts), multipart(*[file_part(b"x")] * 10_000)):
            with Wire(web.port, key=installed.key) as wire:
                began = time.monotonic()
                content_type = f"multipart/form-data; boundary={BOUNDARY}"
                wire.head("POST", "/v1/media", Content_Type=content_type, Content_Length=len(body))
                wire.send(body)
                assert wire.hear().status == 400
                assert time.monotonic() - began < 10

    def test_without_an_end_ends_at_the_limit_of_media(self, tmp_path: Path) -> None:
        """As fast as it can be sent, which no patience ends."""
        installation = Installation(var=tmp_path, env={"MEDIA_MAX_BYTES": "1000000"})
        installation.migrate()
        with installation.web(WEB_CONCURRENCY="1", WEB_GRACE_SECONDS="0") as web:
            with Wire(web.port, key=installation.key) as wire:
                wire.head("POST", "/v1/media", Content_Type="image/jpeg", Transfer_Encoding="chunked")
                sent = 0
                with suppress(ConnectionError):
                    for piece in chunked([bytes(1_000_000)] * 2_000):
                        wire.send(piece)
                        sent += len(piece)
            assert sent < 1_000_000_000
            assert list(installation.spool.glob("*")) == []
