"""Prepared look-ups: a queryset that is made and compiled once, then asked with other values.

For what every download and every upload looks up: there the ORM takes several times as long to write the statement, and
to make a model of its answer, as the database takes to give it.
"""

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connections, models
from django.db.models.query import get_related_populators

Row = TypeVar("Row", bound=models.Model)
Value = uuid.UUID | str

_FIELDS: Mapping[type, "models.Field[Any, Any]"] = {uuid.UUID: models.UUIDField(), str: models.TextField()}


@dataclass(frozen=True, kw_only=True)
class _Compiled(Generic[Row]):
    """A statement, where the values of each call stand in it, and how a row of its answer becomes an instance."""

    alias: str
    model: type[Row]
    sql: str
    parameters: Sequence[Any]
    places: Sequence[int]
    converters: Sequence[tuple[int, Sequence[Callable[..., Any]], Any]]
    columns: slice
    names: Sequence[str]
    populators: Sequence[Any]


class Prepared(Generic[Row]):
    """Finds the row, the first where there are several, that has the values of a call, and what is selected beside it.

    `make` makes the queryset from values of these `kinds`, each of which it asks for once.
    """

    def __init__(self, make: "Callable[..., models.QuerySet[Row]]", *kinds: type[Value]) -> None:
        self._make = make
        self._kinds = kinds
        # Converters belong to the connection that they were made on, and connections to threads.
        self._own = threading.local()

    def __call__(self, *values: Value) -> Row | None:
        """The row; None where there is none."""
        compiled = self._compiled()
        connection = connections[compiled.alias]
        parameters = list(compiled.parameters)
        for place, kind, value in zip(compiled.places, self._kinds, values, strict=True):
            parameters[place] = _FIELDS[kind].get_db_prep_value(value, connection)
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, parameters)
            answer = cursor.fetchone()
        return None if answer is None else _instance(compiled, list(answer), connection)

    def _compiled(self) -> _Compiled[Row]:
        try:
            compiled: _Compiled[Row] = self._own.compiled
        except AttributeError:
            compiled = self._own.compiled = self._compile()
        return compiled

    def _compile(self) -> _Compiled[Row]:
        marks = [uuid.uuid4() for _ in self._kinds]
        queryset = self._make(*(kind(str(mark)) for kind, mark in zip(self._kinds, marks, strict=True)))
        connection = connections[queryset.db]
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        found = [str(parameter).replace("-", "") for parameter in parameters]
        select, related = compiler.select, compiler.klass_info
        columns = slice(related["select_fields"][0], related["select_fields"][-1] + 1)
        converters = compiler.get_converters([column for column, *_ in select])
        return _Compiled(
            alias=queryset.db,
            model=queryset.model,
            sql=sql,
            parameters=parameters,
            places=[found.index(mark.hex) for mark in marks],
            converters=[(position, chain, column) for position, (chain, column) in converters.items()],
            columns=columns,
            names=[column.target.attname for column, *_ in select[columns]],
            # The types are those of a later Django.
            populators=get_related_populators(related, select, queryset.db),  # type: ignore[call-arg]
        )


def _instance(compiled: _Compiled[Row], answer: list[Any], connection: Any) -> Row:
    for position, chain, column in compiled.converters:
        for convert in chain:
            answer[position] = convert(answer[position], column, connection)
    row = compiled.model.from_db(compiled.alias, compiled.names, answer[compiled.columns])
    for populator in compiled.populators:
        populator.populate(answer, row)
    return row
