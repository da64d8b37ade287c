"""One line for each request, written after its last byte was sent."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import structlog
from gunicorn.glogging import Logger

from mediahub.middleware import Probes

log = structlog.get_logger(__name__)


class LogLines(Logger):
    """gunicorn's logger, but that its lines take the way of all others (see mediahub/log.py)."""

    def setup(self, cfg: Any) -> None:
        """Leave handlers and formats to Django's configuration."""
        self.cfg = cfg
        self.error_log.propagate = True

    def access(self, resp: Any, req: Any, environ: Mapping[str, Any], request_time: timedelta) -> None:  # noqa: ARG002 - gunicorn's signature
        """The ids of request and app were bound by the middleware, in this same thread."""
        path = environ["RAW_URI"].partition("?")[0]
        status = int(str(resp.status).partition(" ")[0])
        # A probe that finds all well comes every few seconds and says nothing.
        write = log.debug if path in Probes.answers and status == HTTPStatus.OK else log.info
        ms = round(request_time.total_seconds() * 1000, 1)
        write("request", method=environ["REQUEST_METHOD"], path=path, status=status, ms=ms, bytes=resp.sent)
        structlog.contextvars.clear_contextvars()
