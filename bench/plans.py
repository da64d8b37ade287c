"""The plans of what beat sends, with millions of rows that live on. For bench.child."""

import re
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from media_store import tasks
from tests.query_plans import Plan, plans_kept

LARGE = frozenset({"media_store_media", "media_store_blob", "media_store_destroyedmedia"})
SHOWN_CHARACTERS = 1_200
# Long enough for a few batches of each.
WORK_SECONDS = 4
TASKS = (tasks.finish_destroyed, tasks.purge_expired, tasks.collect, tasks.sweep_windows)


def of_tasks() -> dict[str, list[tuple[bool, str]]]:
    """By task, the plan of each different statement, and whether it reads a large table from end to end."""
    settings.TASK_WORK_SECONDS = WORK_SECONDS
    return {task.name.rpartition(".")[2]: _of(task) for task in TASKS}


def _of(task: Callable[[], int]) -> list[tuple[bool, str]]:
    with plans_kept() as plans:
        task()
    connection.close()
    different = {_shape(plan): plan for plan in plans}
    return [(bool(plan.scanned & LARGE), _shown(plan)) for plan in different.values()]


def _shape(plan: Plan) -> tuple[str, frozenset[str], frozenset[str]]:
    return re.sub(r"IN \([^)]*\)", "IN (…)", plan.statement), plan.scanned, plan.indexes


def _shown(plan: Plan) -> str:
    short = re.sub(r"'\{[^}]*\}'|\('[0-9a-f-]{36}'.*?\)", "'{…}'", plan.text)
    return f"{_shape(plan)[0][:200]}\n{short[:SHOWN_CHARACTERS]}"
