"""Running a compiled query.

What runs is plain text through the driver, and results are converted here: Core's own machinery would cost more than
SQLite takes for most queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from aiida.graph.queryspec import QuerySpec
from aiida.storage.dialect import Dialect
from aiida.storage.query.plans import Text, find_plan

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("Execution", "execute")


class Execution:
    """A query about to be run against a store."""

    def __init__(self, store: Store, spec: QuerySpec) -> None:
        self._store = store
        self._spec = spec
        self._plan, self._operands = find_plan(spec, store)
        self.labels = self._plan.labels
        self.entities = self._plan.entities

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self.rows())

    def _prepare(self, at_most: int | None = None, counting: bool = False) -> tuple[str, Any, Text]:
        bounds = [one for one in (self._spec.limit, at_most) if one is not None]
        offset = self._spec.offset
        text = self._plan.text(bool(bounds), offset is not None, counting)
        values = {"row_limit": min(bounds, default=0), "row_offset": offset or 0}
        return text.sql, text.parameters(self._operands, values), text

    def rows(self, at_most: int | None = None) -> list[list[Any]]:
        """Return all rows; records stand for entities."""
        sql, parameters, _ = self._prepare(at_most)
        with self._store.reading() as connection:
            # The driver's own tuples: Core would wrap each of them.
            with closing(connection.exec_driver_sql(sql, parameters)) as result:
                found = result.cursor.fetchall()
        return list(map(self._plan.read, found))

    def count(self) -> int:
        """Return the number of rows."""
        sql, parameters, _ = self._prepare(counting=True)
        with self._store.reading() as connection:
            return int(connection.exec_driver_sql(sql, parameters).scalar_one())

    def stream(self, batch_size: int | None) -> Iterator[list[Any]]:
        """Iterate over the rows in flat memory. Others may write meanwhile; the rows are those of the beginning."""
        if self._store.in_transaction or batch_size is None:
            # One connection reads and writes here, so reading is finished before the caller writes.
            yield from self.rows()
            return
        sql, parameters, _ = self._prepare()
        read = self._plan.read
        with self._store.reading() as connection, _server_side(connection, self._store.dialect) as options:
            with closing(connection.exec_driver_sql(sql, parameters, execution_options=options)) as result:
                # Core has fetched some rows ahead if it streams.
                fetch = result.fetchmany if options else result.cursor.fetchmany
                while chunk := fetch(batch_size):
                    yield from map(read, chunk)

    def sql(self, inline: bool = False) -> str:
        """Return the SQL with its parameters, or with the values in it (for reading, not for running)."""
        sql, parameters, text = self._prepare()
        return _inline(sql, parameters, text.positional) if inline else f"{sql!r} % {parameters!r}\n"

    def explain(self, run: bool = True, verbose: bool = False) -> str:
        """Return the database's plan."""
        sql, parameters, _ = self._prepare()
        if self._store.dialect.name == "sqlite":
            prefix = "EXPLAIN QUERY PLAN "
        else:
            options = [name for name, wanted in (("ANALYZE", run), ("VERBOSE", verbose)) if wanted]
            prefix = f"EXPLAIN ({', '.join(options)}) " if options else "EXPLAIN "
        with self._store.reading() as connection:
            found = connection.exec_driver_sql(prefix + sql, parameters).fetchall()
        return "\n".join(str(row[-1]) for row in found)


@contextmanager
def _server_side(connection: sa.Connection, dialect: Dialect) -> Iterator[dict[str, Any]]:
    """Keep the rows at the server until they are fetched. SQLite does so anyway; PostgreSQL needs a transaction."""
    if dialect.name == "sqlite":
        yield {}
        return
    connection.exec_driver_sql("BEGIN READ ONLY")
    # Sessions that are idle in a transaction are ended, for the sake of their locks; a reader has none and may take its time.
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    try:
        yield {"stream_results": True}
    except sa.exc.SQLAlchemyError:
        connection.exec_driver_sql("ROLLBACK")
        raise
    except BaseException:
        connection.exec_driver_sql("COMMIT")
        raise
    connection.exec_driver_sql("COMMIT")


_QUOTED_OR_MARK = re.compile(r"'(?:[^']|'')*'|\?")


def _inline(sql: str, parameters: Any, positional: bool) -> str:
    if not positional:
        return sql % {name: _literal(value) for name, value in parameters.items()}
    values = iter(parameters)
    return _QUOTED_OR_MARK.sub(lambda match: _literal(next(values)) if match[0] == "?" else match[0], sql)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(_literal, value))}]"
    if isinstance(value, str | datetime):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value)


def execute(store: Store, spec: QuerySpec) -> Execution:
    """Return the query, compiled and ready to run."""
    return Execution(store, spec)
