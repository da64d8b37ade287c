"""The Celery app; its settings are those of Django that begin with CELERY_."""

import os
import sys
from types import TracebackType
from typing import Any

from celery import Celery, signals
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from mediahub import task_limit
from mediahub.environment import WrongSetting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediahub.settings")

app = Celery("mediahub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, WrongSetting):
        sys.stderr.write(f"MediaHub cannot start: {error}\n")
    else:
        sys.__excepthook__(kind, error, trace)


# The celery command reads the settings deep inside itself: without this, a wrong one is a page of traceback.
sys.excepthook = _explain


@signals.celeryd_init.connect
@signals.beat_init.connect
def _insist(**_kwargs: Any) -> None:
    """Worker and beat start with the checks that manage.py starts with."""
    from mediahub import checks  # noqa: PLC0415 - the settings import this package first

    try:
        checks.insist()
    except WrongSetting as error:
        # Celery logs what a receiver raises and goes on, but for this.
        sys.exit(f"MediaHub cannot start: {error}")


@signals.setup_logging.connect
def _leave_logging_to_django(**_kwargs: Any) -> None:
    """That somebody listens is enough: Celery then sets no handlers of its own."""


@signals.before_task_publish.connect
def _send_request_id(headers: dict[str, Any], **_kwargs: Any) -> None:
    request_id = get_contextvars().get("request_id")
    if request_id:
        headers["mediahub_request_id"] = request_id


@signals.task_prerun.connect
def _bind_task(task: Any, task_id: str, **_kwargs: Any) -> None:
    """Lines of a task name it, and the request that asked for it."""
    task_limit.note_begin(task_id, task.name)
    clear_contextvars()
    bind_contextvars(task=task.name, task_id=task_id)
    request_id = task.request.get("mediahub_request_id")
    if request_id:
        bind_contextvars(request_id=request_id)


@signals.task_postrun.connect
def _unbind_task(task_id: str, **_kwargs: Any) -> None:
    task_limit.note_end(task_id)
    clear_contextvars()


@signals.worker_ready.connect
def _watch_the_time(**_kwargs: Any) -> None:
    task_limit.watch()
