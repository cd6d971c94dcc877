"""Records in, records out, one transaction at a time.

All writes go through `Store.transaction()`; a write outside of one opens its own. On SQLite it begins with BEGIN
IMMEDIATE, always, as a deferred transaction that upgrades may fail at once and cannot be waited for. An inner
transaction joins the outer one: there is one commit, at the outermost exit, and if any inner one failed there is none.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from aiida.common import exceptions
from aiida.graph.records import AnyRow, NodeRow, Row, SettingRow, utc_now
from aiida.storage import limits, statements
from aiida.storage.connections import ConnectionPool
from aiida.storage.dialect import Dialect
from aiida.storage.inserting import insert_values, insert_with_ids
from aiida.storage.query.execution import Execution
from aiida.storage.schema import OF_PROCESS
from aiida.storage.transaction import CommitUnknown, Transaction

if TYPE_CHECKING:
    from aiida.common.profile import Profile
    from aiida.graph.queryspec import QuerySpec
    from aiida.repository.objects import ObjectStore

# What refers to a node, in an order that violates no constraint.
_CONNECTIONS = (
    ("db_dbgroup_dbnodes", "dbnode_id"),
    ("db_dblink", "input_id"),
    ("db_dblink", "output_id"),
    ("db_dbcomment", "dbnode_id"),
    ("db_dblog", "dbnode_id"),
)


class Store:
    """Rows and journals of one profile, in one database."""

    profile: Profile
    repository: ObjectStore
    read_only = False
    in_memory = False

    def __init__(self, profile: Profile, dialect: Dialect) -> None:
        self.profile = profile
        self.dialect = dialect
        self._pool = ConnectionPool(self._open_connection, one_writer=not dialect.concurrent_writers)
        self._local = threading.local()
        self.commits = 0  # for budgets; exact enough without a lock

    # What the database in question must say.

    def _open_connection(self, write: bool) -> sa.Connection:
        """Open a connection in autocommit mode."""
        raise NotImplementedError

    def _begin(self, connection: sa.Connection) -> None:
        """Begin a write; wait if the database is busy, but not for ever."""
        self._control(connection, "BEGIN")

    def _control(self, connection: sa.Connection, command: str) -> None:
        """Begin or end a transaction: straight on the driver's connection, for these are most of a small write's calls."""
        driver: Any = connection.connection.dbapi_connection
        try:
            driver.execute(command)
        except Exception as error:
            raise self.dialect.translate(error) from error

    def _refuse_write(self) -> Exception:
        """Return the error for a write to a store that is read-only."""
        return exceptions.ModificationNotAllowed(f"{self} is read-only")

    # Transactions.

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._pool.closed

    def close(self) -> None:
        """Release the database; using the store afterwards is an error."""
        self._pool.close()

    @property
    def current_transaction(self) -> Transaction | None:
        """The open transaction of this thread; the child of a fork has none, whatever its parent was doing."""
        transaction: Transaction | None = getattr(self._local, "transaction", None)
        return transaction if transaction is not None and transaction.pid == os.getpid() else None

    @property
    def in_transaction(self) -> bool:
        """Whether this thread has an open transaction."""
        return self.current_transaction is not None

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write: begin a transaction, or join the one that is open in this thread."""
        outer = self.current_transaction
        if outer is not None:
            try:
                yield outer
            except BaseException as error:
                outer.failed = error
                raise
            return
        if self.read_only:
            raise self._refuse_write()
        transaction = Transaction(self._take_writer(), self.dialect)
        self._local.transaction = transaction
        committed = False
        try:
            yield transaction
            self._commit(transaction)
            committed = True
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise self.dialect.translate(error) from error
        finally:
            self._local.transaction = None
            if transaction.pid == os.getpid():  # else we are the child of a fork: this is the parent's transaction
                if not committed:
                    self._rollback(transaction.connection)
                self._pool.give_writer(transaction.connection)
                transaction.run_hooks(committed)

    def _take_writer(self) -> sa.Connection:
        connection = self._pool.take_writer()
        try:
            self._begin(connection)
        except BaseException as error:
            connection.invalidate()
            self._pool.give_writer(connection)
            if isinstance(error, exceptions.UnreachableStorage):
                return self._take_writer_anew()
            raise
        return connection

    def _take_writer_anew(self) -> sa.Connection:
        """The server ended an idle connection, for instance by a restart: nothing was begun, so try a fresh one."""
        self._pool.close_idle()
        connection = self._pool.take_writer()
        try:
            self._begin(connection)
        except BaseException:
            connection.invalidate()
            self._pool.give_writer(connection)
            raise
        return connection

    def _commit(self, transaction: Transaction) -> None:
        if transaction.failed is not None:
            raise exceptions.InvalidOperation(
                "a part of this transaction failed, so the whole is rolled back; let the error pass, "
                "or use savepoint() around the part"
            ) from transaction.failed
        if transaction.pid != os.getpid():
            raise exceptions.InvalidOperation("this transaction was begun before a fork, by the parent; it cannot be committed here")
        try:
            self._control(transaction.connection, "COMMIT")
        except exceptions.UnreachableStorage as error:
            raise CommitUnknown(f"it is not known whether a transaction was committed: {error}") from error
        self.commits += 1

    def _rollback(self, connection: sa.Connection) -> None:
        try:
            self._control(connection, "ROLLBACK")
        except Exception:
            connection.invalidate()  # the database ended it already, or the connection is of no more use

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read: the connection of this thread's open transaction, else one borrowed for the while."""
        transaction = self.current_transaction
        if transaction is not None:
            yield transaction.connection
            return
        connection = self._pool.take_reader()
        try:
            yield connection
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise self.dialect.translate(error) from error
        finally:
            self._pool.give_reader(connection)

    # Rows.

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert rows of one kind; sets their ids. Ids that are set already (all of them, or none) are kept."""
        if not rows:
            return
        kind = type(rows[0])
        encode = self.dialect.codec(kind).encode
        with_id = rows[0].id is not None
        size = self.dialect.max_rows
        with self.transaction() as transaction:
            for start in range(0, len(rows), size):
                chunk = rows[start : start + size]
                if with_id:
                    insert_with_ids(transaction, kind, [encode(row) for row in chunk])
                    continue
                ids = insert_values(transaction, kind, [encode(row)[1:] for row in chunk])
                for row, id in zip(chunk, ids, strict=True):
                    row.id = id
            if not with_id:
                transaction.after_rollback(lambda: _forget_ids(rows))

    def update(self, kind: type[Row], id: int, **columns: Any) -> None:
        """Set columns of a row; NotExistent if the row is gone."""
        codec = self.dialect.codec(kind)
        values = [codec.encode_value(name, value) for name, value in columns.items()]
        with self.transaction() as transaction:
            count = transaction.run(self.dialect.update_sql(kind, tuple(columns)), (*values, id)).rowcount
        _expect_one(count, kind, id)

    def merge_attributes(
        self, node_id: int, patch: dict[str, Any], *, remove: Sequence[str] = (), **columns: Any
    ) -> None:
        """Set and remove top-level attributes of a node, and other columns, in one statement."""
        codec = self.dialect.codec(NodeRow)
        columns.setdefault("mtime", utc_now())
        values = [codec.encode_value(name, value) for name, value in columns.items()]
        parameters = self.dialect.merge_parameters(patch, remove)
        with self.transaction() as transaction:
            if parameters is None:
                count = self._rewrite_attributes(node_id, patch, remove, columns)
            else:
                sql = self.dialect.merge_sql(len(remove), len(patch), tuple(columns))
                count = transaction.run(sql, (*parameters, *values, node_id)).rowcount
        # Outside: that nothing was there to change spoils no transaction that this one is a part of.
        _expect_one(count, NodeRow, node_id)

    def merge_attributes_of(self, node_ids: Sequence[int], patch: dict[str, Any], *, remove: Sequence[str] = ()) -> None:
        """The same for several nodes: one statement."""
        parameters = self.dialect.merge_parameters(patch, remove)
        if parameters is None:
            raise ValueError(f"these names cannot be set for several nodes at once: {[*patch, *remove]}")
        mtime = self.dialect.codec(NodeRow).encode_value("mtime", utc_now())
        sql = self.dialect.merge_sql(len(remove), len(patch), ("mtime",))
        condition, among = self.dialect.among("id", node_ids)
        with self.transaction() as transaction:
            transaction.run(sql.replace(f"id = {self.dialect.mark}", condition), (*parameters, mtime, among))

    def _rewrite_attributes(
        self, node_id: int, patch: dict[str, Any], remove: Sequence[str], columns: dict[str, Any]
    ) -> int:
        found = self.find(NodeRow, id=node_id)
        for row in found:
            kept = {key: value for key, value in row.attributes.items() if key not in remove}
            self.update(NodeRow, node_id, attributes={**kept, **patch}, **columns)
        return len(found)

    def delete(self, kind: type[Row], ids: Iterable[int]) -> int:
        """Delete rows by id and return how many there were."""
        return self.delete_rows(kind, ids)

    def delete_rows(self, kind: type[Row], ids: Iterable[int]) -> int:
        """Delete rows by id and return how many there were."""
        table = self.dialect.codec(kind).table.name
        condition, parameter = self.dialect.among("id", ids)
        with self.transaction() as transaction:
            return transaction.execute(f"DELETE FROM {table} WHERE {condition}", (parameter,)).rowcount

    def get(self, kind: type[AnyRow], id: int) -> AnyRow:
        """Return the row with this id; NotExistent if there is none."""
        found = self.find(kind, id=id)
        if not found:
            raise exceptions.NotExistent(f"{_describe(kind)} with id {id} does not exist")
        return found[0]

    def find(self, kind: type[AnyRow], **equal: Any) -> list[AnyRow]:
        """Return the rows whose columns have these values, by id."""
        codec = self.dialect.codec(kind)
        conditions = tuple((name, value is None) for name, value in equal.items())
        values = tuple(codec.encode_value(name, value) for name, value in equal.items() if value is not None)
        with self.reading() as connection:
            rows = statements.execute(connection, self.dialect.select_sql(kind, conditions), values)
            return cast("list[AnyRow]", [codec.decode(row) for row in rows])

    def fetch(self, kind: type[AnyRow], ids: Iterable[int]) -> dict[int, AnyRow]:
        """Return the rows with these ids that exist."""
        codec = self.dialect.codec(kind)
        condition, parameter = self.dialect.among("id", ids)
        with self.reading() as connection:
            rows = statements.execute(
                connection, f"SELECT {codec.column_list} FROM {codec.table.name} WHERE {condition}", (parameter,)
            )
            return {row[0]: cast("AnyRow", codec.decode(row)) for row in rows}

    def limit_members(self, group_uuid: str, nodes: Sequence[int]) -> None:
        """A limit on a group concerns processes that come and go while they wait."""
        with self.transaction() as transaction:
            if limits.concerns_group(transaction.connection, group_uuid):
                limits.apply(self, transaction, nodes)

    def get_setting(self, key: str) -> Any:
        """Return a value of the profile; KeyError if it was never set."""
        found = self.find(SettingRow, key=key)
        if not found:
            raise KeyError(key)
        return found[0].val

    def has_setting(self, key: str) -> bool:
        """Return whether a value of the profile was set."""
        return bool(self.find(SettingRow, key=key))

    def set_setting(self, key: str, value: Any, description: str | None = None) -> None:
        """Set a value of the profile."""
        with self.transaction():
            found = self.find(SettingRow, key=key)
            if not found:
                self.insert([SettingRow(key=key, val=value, description=description or "")])
                return
            more = {} if description is None else {"description": description}
            self.update(SettingRow, cast("int", found[0].id), val=value, time=utc_now(), **more)

    def delete_nodes(self, ids: Iterable[int]) -> None:
        """Delete nodes with their links, memberships, comments, logs and journals; refuses processes that are alive."""
        ids = list(ids)
        with self.transaction() as transaction:
            condition, parameter = self.dialect.among("process", ids)
            alive = [row[0] for row in transaction.execute(f"SELECT process FROM task WHERE {condition}", (parameter,))]
            if alive:
                raise exceptions.InvalidOperation(
                    f"cannot delete processes that have not ended: {sorted(alive)[:10]}; kill them first (`verdi process kill`)"
                )
            self.delete_process_rows(ids)
            for table, column in _CONNECTIONS:
                condition, parameter = self.dialect.among(column, ids)
                transaction.execute(f"DELETE FROM {table} WHERE {condition}", (parameter,))
            self.delete_rows(NodeRow, ids)

    def query(self, spec: QuerySpec) -> Execution:
        """Return a query that is compiled and ready to run."""
        return Execution(self, spec)

    def delete_process_rows(self, ids: Iterable[int]) -> None:
        """Delete what our tables hold of these processes."""
        ids = list(ids)
        with self.transaction() as transaction:
            for column in OF_PROCESS:
                condition, parameter = self.dialect.among(column.name, ids)
                transaction.execute(f"DELETE FROM {column.table.name} WHERE {condition}", (parameter,))


def _expect_one(count: int, kind: type[Row], id: int) -> None:
    if count != 1:
        raise exceptions.NotExistent(f"{_describe(kind)} with id {id} is not in the database any more")


def _forget_ids(rows: Sequence[Row]) -> None:
    for row in rows:
        row.id = None


def _describe(kind: type[Row]) -> str:
    return kind.__name__.removesuffix("Row").lower()
