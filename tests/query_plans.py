"""The plans of the very statements that a verb sends: PostgreSQL is asked for each just before it runs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one statement was to be run. `scanned` are the tables read from end to end, `indexes` what was used."""

    statement: str
    scanned: frozenset[str]
    indexes: frozenset[str]
    text: str


@contextmanager
def plans_kept() -> Iterator[list[Plan]]:
    """The plan of each statement of the block, in their order."""
    plans: list[Plan] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(EXPLAINED):
            plans.append(_plan(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield plans


def _plan(sql: str, params: Any) -> Plan:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        (found,) = cursor.fetchone()
        cursor.execute(f"EXPLAIN (COSTS OFF) {sql}", params)
        text = "\n".join(line for (line,) in cursor.fetchall())
    nodes = list(_nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))
    return Plan(
        statement=sql,
        scanned=frozenset(node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"),
        indexes=frozenset(node["Index Name"] for node in nodes if "Index Name" in node),
        text=text,
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
