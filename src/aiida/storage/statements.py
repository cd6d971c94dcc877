"""Statements of constant text, run with the least that is between us and the driver.

SQLAlchemy makes for every result a description of its columns, anew each time and at three times the cost of the statement
itself; rows whose columns are known by their place need none. On SQLite the driver is therefore asked directly. On PostgreSQL, where a
broken connection must be noticed, and for whoever listens to statements (budgets, tests), SQLAlchemy does it, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa

Row = Sequence[Any]


class Rows:
    """What a statement gave, read to its end: rows as tuples, and how many were changed."""

    __slots__ = ("_names", "_rows", "rowcount")

    def __init__(self, rows: Sequence[Row], rowcount: int, names: Sequence[str]) -> None:
        self._rows = rows
        self._names = names
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def all(self) -> Sequence[Row]:
        """All rows."""
        return self._rows

    def first(self) -> Row | None:
        """The first row, if there is one."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Row | None:
        """The only row, if there is one."""
        if len(self._rows) > 1:
            raise ValueError(f"one row was expected at most, {len(self._rows)} came")
        return self._rows[0] if self._rows else None

    def one(self) -> Row:
        """The only row."""
        row = self.one_or_none()
        if row is None:
            raise ValueError("a row was expected, none came")
        return row

    def scalar(self) -> Any:
        """The first value of the first row; None if there is none."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """The first value of the only row; None if there is none."""
        row = self.one_or_none()
        return None if row is None else row[0]

    def as_dicts(self) -> list[dict[str, Any]]:
        """Rows by the names of their columns."""
        return [dict(zip(self._names, row, strict=True)) for row in self._rows]


def execute(connection: sa.Connection, sql: str, parameters: Any = ()) -> Rows:
    """Run a text in the driver's own style; errors come as the driver or SQLAlchemy raised them, the store translates them."""
    if _is_heard(connection):
        result = connection.exec_driver_sql(sql, parameters)
        names = list(result.keys()) if result.returns_rows else []
        return Rows(result.all() if result.returns_rows else (), result.rowcount, names)
    driver: Any = connection.connection.dbapi_connection
    cursor = driver.execute(sql, parameters)
    described = cursor.description
    rows = cursor.fetchall() if described else ()
    return Rows(rows, cursor.rowcount, [column[0] for column in described] if described else ())


def iterate(connection: sa.Connection, sql: str, parameters: Any = ()) -> Iterator[Row]:
    """Run a text in the driver's own style and give its rows as they come, so that they are not all in memory as tuples.

    PostgreSQL's driver has them all as bytes, which is a tenth of that.
    """
    if _is_heard(connection):
        yield from connection.exec_driver_sql(sql, parameters)
        return
    driver: Any = connection.connection.dbapi_connection
    yield from driver.execute(sql, parameters)


def execute_many(connection: sa.Connection, sql: str, rows: Iterable[Row]) -> None:
    """Run a text in the driver's own style once for each row of parameters."""
    if _is_heard(connection):
        connection.exec_driver_sql(sql, list(map(tuple, rows)))
        return
    driver: Any = connection.connection.dbapi_connection
    driver.executemany(sql, rows)


def _is_heard(connection: sa.Connection) -> bool:
    engine = connection.engine
    return engine.dialect.name != "sqlite" or bool(engine._has_events and engine.dispatch.before_cursor_execute)
