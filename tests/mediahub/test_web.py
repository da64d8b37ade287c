"""The web process of the Procfile, behind a proxy and called in odd ways."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, Web


@pytest.fixture(scope="module")
def behind_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    installation = Installation(var=tmp_path_factory.mktemp("var"), env={})
    with installation.web(BEHIND_TLS="true", WEB_GRACE_SECONDS="0", WEB_CONCURRENCY="1") as web:
        yield web


def get(web: Web, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


class TestBehindTls:
    def test_a_request_that_came_by_https_is_served_with_secure_cookies(self, behind_tls: Web) -> None:
        assert get(behind_tls, "/", X_Forwarded_Proto="https").status == 200
        login = get(behind_tls, "/admin/login/", X_Forwarded_Proto="https")
        assert "Secure" in str(login.headers["Set-Cookie"])
        assert login.headers["Strict-Transport-Security"] == "max-age=31536000"

    def test_a_request_that_came_by_http_is_sent_to_https(self, behind_tls: Web) -> None:
        answer = get(behind_tls, "/", Host="localhost")
        assert (answer.status, answer.headers["Location"]) == (301, "https://localhost/")

    def test_probes_need_neither_https_nor_a_known_host(self, behind_tls: Web) -> None:
        assert get(behind_tls, "/healthz", Host="10.0.0.7").status == 200

    def test_a_stranger_cannot_claim_to_have_come_by_https(self, tmp_path: Path) -> None:
        installation = Installation(var=tmp_path, env={})
        with installation.web(BEHIND_TLS="true", FORWARDED_ALLOW_IPS="10.0.0.1", WEB_CONCURRENCY="1") as web:
            assert get(web, "/", X_Forwarded_Proto="https").status == 301


class TestAccessLine:
    def test_is_written_for_each_request_but_for_probes_that_find_all_well(self, tmp_path: Path) -> None:
        installation = Installation(var=tmp_path, env={"LOG_LEVEL": "info"})
        with installation.web(WEB_CONCURRENCY="1", WEB_GRACE_SECONDS="5") as web:
            get(web, "/healthz")
            get(web, "/?path=mhk_0123", X_Request_ID="a-request", Authorization="Bearer mhk_0123")
        lines = [json.loads(line) for line in (tmp_path / "web.log").read_text().splitlines()]
        [line] = [line for line in lines if line["event"] == "request"]
        assert (line["method"], line["path"], line["status"]) == ("GET", "/", 200)
        assert line["request_id"] == "a-request"
        assert line["bytes"] > 0
        assert line["ms"] > 0

    def test_of_a_request_that_is_no_http_tells_no_key(self, tmp_path: Path) -> None:
        installation = Installation(var=tmp_path, env={})
        with (
            installation.web(WEB_CONCURRENCY="1", WEB_GRACE_SECONDS="5") as web,
            socket.create_connection(("127.0.0.1", web.port)) as client,
        ):
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nBad header mhk_0123: x\r\n\r\n")
            assert client.recv(64).startswith(b"HTTP/1.1 400")
        written = (tmp_path / "web.log").read_text()
        assert "Invalid request" in written
        assert "mhk_0123" not in written
