"""Tasks: doors that a worker opens. Each is a hint; a sweep finds what a lost hint left behind."""

from collections.abc import Callable
from typing import Any

import structlog
from celery import Task, shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from media_store import destruction, spool

log = structlog.get_logger(__name__)


@shared_task
def finish_destroyed_devices() -> int:
    """Remove the media of every device that is marked destroyed, then its row."""
    return destruction.finish_destroyed(now=timezone.now())


@shared_task
def sweep_spool() -> int:
    """Remove what killed uploads left in the spool of this machine."""
    return spool.sweep(folder=settings.SPOOL_DIR)


def hint(task: "Task[..., Any]", **arguments: Any) -> None:
    """Ask for a task once this transaction has committed; the beat finds what a lost hint left."""
    transaction.on_commit(_publisher(task, arguments))


def _publisher(task: "Task[..., Any]", arguments: dict[str, Any]) -> Callable[[], None]:
    def publish() -> None:
        try:
            task.apply_async(kwargs=arguments, retry=False)
        except (OperationalError, OSError) as error:
            # A broker that is down fails no request: the rows say what is to be done.
            log.warning("hint_lost", task=task.name, error=str(error))

    return publish
