"""A write in progress."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import sqlalchemy as sa

from aiida.common import exceptions
from aiida.storage import statements
from aiida.storage.dialect import Dialect
from aiida.storage.statements import Rows

__all__ = ("CommitUnknown", "Transaction")

LOGGER = logging.getLogger(__name__)

Hook = Callable[[], object]


class Transaction:
    """A write in progress; committed as a whole when the outermost `with` ends, or not at all."""

    __slots__ = ("_after_commit", "_after_rollback", "connection", "dialect", "failed", "pid")

    def __init__(self, connection: sa.Connection, dialect: Dialect) -> None:
        self.connection = connection
        self.dialect = dialect
        self.failed: BaseException | None = None
        self.pid = os.getpid()
        self._after_commit: list[Hook] = []
        self._after_rollback: list[Hook] = []

    def execute(self, statement: sa.Executable | str, parameters: Any = None) -> sa.CursorResult[Any]:
        """Run a Core statement, or a text in the driver's own style; errors come out as ours."""
        try:
            if isinstance(statement, str):
                return self.connection.exec_driver_sql(statement, parameters)
            return cast("sa.CursorResult[Any]", self.connection.execute(statement, parameters))
        except sa.exc.SQLAlchemyError as error:
            raise self.dialect.translate(error) from error

    def run(self, sql: str, parameters: Any = ()) -> Rows:
        """Run a text in the driver's own style, the short way."""
        try:
            return statements.execute(self.connection, sql, parameters)
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise self.dialect.translate(error) from error

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a text in the driver's own style once for each row of parameters."""
        try:
            statements.execute_many(self.connection, sql, rows)
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise self.dialect.translate(error) from error

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done inside if it raises, so that the rest of the transaction can go on."""
        failed, commits, rollbacks = self.failed, len(self._after_commit), len(self._after_rollback)
        self.execute("SAVEPOINT inner_part")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK TO SAVEPOINT inner_part")
            self.execute("RELEASE SAVEPOINT inner_part")
            self.failed = failed
            undone = self._after_rollback[rollbacks:]
            del self._after_commit[commits:], self._after_rollback[rollbacks:]
            _run(reversed(undone))
            raise
        self.execute("RELEASE SAVEPOINT inner_part")

    def after_commit(self, hook: Hook) -> None:
        """Call `hook` when this is committed; it cannot undo the commit, its errors are logged."""
        self._after_commit.append(hook)

    def after_rollback(self, hook: Hook) -> None:
        """Call `hook` when this is rolled back."""
        self._after_rollback.append(hook)

    def run_hooks(self, committed: bool) -> None:
        """Run the hooks for the end that came; the last registered is undone first."""
        _run(self._after_commit if committed else reversed(self._after_rollback))


def _run(hooks: Iterable[Hook]) -> None:
    for hook in hooks:
        try:
            hook()
        except Exception:
            LOGGER.exception("a hook after the end of a transaction failed")


class CommitUnknown(exceptions.UnreachableStorage):
    """The connection broke while a transaction was being committed: it may have been, or not. Look before you repeat it."""
