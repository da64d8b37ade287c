"""/healthz: this process answers. /readyz: so does what it needs, each part asked within a bounded time."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from tempfile import TemporaryFile
from threading import Lock, Thread

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from media_store import storage, store_mark

DEADLINE_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Check:
    """One thing that is needed, asked in a thread of its own.

    One thread at a time, however many probes come: where something hangs, the probes that follow wait for the
    thread that hangs already. It keeps no process from ending.
    """

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        self.name = name
        self._ask = ask
        self._lock = Lock()
        self._answer: Future[None] | None = None

    def start(self) -> Future[None]:
        """The answer to come; the one that is still awaited where there is one."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                self._begin(self._answer)
            return self._answer

    def _begin(self, answer: Future[None]) -> None:
        try:
            Thread(target=self._settle, args=(answer,), name=f"readyz-{self.name}", daemon=True).start()
        except RuntimeError as error:
            # No thread is to be had at this moment; the next probe asks anew.
            answer.set_exception(error)

    def _settle(self, answer: Future[None]) -> None:
        try:
            self._ask()
        except Exception as error:  # noqa: BLE001 - whoever waits for the answer gets it
            answer.set_exception(error)
        else:
            answer.set_result(None)


def _ask_database() -> None:
    # A new connection each time: the thread ends with its answer, and the connection with it.
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def _ask_store_mark() -> None:
    # Of its own: a store that answers and is the wrong one, a disk that is not mounted, is found by nothing else.
    try:
        store_mark.recognise()
    finally:
        connection.close()


def _ask_broker() -> None:
    if settings.REDIS_URL:
        _ping_redis(settings.REDIS_URL)
    else:
        _try_folder(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"])


def _ping_redis(url: str) -> None:
    once = Retry(NoBackoff(), retries=0)
    with Redis.from_url(url, retry=once, socket_timeout=1.5, socket_connect_timeout=1.5) as client:
        client.ping()


def _try_folder(folder: str) -> None:
    with TemporaryFile(dir=folder):
        pass


CHECKS = (
    Check("database", _ask_database),
    Check("storage", storage.probe),
    Check("store_mark", _ask_store_mark),
    Check("broker", _ask_broker),
)


def healthz(_request: HttpRequest) -> JsonResponse:
    """200 while this process answers at all."""
    return _answer({"status": "ok"}, status=200)


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 where everything that is needed answers, 503 where something does not; it says which and not why."""
    found = ask(CHECKS, deadline_seconds=DEADLINE_SECONDS)
    ready = all(found.values())
    content = {
        "status": "ready" if ready else "unavailable",
        "checks": {name: "ok" if answers else "failed" for name, answers in found.items()},
    }
    return _answer(content, status=200 if ready else 503)


def _answer(content: Mapping[str, object], *, status: int) -> JsonResponse:
    response = JsonResponse(content, status=status, headers={"Cache-Control": "no-store"})
    # Probes pass by the middleware that would say it.
    response["Content-Length"] = str(len(response.content))
    return response


def ask(checks: tuple[Check, ...], *, deadline_seconds: float) -> Mapping[str, bool]:
    """Ask all at once, and wait for all together no longer than the deadline."""
    ends_at = time.monotonic() + deadline_seconds
    asked = {check.name: check.start() for check in checks}
    return {name: _answers(name, answer, ends_at - time.monotonic()) for name, answer in asked.items()}


def _answers(name: str, answer: Future[None], seconds: float) -> bool:
    try:
        answer.result(timeout=max(0.0, seconds))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it does not answer
        log.warning("not_ready", check=name, error=str(error) or type(error).__name__)
        return False
    return True
