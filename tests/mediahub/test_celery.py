"""Hints: sent within a bounded time or given up, and told in log lines by the request that sent them."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from kombu.exceptions import OperationalError
from structlog.contextvars import bound_contextvars, clear_contextvars, get_contextvars

import mediahub.celery
from mediahub import connections
from tests.processes import free_ports

# One second for each of connecting and answering, and room for a machine that is busy with other tests.
HINT_SECONDS = 2 + 3


def app_with_redis_at(port: int) -> Celery:
    url, _, options = connections.broker(f"redis://127.0.0.1:{port}/0", var=settings.VAR, task_limit_seconds=1)
    app = Celery("away", broker=url, set_as_current=False)
    app.conf.update(
        broker_transport_options=options,
        broker_connection_timeout=settings.CELERY_BROKER_CONNECTION_TIMEOUT,
        task_publish_retry=settings.CELERY_TASK_PUBLISH_RETRY,
    )
    return app


def seconds_until_given_up(app: Celery) -> float:
    started_at = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task("a_hint")
    return time.monotonic() - started_at


class TestSending:
    def test_gives_up_soon_where_redis_takes_a_connection_and_never_answers(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            assert seconds_until_given_up(app_with_redis_at(silent.getsockname()[1])) < HINT_SECONDS

    def test_gives_up_at_once_where_redis_refuses(self) -> None:
        app = app_with_redis_at(free_ports(1)[0])
        seconds_until_given_up(app)
        assert seconds_until_given_up(app) < 1


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Celery]:
    """A worker in this process, with a task that answers with what its log lines would carry."""
    url, transport, options = connections.broker("", var=tmp_path_factory.mktemp("var"), task_limit_seconds=1)
    app = Celery("echo", broker=url, backend="cache+memory://", set_as_current=False)
    app.conf.update(broker_transport=transport, broker_transport_options=options)

    @app.task(name="echo")
    def echo() -> dict[str, str]:
        return get_contextvars()

    with start_worker(app, perform_ping_check=False, shutdown_timeout=30):
        yield app


class TestLogLines:
    def test_of_a_task_name_it_and_the_request_that_asked_for_it(self, echo: Celery) -> None:
        with bound_contextvars(request_id="a-request"):
            sent = echo.send_task("echo")
        assert sent.get(timeout=30, interval=0.01) == {"task": "echo", "task_id": sent.id, "request_id": "a-request"}

    def test_of_the_next_task_are_its_own(self, echo: Celery) -> None:
        # What an earlier test's request left in this process is no part of this story.
        clear_contextvars()
        sent = echo.send_task("echo")
        assert sent.get(timeout=30, interval=0.01) == {"task": "echo", "task_id": sent.id}


class TestSchedule:
    def test_asks_for_tasks_that_are_there(self) -> None:
        mediahub.celery.app.loader.import_default_modules()
        asked = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
        assert asked <= set(mediahub.celery.app.tasks)

    def test_hints_do_not_pile_up_while_no_worker_is_there(self) -> None:
        for entry in settings.CELERY_BEAT_SCHEDULE.values():
            options: Any = entry["options"]
            assert options["expires"] <= entry["schedule"]

    def test_no_task_outlives_the_time_after_which_another_worker_gets_it(self) -> None:
        options = connections.broker(
            "redis://localhost", var=settings.VAR, task_limit_seconds=settings.TASK_LIMIT_SECONDS
        )
        assert options[2]["visibility_timeout"] > settings.TASK_LIMIT_SECONDS > settings.TASK_WORK_SECONDS
