"""How gunicorn serves MediaHub: `gunicorn --config python:mediahub.gunicorn`."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from media_store import spool
from mediahub import checks
from mediahub.connections import authority
from mediahub.environment import WrongSetting

try:
    checks.insist()
except WrongSetting as wrong:
    sys.exit(f"MediaHub cannot start: {wrong}")


def on_starting(server: Any) -> None:
    """What uploads of a killed process left in the spool goes before the first of ours comes."""
    _sweep_spool(server)


def child_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """A worker that was killed in the middle of uploads left their files, and the beat may be on another machine."""
    _sweep_spool(server)


def _sweep_spool(server: Any) -> None:
    swept = spool.sweep(folder=settings.SPOOL_DIR)
    if swept:
        server.log.warning("Removed %s files of uploads that had been killed from the spool", swept)


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's signature
    """A connection that two processes share answers the one with what the other asked."""
    connections.close_all()


wsgi_app = "mediahub.wsgi:application"
bind = authority(settings.WEB_HOST, settings.PORT)
logger_class = "mediahub.access.LogLines"
# Loaded once and forked: a wrong setting fails one process instead of each, and the code is in memory once.
preload_app = True
worker_class = "mediahub.web_worker.WebWorker"
workers = settings.WEB_CONCURRENCY
threads = settings.WEB_THREADS
# Longer than a proxy keeps its side (nginx: 60 s), so that it never sends into a connection just closed.
keepalive = 75
graceful_timeout = settings.WEB_GRACE_SECONDS
# For the thread that accepts; those that carry media may take as long as their client does.
timeout = 60
# Its heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes its own file there
forwarded_allow_ips = settings.FORWARDED_ALLOW_IPS
# Not even a proxy says where this service is mounted: a wrong guess would be a fault of ours.
forwarder_headers = ""
limit_request_line = 8190
limit_request_fields = 100
# The longest caption, 1,024 characters of four bytes, percent-encoded in X-Message-Caption.
limit_request_field_size = 16_380
control_socket_disable = True
