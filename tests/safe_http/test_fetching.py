"""What arrives, where everything goes well; tests/safe_http/test_faults.py has the rest."""

import hashlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from safe_http import (
    Fetched,
    Policy,
    SourceForbidden,
    SourceUnreachable,
    TooManyRedirects,
    fetch,
    parse_origin,
    tls_context,
)
from tests.safe_http.conftest import Serve
from tests.safe_http.fault_servers import (
    CHUNKED,
    FaultServer,
    Peer,
    Script,
    chunk,
    does,
    file,
    head,
    redirect,
    says,
    serving,
)
from tests.safe_http.internet import ADDRESS, HOST, HTTPS, OTHER_ADDRESS, URL, Authority, Internet

Get = Callable[..., tuple[Fetched, bytes]]


@pytest.fixture
def get(internet: Internet, authority: Authority) -> Get:
    def get(url: str = URL, **options: Any) -> tuple[Fetched, bytes]:
        body = bytearray()
        settings: dict[str, Any] = {"max_bytes": 1_000_000, "deadline_seconds": 5, "policy": Policy()}
        settings |= {"resolver": internet.resolver, "tls": authority.believer(), "sink": body.extend, **options}
        return fetch(url, **settings), bytes(body)

    return get


def recording(heard: list[bytes], *answers: bytes) -> Script:
    """Says these one after the other, one for each connection."""
    rest = iter(answers)

    def script(peer: Peer) -> None:
        heard.append(peer.request())
        peer.send(next(rest))

    return script


class TestAFetch:
    def test_hands_over_the_bytes_and_says_what_they_were(self, serve: Serve, get: Get) -> None:
        serve(says(file(b"a picture")))
        assert get() == (Fetched(size=9, content_type="image/jpeg", host=HOST, redirects=0), b"a picture")

    @pytest.mark.parametrize(
        "answer",
        [
            CHUNKED + chunk(b"a pict") + chunk(b"ure") + b"0\r\n\r\n",
            CHUNKED + chunk(b"a picture", b";name=value") + b"0\r\nTrailer: 1\r\n\r\n",
            head("200 OK", "Connection: close") + b"a picture",
            head("200 OK", version="HTTP/1.0") + b"a picture",
            head("200", "Content-Length: 9") + b"a picture",
            head("200 OK", "Content-Encoding: identity", "Content-Length: 9") + b"a picture",
            head("100 Continue") + head("103 Early Hints", "Content-Length: 1") + file(),
            # What looks like a header is none in the body.
            head("200 OK", "Content-Length: 35") + b"a\r\n\r\ncontent-length: 1\r\ncontent-len",
        ],
    )
    def test_reads_every_way_to_end_a_body(self, serve: Serve, get: Get, answer: bytes) -> None:
        serve(says(answer))
        _, body = get()
        assert answer.endswith(body) or body == b"a picture"
        assert len(body) in (9, 35)

    def test_asks_for_path_and_query_as_they_stand_and_for_nothing_compressed(self, serve: Serve, get: Get) -> None:
        heard: list[bytes] = []
        serve(recording(heard, file()))
        get(f"https://{HOST.upper()}/a%2Fb/../ü?x=%00&y=[1]#part", headers=[("User-Agent", "a test")])
        line, _, rest = heard[0].partition(b"\r\n")
        assert line == b"GET /a%2Fb/../%C3%BC?x=%00&y=[1] HTTP/1.1"
        assert {b"Host: files.example", b"Accept-Encoding: identity", b"User-Agent: a test"} <= set(rest.split(b"\r\n"))

    def test_takes_a_server_at_its_word_that_stays_connected(self, serve: Serve, get: Get) -> None:
        serve(does(Peer.pause, after=file()))
        assert get()[1] == b"a picture"

    def test_takes_a_file_that_is_exactly_as_large_as_allowed(self, serve: Serve, get: Get) -> None:
        serve(says(file(b"12345")))
        assert get(max_bytes=5)[1] == b"12345"

    def test_keeps_nothing_of_a_large_file(self, serve: Serve, get: Get) -> None:
        size = 32 * 1_048_576
        piece = b"\0" * 65_536

        def in_pieces(peer: Peer) -> None:
            for _ in range(size // len(piece)):
                peer.send(piece)

        serve(does(in_pieces, after=head("200 OK", f"Content-Length: {size}")))
        digest = hashlib.sha256()
        tracemalloc.start()
        try:
            fetched, _ = get(sink=digest.update, max_bytes=size, deadline_seconds=60)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert fetched.size == size
        assert peak < 3_000_000

    def test_lets_what_the_sink_raises_pass(self, serve: Serve, get: Get) -> None:
        class DiskFull(Exception):  # noqa: N818 - as it is
            pass

        def full(_: bytes) -> None:
            raise DiskFull

        serve(says(file()))
        with pytest.raises(DiskFull):
            get(sink=full)

    @pytest.mark.parametrize(
        "header", [("Host", "other"), ("X", "a\r\nY: b"), ("X Y", "a"), ("Content-Length", "1"), ("X", "")]
    )
    def test_does_not_send_a_header_that_is_none(self, get: Get, header: tuple[str, str]) -> None:
        with pytest.raises(ValueError, match="cannot be sent"):
            get(headers=[header])

    def test_believes_no_context_that_believes_everybody(self, get: Get) -> None:
        context = tls_context()
        context.check_hostname = False
        with pytest.raises(ValueError, match="does not verify"):
            get(tls=context)

    def test_believes_mozillas_authorities_where_no_other_is_named(self, serve: Serve, get: Get) -> None:
        serve(says(file()))
        with pytest.raises(SourceUnreachable, match="certificate"):
            get(tls=None)


class TestRedirects:
    def test_are_followed_three_times(self, serve: Serve, get: Get) -> None:
        heard: list[bytes] = []
        hops = [redirect("/2"), redirect(f"//{HOST}/3"), redirect(f"https://{HOST}/4?q#part", status="308 Permanent")]
        serve(recording(heard, *hops, file()))
        fetched, body = get()
        assert (fetched.redirects, body) == (3, b"a picture")
        assert [one.split(b" ")[1] for one in heard] == [b"/x.jpg", b"/2", b"/3", b"/4?q"]

    def test_are_not_followed_a_fourth_time(self, serve: Serve, get: Get) -> None:
        server = serve(says(redirect("/again")))
        with pytest.raises(TooManyRedirects) as refusal:
            get()
        assert (refusal.value.status, server.peers) == (302, 4)

    def test_are_looked_up_anew(self, serve: Serve, get: Get, internet: Internet) -> None:
        serve(recording([], redirect("/2"), file()))
        get()
        assert internet.asked == [HOST, HOST]

    def test_may_lead_to_an_origin_that_is_allowed(self, serve: Serve, get: Get, internet: Internet) -> None:
        with serving(says(file(b"from inside")), tls=None) as inside:
            internet.names["n8n"] = ["127.0.0.1"]
            serve(says(redirect(f"http://n8n:{inside.port}/file")))
            allowed = Policy(allow=frozenset({parse_origin(f"http://n8n:{inside.port}")}))
            assert get(policy=allowed)[1] == b"from inside"
            with pytest.raises(SourceForbidden):
                get()


class TestConnections:
    def test_go_to_the_next_address_where_one_refuses(self, serve: Serve, get: Get, internet: Internet) -> None:
        serve(says(file()))
        internet.names[HOST] = [OTHER_ADDRESS, "2606:2800:220:1::1", ADDRESS]
        assert get()[1] == b"a picture"
        assert internet.connected == [(OTHER_ADDRESS, HTTPS), ("2606:2800:220:1::1", HTTPS), (ADDRESS, HTTPS)]

    def test_are_tried_with_few_of_many_addresses(self, get: Get, internet: Internet) -> None:
        internet.names[HOST] = [f"93.184.216.{last}" for last in range(200)]
        with pytest.raises(SourceUnreachable):
            get()
        assert len(internet.connected) == 4

    def test_do_not_give_one_family_all_the_attempts(self, serve: Serve, get: Get, internet: Internet) -> None:
        serve(says(file()))
        internet.names[HOST] = [*(f"2606:2800:220:1::{last:x}" for last in range(1, 9)), ADDRESS]
        assert get()[1] == b"a picture"

    def test_read_no_proxy_from_the_environment(
        self, serve: Serve, get: Get, internet: Internet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        serve(says(file()))
        get()
        assert internet.connected == [(ADDRESS, HTTPS)]

    def test_to_an_address_want_a_certificate_for_that_address(
        self, get: Get, internet: Internet, authority: Authority
    ) -> None:
        with serving(says(file()), tls=authority.server(ADDRESS)) as server:
            internet.routes[ADDRESS, HTTPS] = server.port
            assert get(f"https://{ADDRESS}/x.jpg")[1] == b"a picture"
        assert internet.asked == []


class TestAnAllowedOrigin:
    @pytest.fixture
    def inside(self) -> Any:
        with serving(says(file(b"from inside")), tls=None) as server:
            yield server

    def test_is_exempt_from_scheme_port_name_and_address(
        self, get: Get, internet: Internet, inside: FaultServer
    ) -> None:
        internet.names["n8n"] = ["127.0.0.1"]
        policy = Policy(allow=frozenset({parse_origin(f"http://n8n:{inside.port}")}))
        assert get(f"http://n8n:{inside.port}/file", policy=policy)[1] == b"from inside"

    @pytest.mark.parametrize("url", ["http://n8n:1/file", "https://n8n:{port}/file", "http://n8n2:{port}/file"])
    def test_exempts_nothing_beside_itself(self, get: Get, internet: Internet, inside: FaultServer, url: str) -> None:
        internet.names |= {"n8n": ["127.0.0.1"], "n8n2": ["127.0.0.1"]}
        policy = Policy(allow=frozenset({parse_origin(f"http://n8n:{inside.port}")}))
        with pytest.raises(SourceForbidden):
            get(url.format(port=inside.port), policy=policy)
        assert internet.connected == []
