"""The facts in which SQLite and PostgreSQL differ, and the translation of rows to records and back.

Hot statements are plain SQL texts made once per (table, number of rows) and run through ``exec_driver_sql``: that is
three times quicker than compiling Core expressions, and the driver keeps the prepared statement. Whatever is not hot is
Core.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from aiida.common import exceptions
from aiida.graph.records import Row
from aiida.storage.schema import TABLES
from aiida.storage.types import Moment, Uuid

Convert = Callable[[Any], Any]

_encoder = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_make_encoder = getattr(json.encoder, "c_make_encoder", None)
# The encoder in C, made once and not per value. It does not look for circles: what contains itself ends in a RecursionError.
_chunks: Any = (
    _make_encoder(None, _encoder.default, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, False)
    if _make_encoder
    else _encoder.iterencode
)
_read_json = msgspec.json.decode


def to_json(value: Any) -> str:
    """Return `value` as JSON text; not-a-number is refused, as no database can query it."""
    return "".join(_chunks(value, 0)) if value or value != {} else "{}"  # two of three JSON columns are empty, most of the time


def from_json(text: str | bytes) -> Any:
    """Read JSON text of a column, also what a lenient writer left there (NaN, a lone surrogate)."""
    try:
        return _read_json(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return json.loads(text)


class db_now(FunctionElement[float]):
    """The database's clock in seconds since 1970, moving inside a transaction: ``select(db_now())``."""

    type = sa.Double()
    inherit_cache = True


SQLITE_NOW = "((julianday('now') - 2440587.5) * 86400.0)"
POSTGRESQL_NOW = "extract(epoch FROM clock_timestamp())::float8"


@compiles(db_now, "sqlite")
def _sqlite_now(element: db_now, compiler: Any, **_: Any) -> str:
    return SQLITE_NOW


@compiles(db_now, "postgresql")
def _postgresql_now(element: db_now, compiler: Any, **_: Any) -> str:
    return POSTGRESQL_NOW


def _as_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _moment_to_text(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:-6]  # without +00:00


def _moment_from_text(value: str | datetime) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Codec:
    """How the rows of one kind are written to and read from one database."""

    def __init__(self, kind: type[Row], dialect: Dialect) -> None:
        self.kind = kind
        self.table = TABLES[kind]
        self.columns = tuple(kind.__struct_fields__)
        self.column_list = ", ".join(f'"{name}"' for name in self.columns)
        self.bound_list = ", ".join(f'"{name}"' for name in self.columns[1:])
        pairs = [(position, dialect.converters(self.table.c[name])) for position, name in enumerate(self.columns)]
        self._write = tuple((at, write) for at, (write, _) in pairs if write)
        self._read = tuple((at, read) for at, (_, read) in pairs if read)
        self._by_name = {name: dialect.converters(self.table.c[name])[0] for name in self.columns}

    def encode(self, row: Row) -> list[Any]:
        """Return the driver's values of all columns, the id first."""
        values = list(msgspec.structs.astuple(row))
        for at, convert in self._write:
            if values[at] is not None:
                values[at] = convert(values[at])
        return values

    def converter(self, columns: Sequence[str]) -> Callable[[list[Any]], list[Any]]:
        """Return what makes values of these columns, in this order, those of the driver, in place."""
        writes = [(at, write) for at, name in enumerate(columns) if (write := self._by_name[name])]

        def convert(values: list[Any]) -> list[Any]:
            for at, write in writes:
                if values[at] is not None:
                    values[at] = write(values[at])
            return values

        return convert

    def encode_value(self, name: str, value: Any) -> Any:
        """Return the driver's value of one column."""
        try:
            convert = self._by_name[name]
        except KeyError:
            raise ValueError(f"{name!r} is not a column of {self.table.name}: {', '.join(self.columns)}") from None
        return value if value is None or convert is None else convert(value)

    def decode(self, values: Sequence[Any]) -> Row:
        """Return the record of a row selected with `column_list`."""
        got = list(values)
        for at, convert in self._read:
            if got[at] is not None:
                got[at] = convert(got[at])
        return self.kind(**dict(zip(self.columns, got, strict=True)))


class Dialect:
    """What a store must know about its database; one frozen instance per database."""

    name: str
    mark: str
    now: str
    unindexed = ""  # before a column: not to be looked up in its index, where the planner would guess wrong
    max_rows = 10_000
    concurrent_writers: bool

    def converters(self, column: sa.Column[Any]) -> tuple[Convert | None, Convert | None]:
        """Return the functions to the driver and back, for a value that is not None."""
        raise NotImplementedError

    @cache  # noqa: B019 - there are two dialects, and they live for ever
    def codec(self, kind: type[Row]) -> Codec:
        """Return the codec of a kind of row."""
        return Codec(kind, self)

    @lru_cache(maxsize=1024)  # noqa: B019
    def insert_sql(self, kind: type[Row], count: int, with_id: bool = False) -> str:
        """Return the statement that inserts `count` rows and returns their ids."""
        codec = self.codec(kind)
        names, width = (codec.column_list, len(codec.columns)) if with_id else (codec.bound_list, len(codec.columns) - 1)
        one = f"({', '.join([self.mark] * width)})"
        return f"INSERT INTO {codec.table.name} ({names}) VALUES {', '.join([one] * count)} RETURNING id"

    @lru_cache(maxsize=1024)  # noqa: B019
    def update_sql(self, kind: type[Row], names: tuple[str, ...]) -> str:
        """Return the statement that sets the columns `names` of the row with a given id."""
        pairs = ", ".join(f'"{name}" = {self.mark}' for name in names)
        return f"UPDATE {self.codec(kind).table.name} SET {pairs} WHERE id = {self.mark}"

    @lru_cache(maxsize=1024)  # noqa: B019
    def select_sql(self, kind: type[Row], conditions: tuple[tuple[str, bool], ...]) -> str:
        """Return the statement that selects rows by equality; a condition is (column, whether it is NULL)."""
        codec = self.codec(kind)
        tests = [f'"{name}" IS NULL' if null else f'"{name}" = {self.mark}' for name, null in conditions]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return f"SELECT {codec.column_list} FROM {codec.table.name}{where} ORDER BY id"

    def among(self, column: str, values: Iterable[int]) -> tuple[str, Any]:
        """Return a condition with ONE parameter that says that `column` is among `values`: the text stays constant."""
        raise NotImplementedError

    def merge_sql(self, removed: int, patched: int, names: tuple[str, ...]) -> str:
        """Return the statement that merges top-level keys into a node's attributes."""
        raise NotImplementedError

    def merge_parameters(self, patch: dict[str, Any], remove: Sequence[str]) -> list[Any] | None:
        """Return the parameters of the attributes part of `merge_sql`, None if a key cannot be said in it."""
        raise NotImplementedError

    def translate(self, error: Exception) -> Exception:
        """Return the exception of our tree that says what an error of the driver (or one wrapped by SQLAlchemy) means."""
        driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if type(driver).__name__ in _INTEGRITY or isinstance(error, sa.exc.IntegrityError):
            return exceptions.IntegrityError(str(driver).strip())
        lost = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
        return self.translate_driver(driver, lost) or error if isinstance(driver, Exception) else error

    def translate_driver(self, error: Exception, lost: bool) -> Exception | None:
        """Translate what is particular to the driver; `lost` if the connection is known to be broken."""
        raise NotImplementedError


# Names of the driver's classes for a broken constraint; psycopg has one for each kind.
_INTEGRITY = frozenset(
    ("IntegrityError", "UniqueViolation", "ForeignKeyViolation", "NotNullViolation", "RestrictViolation", "CheckViolation")
)


DAMAGED = "Restore it from a backup, or save what can be read into a new file with `sqlite3 FILE .recover | sqlite3 NEW`"


class SqliteDialect(Dialect):
    """SQLite: uuid, moment and JSON are text; one writer at a time."""

    name = "sqlite"
    mark = "?"
    now = SQLITE_NOW
    unindexed = "+"
    concurrent_writers = False

    def converters(self, column: sa.Column[Any]) -> tuple[Convert | None, Convert | None]:
        if isinstance(column.type, sa.JSON):
            return to_json, from_json
        if isinstance(column.type, Moment):
            return _moment_to_text, _moment_from_text
        if isinstance(column.type, sa.Boolean):
            return int, bool
        return None, None

    def among(self, column: str, values: Iterable[int]) -> tuple[str, Any]:
        return f"{column} IN (SELECT value FROM json_each(?))", to_json(list(values))

    @lru_cache(maxsize=1024)  # noqa: B019
    def merge_sql(self, removed: int, patched: int, names: tuple[str, ...]) -> str:
        value = "coalesce(attributes, '{}')"
        if removed:
            value = f"json_remove({value}{', ?' * removed})"
        if patched:
            value = f"json_set({value}{', ?, json(?)' * patched})"
        pairs = "".join(f', "{name}" = ?' for name in names)
        return f"UPDATE db_dbnode SET attributes = {value}{pairs} WHERE id = ?"

    def merge_parameters(self, patch: dict[str, Any], remove: Sequence[str]) -> list[Any] | None:
        if any('"' in key or "\\" in key for key in (*patch, *remove)):
            return None  # a JSON path has no escape for these; the store reads, changes and writes instead
        found: list[Any] = [f'$."{key}"' for key in remove]
        for key, value in patch.items():
            found += (f'$."{key}"', to_json(value))
        return found

    def translate_driver(self, error: Exception, lost: bool) -> Exception | None:
        text = str(error)
        if "locked" in text or "busy" in text:
            return exceptions.StorageBusy(f"the database is kept locked by another process ({text}); try again")
        if "readonly" in text:
            return exceptions.ModificationNotAllowed(f"the database cannot be written: {text}")
        if "disk is full" in text or "disk I/O error" in text or "unable to open" in text:
            return exceptions.UnreachableStorage(f"the database file cannot be used: {text}")
        if ("malformed" in text and "JSON" not in text) or "not a database" in text:
            return exceptions.CorruptStorage(f"the database file is damaged: {text}. {DAMAGED}")
        return None


class PostgresDialect(Dialect):
    """PostgreSQL through psycopg: JSONB, timestamptz, uuid; many writers."""

    name = "postgresql"
    mark = "%s"
    now = POSTGRESQL_NOW
    concurrent_writers = True

    # Worth another try of the same transaction: deadlock, serialisation failure, lock time-out.
    _TRANSIENT = ("40P01", "40001", "55P03")

    def converters(self, column: sa.Column[Any]) -> tuple[Convert | None, Convert | None]:
        if isinstance(column.type, sa.JSON):
            return to_json, None
        if isinstance(column.type, Moment):
            return _as_utc, _as_utc
        if isinstance(column.type, Uuid):
            return None, str
        return None, None

    def among(self, column: str, values: Iterable[int]) -> tuple[str, Any]:
        return f"{column} = ANY(%s)", list(values)

    @lru_cache(maxsize=1024)  # noqa: B019
    def merge_sql(self, removed: int, patched: int, names: tuple[str, ...]) -> str:
        value = "coalesce(attributes, '{}'::jsonb)"
        if removed:
            value = f"({value} - %s::text[])"
        if patched:
            value = f"({value} || %s::jsonb)"
        pairs = "".join(f', "{name}" = %s' for name in names)
        return f"UPDATE db_dbnode SET attributes = {value}{pairs} WHERE id = %s"

    def merge_parameters(self, patch: dict[str, Any], remove: Sequence[str]) -> list[Any] | None:
        found: list[Any] = [list(remove)] if remove else []
        return [*found, to_json(patch)] if patch else found

    def translate_driver(self, error: Exception, lost: bool) -> Exception | None:
        code = getattr(error, "sqlstate", None) or ""
        text = str(error).strip()
        if code in self._TRANSIENT:
            return exceptions.StorageBusy(f"another transaction was in the way ({text}); try again")
        # 08: connection; 53: no room for another session, or on the disk; 57P: ended by the administrator; 25P03: idle in a
        # transaction for too long.
        broken = not code and type(error).__name__ in ("OperationalError", "InterfaceError")
        if lost or broken or code[:2] in ("08", "53") or code[:3] == "57P" or code == "25P03":
            return exceptions.UnreachableStorage(f"the connection to PostgreSQL broke: {text}")
        return None


SQLITE = SqliteDialect()
POSTGRESQL = PostgresDialect()
