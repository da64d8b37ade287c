"""Rows by the hundred thousand, made by the database itself: for what is claimed about size and speed.

They look like those of real uploads, and have no objects. Columns that are not named here are empty.
"""

import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

from media_store.models import Blob, DestroyedMedia, Media


def fill_blobs(*, app_id: uuid.UUID, count: int, now: datetime) -> None:
    """READY blobs of the app, an hour old at least, of 300,000 bytes on average."""
    sql = _dialect()
    salt = _salt()
    hour_ago = now - timedelta(hours=1, milliseconds=count)
    stored_at = sql.moment(hour_ago, milliseconds="i")
    columns = {
        "id": sql.row_id(hour_ago, salt),
        "app": _text(sql.key(app_id)),
        "sha256": sql.digest(salt),
        "size": "1 + (i * 7919) % 600000",
        "storage_key": f"'blobs/{app_id.hex}/' || substr({sql.digest(salt)}, 1, 32)",
        "state": _text(Blob.State.READY),
        "created_at": stored_at,
        "ready_at": stored_at,
    }
    _insert(Blob, columns, rows=sql.numbers(count))


def fill_media(
    *,
    app_id: uuid.UUID,
    device_id: uuid.UUID | None,
    count: int,
    arrived_at: datetime,
    expires_at: datetime,
    columns: Mapping[str, str] | None = None,
) -> None:
    """READY media on all of the app's blobs in turn, arriving and expiring a millisecond after one another.

    `columns` are further expressions of SQL by the names of fields.
    """
    sql = _dialect()
    salt = _salt()
    device = "" if device_id is None else f"{device_id}-"
    defaults = {
        "id": sql.row_id(arrived_at, salt),
        "app": _text(sql.key(app_id)),
        "device": "NULL" if device_id is None else _text(sql.key(device_id)),
        "blob": "blob_id",
        "path": f"'media/{app_id}/{device}' || substr({sql.digest(salt)}, 1, 20) || '.jpg'",
        "direction": _text(Media.Direction.OUTBOUND if device_id else Media.Direction.UPLOAD),
        "kind": _text("image"),
        "status": _text(Media.Status.READY),
        "message_id": "NULL" if device_id is None else f"substr({sql.digest(salt)}, 1, 20)",
        "file_name": _text("IMG-20261125-WA0007.jpg"),
        "mime_type": _text("image/jpeg"),
        "declared_mime_type": _text("image/jpeg"),
        "size": "size",
        "sha256": "sha256",
        "caption": _text("The parcel arrives on Friday, please be at home."),
        "to": _text("6281234567890"),
        "source": _text(Media.Source.FILE),
        "delivery": _text(Media.Delivery.DELIVERED if device_id else ""),
        "created_at": sql.moment(arrived_at, milliseconds="i"),
        "expires_at": sql.moment(expires_at, milliseconds="i"),
        "expiry_rule": _text("shipped: outbound, 30 days"),
    }
    _insert(Media, defaults | dict(columns or {}), rows=_beside_blobs(sql, app_id, count))


def fill_destroyed(*, app_id: uuid.UUID, count: int, destroyed_at: datetime) -> None:
    """What devices of the app had that were destroyed, a millisecond after one another."""
    sql = _dialect()
    salt = _salt()
    moment = sql.moment(destroyed_at, milliseconds="i")
    columns = {
        "id": "i",
        "media_id": sql.row_id(destroyed_at, salt),
        "app_id": _text(sql.key(app_id)),
        "path": f"'media/{app_id}/' || substr({sql.digest(salt)}, 1, 20) || '.jpg'",
        "sha256": sql.digest(salt),
        "created_at": moment,
        "destroyed_at": moment,
    }
    _insert(DestroyedMedia, columns, rows=sql.numbers(count))


@contextmanager
def without_indexes() -> Iterator[None]:
    """Fill the tables inside, all in one transaction: their indexes are made once, at the end."""
    tables = [model._meta.db_table for model in (Blob, Media)]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # What these rows refer to is there; three look-ups each would take minutes.
            cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_indexes_sql(), tables)
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            cursor.execute(definition)
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = origin")


def settle() -> None:
    """Let the planner know what is there, and that it lies on a disk without an arm."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql" and connection.in_atomic_block:
            cursor.execute("SET LOCAL random_page_cost = 1.1")


def _insert(model: type[models.Model], columns: Mapping[str, str], *, rows: str) -> None:
    fields = model._meta.concrete_fields
    names = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(columns.get(field.name, _nothing(field)) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM {rows}")  # noqa: S608 - names and numbers of our own


def _indexes_sql() -> str:
    """Those of these tables that no constraint stands on."""
    if connection.vendor == "sqlite":
        return "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN (%s, %s)"
    return (
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid IN (%s::regclass, %s::regclass) "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"
    )


def _nothing(field: Any) -> str:
    if field.null:
        return "NULL"
    if isinstance(field, models.BooleanField):
        return "false"
    return "''" if isinstance(field, models.CharField) else "0"


def _text(value: object) -> str:
    return f"'{value}'"


def _salt() -> int:
    return secrets.randbelow(2**56)


class _PostgreSQL:
    """`i` is the number of the row that is being made."""

    def key(self, key: uuid.UUID) -> str:
        return str(key)

    def row_id(self, start: datetime, salt: int) -> str:
        """In the order of time, as the version 7 of real ones."""
        milliseconds = int(start.timestamp() * 1000)
        return f"(lpad(to_hex({milliseconds} + i), 12, '0') || '70008{salt:015x}')::uuid"

    def digest(self, salt: int) -> str:
        return f"encode(sha256(('{salt}-' || i)::bytea), 'hex')"

    def moment(self, start: datetime, *, milliseconds: str) -> str:
        return f"timestamptz '{start.isoformat()}' + {milliseconds} * interval '1 millisecond'"

    def numbers(self, count: int) -> str:
        return f"generate_series(0::bigint, {count - 1}) AS numbers(i)"


class _SQLite(_PostgreSQL):
    def key(self, key: uuid.UUID) -> str:
        return key.hex

    def row_id(self, start: datetime, salt: int) -> str:
        return f"printf('%012x70008{salt:015x}', {int(start.timestamp() * 1000)} + i)"

    def digest(self, salt: int) -> str:
        return "lower(hex(randomblob(32)))"

    def moment(self, start: datetime, *, milliseconds: str) -> str:
        return f"strftime('%Y-%m-%d %H:%M:%f', {start.timestamp()} + {milliseconds} / 1000.0, 'unixepoch')"

    def numbers(self, count: int) -> str:
        counted = f"SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1}"  # noqa: S608 - a number
        return f"(WITH RECURSIVE n(i) AS ({counted}) SELECT i FROM n)"  # noqa: S608 - as above


def _beside_blobs(sql: _PostgreSQL, app_id: uuid.UUID, count: int) -> str:
    blobs = (
        "SELECT id AS blob_id, sha256, size, row_number() OVER (ORDER BY id) - 1 AS place "  # noqa: S608 - our own names
        f"FROM {Blob._meta.db_table} WHERE app_id = '{sql.key(app_id)}'"
    )
    return f"{sql.numbers(count)} JOIN ({blobs}) AS blobs ON place = i % {Blob.objects.filter(app_id=app_id).count()}"


def _dialect() -> _PostgreSQL:
    return _PostgreSQL() if connection.vendor == "postgresql" else _SQLite()
