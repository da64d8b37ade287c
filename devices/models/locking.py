"""Locks that are shared, for which the ORM has no word."""

from collections.abc import Iterable
from typing import TypeVar

from django.db import connections, models
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row", bound=models.Model)


def locked_shared(rows: "models.QuerySet[Row]") -> Iterable[Row]:
    """These rows, read under a shared lock (FOR SHARE) where the database has one."""
    return _locked(rows, "FOR SHARE")


def locked_key_shared(rows: "models.QuerySet[Row]") -> Iterable[Row]:
    """The same under the weakest lock (FOR KEY SHARE): the rows may change meanwhile, and cannot go."""
    table = connections[rows.db].ops.quote_name(rows.model._meta.db_table)
    # Theirs alone: not those that are joined to ask about them.
    return _locked(rows, f"FOR KEY SHARE OF {table}")


def _locked(rows: "models.QuerySet[Row]", lock: str) -> Iterable[Row]:
    """Django has no shared locks, hence the raw statement. SQLite has one writer at a time and needs none."""
    connection = connections[rows.db]
    if not connection.in_atomic_block:
        message = "A row is locked within a transaction only."
        raise TransactionManagementError(message)
    if connection.vendor != "postgresql":
        return rows
    sql, params = rows.query.get_compiler(using=rows.db).as_sql()
    return rows.raw(f"{sql} {lock}", params, using=rows.db)
