"""`manage.py run`: everything at once on this machine, for a first look and for development."""

import fcntl
import http.client
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections
from django.db.utils import OperationalError
from django.utils import timezone

from devices.demo import DemoCredentials, ensure_demo
from devices.demo_walk import walk
from mediahub.connections import authority, outbound_policy
from mediahub.log import redacted
from mediahub.processes import Lasting, ProcfileManager
from mediahub.static_files import collect_if_changed

START_SECONDS = 60
# The listener's port lies so far from the web process's.
LISTENER_OFFSET = 1_000
LAST_PORT = 65_535
ASK_AGAIN_SECONDS = 0.1


class Command(BaseCommand):
    """Prepares what is missing, then starts the processes of the Procfile."""

    help = (
        "Migrates, collects static files, makes a demo tenant, and runs web, worker, beat and a listener "
        "that shows the demo's webhooks, until Ctrl-C. "
        "What was there before is kept: data, keys, logins. PORT=8001 moves it; a second one beside it needs a folder "
        "of its own, MEDIAHUB_VAR."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Stop on Ctrl-C, SIGTERM and SIGHUP at any time; being told to stop is no failure."""
        for signum in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, _interrupt)
        try:
            with _alone_in(Path(settings.VAR)):
                stopped = self._run()
        except KeyboardInterrupt:
            stopped = 0
        sys.exit(stopped)

    def _run(self) -> int:
        _require_port(settings.WEB_HOST, settings.PORT)
        listener = _listener()
        credentials = self._prepare(listener)
        return _serve(credentials, listener)

    def _prepare(self, listener: str) -> DemoCredentials:
        output = Lasting(sys.stdout)
        output.write("MediaHub is getting ready …\n")
        output.flush()
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            reason = redacted(" ".join(str(error).split()))
            sys.exit(f"The database does not answer; see DATABASE_URL. It said: {reason}")
        collect_if_changed()
        where = authority(_reachable(settings.WEB_HOST), settings.PORT)
        credentials = ensure_demo(now=timezone.now(), url=f"http://{where}", listener=listener)
        # The processes that follow are forks of this one.
        connections.close_all()
        return credentials


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _alone_in(var: Path) -> Iterator[None]:
    """Keep others from running on this folder: each would lead the demo's webhooks to itself.

    The kernel lets go of the lock when this process and those that read the others' output have ended, however.
    """
    var.mkdir(parents=True, exist_ok=True)
    with (var / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(
                f"{var} is in use by another `make run`: stop that one first, "
                "or give this one a folder of its own with MEDIAHUB_VAR."
            )
        yield


def _require_port(host: str, port: int) -> None:
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            hint = f"stop what uses it, or choose another one with PORT={port + 1 if port < 65535 else 8000}"  # noqa: PLR2004 - the last port
            sys.exit(f"Port {port} cannot be used ({(error.strerror or '').lower()}): {hint}.")


def _listener() -> str:
    """Where the demo's webhooks will be shown; its origin is allowed here, and by the processes that follow."""
    port = settings.PORT + LISTENER_OFFSET if settings.PORT + LISTENER_OFFSET <= LAST_PORT else settings.PORT - 1
    origin = f"http://127.0.0.1:{port if _is_free(port) else _any_free()}"
    settings.WEBHOOK_ALLOW = [*settings.WEBHOOK_ALLOW, origin]
    settings.WEBHOOK_POLICY = outbound_policy("WEBHOOK_ALLOW", settings.WEBHOOK_ALLOW)
    return f"{origin}/"


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _any_free() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _serve(credentials: DemoCredentials, listener: str) -> int:
    output = Lasting(sys.stdout)
    greeting = Thread(target=_greet, args=(credentials, output), daemon=True)
    manager = ProcfileManager(output=output, on_started=greeting.start)
    manager.add_procfile(Path(settings.BASE_DIR) / "Procfile", env=_environment())
    secret = {"MEDIAHUB_WEBHOOK_SECRET": credentials.webhook_secret}
    manager.add_process("events", _listening(listener), env={**_environment(), **secret}, cwd=str(settings.BASE_DIR))
    manager.loop()
    # honcho's codes for "a signal told me to stop"
    return 0 if manager.returncode in (130, 143) else manager.returncode or 1


def _listening(listener: str) -> str:
    port = urlsplit(listener).port
    return f"exec {shlex.quote(sys.executable)} manage.py webhook_listener --port {port}"


def _environment() -> dict[str, str]:
    """What the processes see: this virtual environment's commands, lines for people, and a quick end."""
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    defaults = {
        "LOG_FORMAT": "console",
        "WEB_GRACE_SECONDS": "1",
        # Celery's advice fills the screen where a container's only user is root.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    allowed = ",".join(settings.WEBHOOK_ALLOW)
    return {**defaults, **os.environ, "PATH": commands, "PORT": str(settings.PORT), "WEBHOOK_ALLOW": allowed}


def _greet(credentials: DemoCredentials, output: Lasting) -> None:
    """Print the first calls as soon as they would work."""
    ends_at = time.monotonic() + START_SECONDS
    while not _answers("/healthz"):
        if time.monotonic() > ends_at:
            return
        time.sleep(ASK_AGAIN_SECONDS)
    output.write(f"\nMediaHub answers on {credentials.url} — Ctrl-C stops it.\n\n{walk(credentials)}\n")
    if not _answers("/readyz"):
        output.write(f"Something it needs does not answer; {credentials.url}/readyz names it.\n\n")
    output.flush()


def _answers(path: str) -> bool:
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(_reachable(settings.WEB_HOST), settings.PORT, timeout=5)
        with closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
    return False
