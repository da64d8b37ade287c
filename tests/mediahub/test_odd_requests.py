"""What no honest client sends, against the web process of the Procfile: a problem or the end, never a fault."""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.installation import Installation, Web
from tests.media_files import jpeg
from tests.raw_http import Wire, ask

LINE = "GET /v1/me HTTP/1.1"
UPLOAD = "POST /v1/media HTTP/1.1"
CONTENT = jpeg()
ZIPPED = gzip.compress(CONTENT)
BOMB = gzip.compress(bytes(50_000_000))
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)


@pytest.fixture(scope="module")
def web(installed: Installation) -> Iterator[Web]:
    with installed.web(WEB_CONCURRENCY="1", CLIENT_PATIENCE_SECONDS="1", WEB_GRACE_SECONDS="0") as web:
        yield web
    log = (installed.var / "web.log").read_text()
    assert "Traceback" not in log
    # The megabyte that was sent is not in the log.
    assert all(len(line) < 1_000 for line in log.splitlines())


def request(line: str, *headers: str, host: str | None = "Host: localhost", body: bytes = b"") -> bytes:
    lines = [line, *([host] if host else []), *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def upload(*headers: str, body: bytes = CONTENT) -> bytes:
    return request(UPLOAD, "Content-Type: image/jpeg", *headers, body=body)


def lengths(*values: str) -> dict[str, bytes]:
    return {f"Content-Length {value!r}"[:40]: upload(f"Content-Length: {value}") for value in values}


NO_HTTP = {
    "a folded header": request(LINE, "X-A: b\r\n  c"),
    "two hosts": request(LINE, "Host: other"),
    "no host": request(LINE, host=None),
    "two answers to which host": request("GET http://elsewhere.example/v1/me HTTP/1.1"),
    "bare LF in the headers": request(LINE, "X-A: b\nX-B: c"),
    "bare CR in a header": request(LINE, "X-A: b\rc"),
    "NUL in a header": request(LINE, "X-A: b\0c"),
    "NUL in the path": request("GET /v1/me\0 HTTP/1.1"),
    "a space in a name": request(LINE, "X A: b"),
    "a space before the colon": request(LINE, "X-A : b"),
    "no colon": request(LINE, "X-A"),
    "both lengths": upload("Transfer-Encoding: chunked", f"Content-Length: {len(CONTENT)}", body=CHUNKED),
    "two codings": upload("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=CHUNKED),
    "an unknown coding": upload("Transfer-Encoding: xchunked", body=CHUNKED),
    "a coding with a parameter": upload("Transfer-Encoding: chunked;q=1", body=CHUNKED),
    "chunks in HTTP/1.0": upload("Transfer-Encoding: chunked", body=CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "two lengths": upload("Content-Length: 5", f"Content-Length: {len(CONTENT)}"),
    "the same length twice": upload("Content-Length: 5", "Content-Length: 5"),
    "a list of lengths": upload("Content-Length: 5, 5"),
    **lengths("+5", "0x5", "-1", "1e3", "5 5", " ", "", "5_0", "\xb2", "\xb3", "9" * 5_000),
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3": request("GET /v1/me HTTP/3.0"),
    "a method in small letters": request("get /v1/me HTTP/1.1"),
    "no path": request("GET * HTTP/1.1"),
    "a path without its slash": request("GET v1/me HTTP/1.1"),
    "a path of raw bytes": request("GET /v1/m\xe9 HTTP/1.1"),
    "a type in a charset that is none": request(LINE, "Content-Type: image/jpeg; a*=martian''b"),
    "a type with a parameter that is whole and in pieces": request(LINE, "Content-Type: text/plain; a*=x; a*0=y"),
    "a type of 16 kB": request(LINE, f'Content-Type: a/b;x="{";" * 16_000}'),
    "a type in a charset that is undefined": request(LINE, "Content-Type: image/jpeg; a*=undefined''%ff"),
    "empty lines first": b"\r\n" * 50 + request(LINE),
}
WITHOUT_END = (bytes(range(256)) * 20, b"\x16\x03\x01\x02\x00\x01" + bytes(500), b"GET / HTTP/1.1\n\n")
TOO_MUCH = {
    "10,000 headers": (request(LINE, *[f"X-{number}: y" for number in range(10_000)]), (431, "headers_too_large")),
    "a header of 1 MB": (request(LINE, "X-A: " + "y" * 1_000_000), (431, "headers_too_large")),
    "101 headers": (request(LINE, *[f"X-{number}: y" for number in range(100)]), (431, "headers_too_large")),
    "a URL of 100 kB": (request(f"GET /media?path={'a' * 100_000} HTTP/1.1"), (414, "uri_too_long")),
    "a method of 10 kB": (request("G" * 10_000 + " / HTTP/1.1"), (414, "uri_too_long")),
}
UNWANTED = {
    "another expectation": (upload("Expect: 200-ok", "Content-Length: 5"), (417, "expectation_failed")),
    "an unknown method": (request("BREW /v1/me HTTP/1.1"), (401, "unauthenticated")),
    "TRACE": (request("TRACE /media?path=x HTTP/1.1"), (401, "unauthenticated")),
    "CONNECT": (request("CONNECT elsewhere.example:443 HTTP/1.1"), (404, "not_found")),
    "OPTIONS of everything": (request("OPTIONS * HTTP/1.1"), (404, "not_found")),
    "a host that is none of ours": (request(LINE, host="Host: elsewhere.example"), (400, "malformed")),
    "a host that is no host": (request(LINE, host="Host: local host"), (400, "malformed")),
    "a host that is empty": (request(LINE, host="Host: "), (400, "malformed")),
    "a host in the path": (request("GET //elsewhere.example/v1/me HTTP/1.1"), (404, "not_found")),
    "a path of nonsense": (request("GET /v1/%zz%ff%00 HTTP/1.1"), (404, "not_found")),
    "two keys": (request(LINE, "Authorization: Bearer a", "Authorization: Bearer b"), (401, "unauthenticated")),
    "HTTP/2 by upgrade": (
        request(LINE, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
        (401, "unauthenticated"),
    ),
    **{
        f"a type in the charset {charset}": (
            request("GET /media?path=x HTTP/1.1", f"Content-Type: text/plain; charset={charset}"),
            (401, "unauthenticated"),
        )
        for charset in ("hex", "rot13", "undefined", "punycode", "utf-16")
    },
    "an Accept with a parameter that is whole and in pieces": (
        request(LINE, "Accept: application/json; a*=x; a*0=y"),
        (401, "unauthenticated"),
    ),
    "another place": (request(LINE, "SCRIPT_NAME: /elsewhere", "PATH_INFO: /healthz"), (401, "unauthenticated")),
}


def says(web: Web, raw: bytes) -> tuple[int, str]:
    heard = ask(web.port, raw, seconds=10)
    assert heard is not None
    assert heard.json()["request_id"] == heard.headers["X-Request-ID"]
    return heard.problem


def stored(installation: Installation) -> int:
    return sum(path.is_file() for path in (installation.var / "media").rglob("*"))


class TestARequest:
    @pytest.mark.parametrize("raw", NO_HTTP.values(), ids=NO_HTTP)
    def test_that_is_no_http_is_malformed_and_the_last_of_its_connection(self, web: Web, raw: bytes) -> None:
        heard = ask(web.port, raw, seconds=10)
        assert heard is not None
        assert heard.problem == (400, "malformed")
        assert heard.headers["Connection"] == "close"
        assert heard.json()["request_id"] == heard.headers["X-Request-ID"]

    @pytest.mark.parametrize(("raw", "problem"), TOO_MUCH.values(), ids=TOO_MUCH)
    def test_that_is_too_much_is_told_so(self, web: Web, raw: bytes, problem: tuple[int, str]) -> None:
        assert says(web, raw) == problem

    def test_may_carry_the_longest_caption_in_a_header(self, web: Web) -> None:
        """1,024 characters of four bytes, percent-encoded."""
        raw = request(LINE, f"X-Message-Caption: {'%F0%9F%98%80' * 1_024}")
        assert says(web, raw) == (401, "unauthenticated")

    @pytest.mark.parametrize(("raw", "problem"), UNWANTED.values(), ids=UNWANTED)
    def test_that_nobody_wants_is_refused(self, web: Web, raw: bytes, problem: tuple[int, str]) -> None:
        assert says(web, raw) == problem

    def test_that_never_gets_to_the_end_of_its_headers_is_too_slow(self, web: Web) -> None:
        """All at once: each is waited for as long as patience has it."""
        with ExitStack() as held:
            wires = [held.enter_context(Wire(web.port, key=None)) for _ in WITHOUT_END]
            for wire, raw in zip(wires, WITHOUT_END, strict=True):
                wire.send(raw)
            for wire in wires:
                heard = wire.hear(method="GET")
                assert heard.problem == (408, "request_timeout")
                assert heard.json()["request_id"] == heard.headers["X-Request-ID"]

    @pytest.mark.parametrize("length", ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: x"])
    def test_that_hides_another_gets_one_answer(self, web: Web, length: str) -> None:
        """Two servers that disagree about where a request ends are made to see different requests."""
        hidden = b"0\r\n\r\n" + request("GET /healthz HTTP/1.1")
        with Wire(web.port, key=None) as wire:
            wire.send(upload("Transfer-Encoding: chunked", length, body=hidden))
            assert wire.everything().count(b"HTTP/1.1 ") == 1

    def test_of_ten_megabytes_without_an_end_ends(self, web: Web) -> None:
        heard = ask(web.port, b"GET /" + b"a" * 10_000_000, seconds=10)
        assert heard is None or heard.problem == (414, "uri_too_long")

    def test_is_the_one_that_its_method_says(self, web: Web, installed: Installation) -> None:
        """Headers that ask for another one are for servers that believe them."""
        key = f"Authorization: Bearer {installed.key}"
        override = [f"{name}: DELETE" for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")]
        heard = ask(web.port, request("GET /v1/limits HTTP/1.1", key, *override), seconds=10)
        assert heard is not None
        assert heard.status == 200

    def test_is_read_as_utf8_whatever_its_type_says(self, web: Web, installed: Installation) -> None:
        """Clients exist that send a type with every request."""
        key = f"Authorization: Bearer {installed.key}"
        line = "GET /v1/media?kind=image&message_id=%C3%A4 HTTP/1.1"
        for charset in ("iso-8859-1", "utf-16", "utf-7"):
            heard = ask(web.port, request(line, key, f"Content-Type: application/json; charset={charset}"), seconds=10)
            assert heard is not None
            assert (heard.status, heard.json()["results"]) == (200, [])


class TestABodyThatIsEncoded:
    @pytest.mark.parametrize(
        ("coding", "body"), [("gzip", ZIPPED), ("gzip", BOMB), ("br", CONTENT), ("deflate, gzip", ZIPPED), ("x", b"x")]
    )
    def test_is_refused_by_the_name_of_its_coding(
        self, web: Web, installed: Installation, coding: str, body: bytes
    ) -> None:
        before = stored(installed)
        key = f"Authorization: Bearer {installed.key}"
        sized = (key, f"Content-Encoding: {coding}", f"Content-Length: {len(body)}")
        document = request("POST /v1/devices HTTP/1.1", *sized, "Content-Type: application/json", body=body)
        for raw in (upload(*sized, body=body), document):
            heard = ask(web.port, raw, seconds=10)
            assert heard is not None
            assert heard.problem == (415, "unsupported_body")
            assert repr(coding.partition(",")[0]) in heard.json()["detail"]
            assert heard.headers["Accept-Encoding"] == "identity"
        assert stored(installed) == before

    def test_by_the_connection_is_refused_as_well(self, web: Web, installed: Installation) -> None:
        before = stored(installed)
        raw = upload(f"Authorization: Bearer {installed.key}", "Transfer-Encoding: gzip, chunked", body=CHUNKED)
        heard = ask(web.port, raw, seconds=10)
        assert heard is not None
        assert heard.problem == (415, "unsupported_body")
        assert stored(installed) == before

    def test_as_nothing_at_all_is_taken(self, web: Web, installed: Installation) -> None:
        headers = (f"Authorization: Bearer {installed.key}", f"Content-Length: {len(CONTENT)}")
        heard = ask(web.port, upload(*headers, "Content-Encoding: Identity"), seconds=10)
        assert heard is not None
        assert heard.status == 201
        assert heard.json()["size"] == len(CONTENT)
