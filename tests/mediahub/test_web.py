"""The web process of the Procfile, behind a proxy and called in odd ways."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, Web


@pytest.fixture(scope="module")
def behind_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """With one thread: the line of a request is written before the next one is read."""
    installation = Installation(var=tmp_path_factory.mktemp("var"), env={"LOG_LEVEL": "info"})
    one = {"WEB_CONCURRENCY": "1", "WEB_THREADS": "1", "WEB_GRACE_SECONDS": "0"}
    with installation.web(BEHIND_TLS="true", **one) as web:
        yield web


@pytest.fixture(scope="module")
def log(behind_tls: Web) -> Path:
    return Path(behind_tls.master.environ()["MEDIAHUB_VAR"]) / "web.log"


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

    @pytest.mark.faults
    def test_a_stranger_cannot_claim_to_have_come_by_https(self, tmp_path: Path) -> None:
        installation = Installation(var=tmp_path, env={})
        with installation.web(BEHIND_TLS="true", FORWARDED_ALLOW_IPS="10.0.0.1", WEB_CONCURRENCY="1") as web:
            assert get(web, "/", X_Forwarded_Proto="https").status == 301


class TestAccessLine:
    def test_is_written_for_each_request_but_for_probes_that_find_all_well(self, behind_tls: Web, log: Path) -> None:
        get(behind_tls, "/healthz", X_Request_ID="a-probe")
        named = {"X_Request_ID": "a-request", "X_Forwarded_Proto": "https"}
        get(behind_tls, "/?path=mhk_0123", Authorization="Bearer mhk_0123", **named)
        get(behind_tls, "/", X_Request_ID="the-next", X_Forwarded_Proto="https")
        wait_for("the-next", log)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert not [line for line in lines if line.get("request_id") == "a-probe"]
        [line] = [line for line in lines if line.get("request_id") == "a-request"]
        assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "GET", "/", 200)
        assert line["bytes"] > 0
        assert line["ms"] > 0
        assert "mhk_0123" not in log.read_text()

    def test_of_a_request_that_is_no_http_tells_no_key(self, behind_tls: Web, log: Path) -> None:
        with socket.create_connection(("127.0.0.1", behind_tls.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nBad header mhk_4567: x\r\n\r\n")
            assert client.recv(64).startswith(b"HTTP/1.1 400")
        wait_for("Invalid request", log)
        get(behind_tls, "/", X_Request_ID="after-it", X_Forwarded_Proto="https")
        wait_for("after-it", log)
        assert "mhk_4567" not in log.read_text()


def wait_for(words: str, log: Path) -> None:
    """Return once they are written."""
    ends_at = time.monotonic() + 10
    while words not in log.read_text():
        assert time.monotonic() < ends_at, log.read_text()
        time.sleep(0.02)
