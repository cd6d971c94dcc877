"""Compiled queries, kept by their shape: what differs between two queries of one shape are parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry

from aiida.graph.queryspec import QuerySpec, find_shape
from aiida.storage.dialect import Dialect
from aiida.storage.query.common_types import find_common_type
from aiida.storage.query.compile import Compiler, Convert, Slot
from aiida.storage.query.filters import is_trivial

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("Plan", "Text", "find_plan")

_MAX_PLANS = 1024


@cache
def _core_dialect(name: str) -> sa.Dialect:
    """Return Core's dialect that writes the SQL."""
    driver = {"sqlite": "sqlite.pysqlite", "postgresql": "postgresql.psycopg"}[name]
    dialect: sa.Dialect = registry.load(driver)()
    return dialect


class Text:
    """A statement as the driver takes it, and where its parameters come from."""

    __slots__ = ("constants", "names", "positional", "sources", "sql")

    def __init__(self, statement: Any, dialect: str, converts: dict[str, tuple[int, Convert | None]]) -> None:
        compiled = statement.compile(dialect=_core_dialect(dialect))
        self.sql = str(compiled)
        self.positional = bool(compiled.positional)
        self.names: list[str] = list(compiled.positiontup if self.positional else compiled.params)
        self.sources = [converts.get(name) for name in self.names]
        # Where Core made a parameter of a constant.
        self.constants = {name: value for name, value in compiled.params.items() if name not in converts}

    def parameters(self, operands: list[Any], bounds: dict[str, int]) -> Any:
        """Return the parameters for these operands."""
        values = [
            bounds.get(name, self.constants.get(name)) if source is None else operands[source[0]] if source[1] is None else source[1](operands[source[0]])
            for name, source in zip(self.names, self.sources, strict=True)
        ]
        return tuple(values) if self.positional else dict(zip(self.names, values, strict=True))


class Plan:
    """A compiled shape."""

    def __init__(self, spec: QuerySpec, dialect: Dialect, common: str | None) -> None:
        compiler = Compiler(spec, dialect, common)
        self._dialect = dialect.name
        self._rows, self._count, self.slots = compiler.select()
        self._converts = compiler.binder.converts
        self._has_order = bool(spec.order_by)
        self._texts: dict[tuple[bool, bool, bool], Text] = {}
        self.labels = [slot.label for slot in self.slots]
        self.entities = [(at, slot.base) for at, slot in enumerate(self.slots) if slot.base is not None]
        self.read = _make_reader(self.slots)

    def text(self, limited: bool, skipping: bool, counting: bool) -> Text:
        """Return the statement, with or without bounds."""
        key = (limited, skipping, counting)
        if key not in self._texts:
            self._texts[key] = Text(self._statement(*key), self._dialect, self._converts)
        return self._texts[key]

    def _statement(self, limited: bool, skipping: bool, counting: bool) -> Any:
        if counting and not (limited or skipping):
            return self._count
        statement = self._rows
        if limited:
            statement = statement.limit(sa.bindparam("row_limit", None, sa.BigInteger(), required=False))
        if skipping:
            statement = statement.offset(sa.bindparam("row_offset", None, sa.BigInteger(), required=False))
        return sa.select(sa.func.count()).select_from(statement.order_by(None).subquery()) if counting else statement


def _make_reader(slots: list[Slot]) -> Callable[[Any], list[Any]]:
    """Return the function that makes a result row of a row of the database."""
    if all(slot.width == 1 and slot.convert is None for slot in slots):
        return list
    if all(slot.width == 1 for slot in slots):
        converts = [(at, slot.convert) for at, slot in enumerate(slots) if slot.convert is not None]

        def read_values(raw: Any) -> list[Any]:
            row = list(raw)
            for at, convert in converts:
                if row[at] is not None:
                    row[at] = convert(row[at])
            return row

        return read_values
    if len(slots) == 1:
        decode = slots[0].convert

        def read_entity(raw: Any) -> list[Any]:
            return [None if raw[0] is None else decode(raw)]  # type: ignore[misc]

        return read_entity

    def read(raw: Any) -> list[Any]:
        row: list[Any] = []
        start = 0
        for slot in slots:
            value = raw[start] if slot.width == 1 else raw[start : start + slot.width]
            start += slot.width
            if slot.width > 1:
                row.append(None if value[0] is None else slot.convert(value))  # type: ignore[misc]
            else:
                row.append(value if value is None or slot.convert is None else slot.convert(value))
        return row

    return read


_plans: dict[tuple[str, Any], Plan] = {}
_lock = Lock()


def find_plan(spec: QuerySpec, store: Store) -> tuple[Plan, list[Any]]:
    """Return the plan for a query, compiled now or before, and the operands that go with it."""
    shape, operands = find_shape(spec)
    trivial = tuple(is_trivial(part) for _, parts in spec.filters for part in parts)
    common = find_common_type(spec, store) if spec.order_by and store.dialect.name == "sqlite" else None
    key = (store.dialect.name, (shape, trivial, common))
    plan = _plans.get(key)
    if plan is None:
        plan = Plan(spec, store.dialect, common)
        with _lock:
            if len(_plans) >= _MAX_PLANS:
                _plans.clear()
            _plans[key] = plan
    return plan, operands
