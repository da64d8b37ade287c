"""What log lines say, and what none of them ever says."""

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from structlog.contextvars import bound_contextvars

from devices.keys import new_token
from mediahub import log

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def read_lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Read]:
    """JSON lines from here on; the function reads those written since it was last called."""
    log.configure({"format": "json", "level": "info"})
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    log.configure(settings.LOGGING)


def fail_with(text: str) -> None:
    raise ValueError(text)


class TestRedaction:
    @pytest.mark.parametrize(
        ("line", "remains"),
        [
            ("key mhk_0123abcXYZ was refused", "key mhk_… was refused"),
            ("MHK%5F0123abc and mhk_9", "mhk_… and mhk_…"),
            ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer …"),
            ("{'authorization': 'bearer abc'}", "{'authorization': 'bearer …'}"),
            ("Basic dXNlcjpwYXNz", "Basic …"),
            ("GET /media?path=media%2Fx&a=b HTTP/1.1", "GET /media?… HTTP/1.1"),
            ("<WSGIRequest: GET '/v1/media?cursor=abc'>", "<WSGIRequest: GET '/v1/media?…'>"),
            ("http://store:9000/b/k?X-Amz-Signature=abc&b=c", "http://store:9000/b/k?…"),
            ("GET /v1/links/AQGS8MFt-Ln_p?x=1 HTTP/1.1", "GET /v1/links/…?… HTTP/1.1"),
            (f"GET /v1/%6cinks/AQ{'x' * 70} HTTP/1.1", "GET /v1/%6cinks/… HTTP/1.1"),
            ("postgres://alice:hunter2@db/media", "postgres://alice:…@db/media"),
            ("redis://:hunter2@redis:6379/0", "redis://:…@redis:6379/0"),
        ],
    )
    def test_takes_secrets_out_of_a_line(self, line: str, remains: str) -> None:
        assert log.redacted(line) == remains

    @pytest.mark.parametrize(
        "line",
        [
            "Is the bearer of news here?",
            "http://127.0.0.1:8000/healthz answers",
            "really? yes",
            "mhk_… is a key's form",
        ],
    )
    def test_leaves_other_lines_alone(self, line: str) -> None:
        assert log.redacted(line).replace("bearer …", "bearer of") == line

    @pytest.mark.parametrize("part", ["/", "?", "/?", "://", ":", "a:b", "bearer ", " ", "mhk_"])
    def test_takes_no_longer_than_the_line_is_long(self, part: str) -> None:
        started_at = time.process_time()
        log.redacted(part * 100_000)
        assert time.process_time() - started_at < 2

    def test_reaches_messages_values_and_tracebacks(self, read_lines: Read, capsys: pytest.CaptureFixture[str]) -> None:
        token = new_token()
        try:
            fail_with(token)
        except ValueError:
            structlog.get_logger("test").exception(f"a {token}", value=token, deep={"list": [token]})
            logging.getLogger("test").exception("a %s", token)
        written = capsys.readouterr().err
        assert len(written.splitlines()) == 2
        assert "Traceback" in written
        assert token not in written

    @pytest.mark.usefixtures("read_lines")
    def test_reaches_the_console_format_which_shows_no_variables(self, capsys: pytest.CaptureFixture[str]) -> None:
        log.configure({"format": "console", "level": "info"})
        a_local_variable = new_token()
        try:
            fail_with(a_local_variable)
        except ValueError:
            structlog.get_logger("test").exception("a fault")
        written = capsys.readouterr().err
        assert "ValueError: mhk_…" in written
        assert a_local_variable not in written
        assert "locals" not in written


class TestLines:
    def test_are_json_with_time_level_logger_and_request_id(self, read_lines: Read) -> None:
        with bound_contextvars(request_id="abc"):
            structlog.get_logger("media_store.storage").warning("storage_fault", code=5)
        [line] = read_lines()
        assert line.pop("at").endswith("Z")
        assert line == {
            "level": "warning",
            "logger": "media_store.storage",
            "event": "storage_fault",
            "code": 5,
            "request_id": "abc",
        }

    def test_of_libraries_look_the_same(self, read_lines: Read) -> None:
        with bound_contextvars(request_id="abc"):
            logging.getLogger("gunicorn.error").warning("Invalid request from ip=%s", "127.0.0.1")
        [line] = read_lines()
        assert (line["level"], line["logger"], line["request_id"]) == ("warning", "gunicorn.error", "abc")
        assert line["event"] == "Invalid request from ip=127.0.0.1"

    def test_below_the_level_are_not_written(self, read_lines: Read) -> None:
        structlog.get_logger("test").debug("quiet")
        logging.getLogger("test").debug("quiet")
        assert read_lines() == []

    def test_for_each_404_are_left_to_the_access_line_but_faults_are_told(self, read_lines: Read) -> None:
        logger = logging.getLogger("django.request")
        logger.warning("Not Found: %s", "/nowhere")
        logger.error("Service Unavailable: %s", "/media")
        try:
            fail_with("nothing")
        except ValueError:
            logger.exception("Internal Server Error: %s", "/media")
        [line] = read_lines()
        assert line["event"] == "Internal Server Error: /media"
        assert "ValueError" in line["exception"]

    def test_carry_warnings_of_python(self, read_lines: Read) -> None:
        with warnings.catch_warnings():
            logging.captureWarnings(capture=False)
            logging.captureWarnings(capture=True)
            warnings.simplefilter("always")
            warnings.warn("old ways", DeprecationWarning, stacklevel=1)
        [line] = read_lines()
        assert "old ways" in line["event"]

    def test_that_nobody_reads_fail_nothing(self, monkeypatch: pytest.MonkeyPatch, read_lines: Read) -> None:
        class Closed:
            def write(self, _text: str) -> int:
                raise BrokenPipeError

        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", Closed())
            structlog.get_logger("test").error("unread")
            logging.getLogger("test").error("unread")
        structlog.get_logger("test").error("read")
        assert [line["event"] for line in read_lines()] == ["read"]
