"""INSERT … SELECT, for which the ORM has no word: rows made from rows without passing through this process."""

from typing import Any, cast

from django.db import connections, models


def insert_select(model: type[models.Model], rows: "models.QuerySet[Any, Any]", **columns: Any) -> int:
    """Insert a row of `model` for each of `rows`; `columns` maps fields of `model` to expressions over `rows`.

    Answers how many were inserted. Keys that the database gives and defaults of the database are left to it.
    """
    connection = connections[rows.db]
    # The order in which keys are given; that of the model's Meta, which nobody asked for, would only cost.
    asked = rows if rows.query.order_by else rows.order_by()
    named = asked.annotate(**{f"_{name}": value for name, value in columns.items()})
    select, parameters = named.values_list(*(f"_{name}" for name in columns)).query.get_compiler(rows.db).as_sql()
    quote = connection.ops.quote_name
    into = ", ".join(quote(_column(model, name)) for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({into}) {select}", parameters)
        return int(cursor.rowcount)


def _column(model: type[models.Model], name: str) -> str:
    return str(cast("models.Field[Any, Any]", model._meta.get_field(name)).column)
