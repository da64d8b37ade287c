"""Hints: how a door asks for a task. The rows say what is to be done; a hint only says that there is something."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError

if TYPE_CHECKING:
    from celery import Task

log = structlog.get_logger(__name__)


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
