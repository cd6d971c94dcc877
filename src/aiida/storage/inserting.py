"""Rows into a table: a few by one statement, many by what the database takes quickest.

*Many rows.* SQLite runs one prepared statement row by row twice as quickly as it runs statements of hundreds of rows, and RETURNING
costs as much again; but then the ids must be known before. They are: whoever inserts holds the write lock, and SQLite numbers
on from the highest id. PostgreSQL gives numbers from its sequence, and takes rows by COPY.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aiida.common import exceptions
from aiida.graph.records import Row
from aiida.storage.dialect import Codec
from aiida.storage.transaction import Transaction

__all__ = ("insert_values", "insert_with_ids")

Values = Sequence[Any]

# From so many rows on a statement more for their ids is worth it.
MANY = 100
# Kibibytes of pages in memory meanwhile: with SQLite's own 2,000 the indexes of 100,000 nodes are read and written over and over.
_CACHE = 65_536
_GROWN = 0.2


def insert_values(transaction: Transaction, kind: type[Row], rows: Sequence[Values]) -> list[int]:
    """Insert rows, given as the driver's values without the id; return their ids in the order of the rows."""
    dialect = transaction.dialect
    if len(rows) < MANY:
        found = transaction.run(dialect.insert_sql(kind, len(rows)), tuple(value for row in rows for value in row))
        # Both databases number the rows of one statement upwards in their order; only the order in which RETURNING lists
        # them is not promised.
        return sorted(row[0] for row in found)
    ids = _reserve_ids(transaction, dialect.codec(kind).table.name, len(rows))
    _insert_many(transaction, kind, ((id, *row) for id, row in zip(ids, rows, strict=True)))
    return ids


def insert_with_ids(transaction: Transaction, kind: type[Row], rows: Sequence[Values]) -> None:
    """Insert rows, given as the driver's values with the id first."""
    if len(rows) < MANY:
        transaction.run(transaction.dialect.insert_sql(kind, len(rows), True), tuple(value for row in rows for value in row))
    else:
        _insert_many(transaction, kind, rows)


def _reserve_ids(transaction: Transaction, table: str, count: int) -> list[int]:
    if transaction.dialect.name == "sqlite":
        last = transaction.run(f"SELECT coalesce(max(id), 0) FROM {table}").scalar()
        return list(range(last + 1, last + 1 + count))
    sql = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    return [row[0] for row in transaction.run(sql, (table, count))]


def _insert_many(transaction: Transaction, kind: type[Row], rows: Iterable[Values]) -> None:
    codec = transaction.dialect.codec(kind)
    if transaction.dialect.name == "sqlite":
        marks = ", ".join("?" * len(codec.columns))
        transaction.run(f"PRAGMA cache_size=-{_CACHE}")
        transaction.run_many(f"INSERT INTO {codec.table.name} ({codec.column_list}) VALUES ({marks})", rows)
        transaction.run("PRAGMA cache_size=-2000")
    else:
        _copy(transaction, codec, rows)
        _refresh_statistics(transaction, codec.table.name)


def _refresh_statistics(transaction: Transaction, table: str) -> None:
    """Look at a table again that grew by a fifth: until PostgreSQL does so by itself, a minute later, it takes the table for as small as
    it was, and joins row by row."""
    sql = "SELECT CASE WHEN reltuples < 1 THEN 1 ELSE pg_relation_size(oid)::float8 / 8192 / greatest(relpages, 1) - 1 END FROM pg_class WHERE oid = %s::regclass"
    if transaction.run(sql, (table,)).scalar() > _GROWN:
        transaction.run(f"ANALYZE (SKIP_LOCKED) {table}")


def _copy(transaction: Transaction, codec: Codec, rows: Iterable[Values]) -> None:
    driver: Any = transaction.connection.connection.dbapi_connection
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {codec.table.name} ({codec.column_list}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except exceptions.AiidaException:
        raise
    except Exception as error:
        raise transaction.dialect.translate(error) from error
