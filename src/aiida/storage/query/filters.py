"""Operators to SQL. The one place where the two databases are told apart for queries, with `columns`.

*Truth.* A comparison of JSON is true or false, never unknown: what is missing or of another type is just not equal, not
smaller, not like; so its negation is true there. Only `contains` and `of_type` know nothing about what is missing, as in
PostgreSQL. Columns follow SQL. Inside a negation comparisons are therefore wrapped in IS TRUE; elsewhere the bare form
is kept, which indexes can use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from aiida.graph.operators import OPERATORS, to_json
from aiida.graph.queryspec import Condition, Connective, Filter
from aiida.storage.query.columns import Document, by_code_points, text_literal
from aiida.storage.types import Moment, Uuid

__all__ = ("Binder", "compile_filters", "is_trivial")

Expression = sa.ColumnElement[Any]
Convert = Callable[[Any], Any]


class Binder:
    """Gives each condition its parameters: named by the number of its operand, so that any query of the shape fits."""

    def __init__(self, filters: tuple[tuple[str, tuple[Filter, ...]], ...]) -> None:
        self._numbers: dict[int, int] = {}
        self._keep = filters  # conditions are told apart by identity
        for _, parts in filters:
            for part in parts:
                self._number(part)
        self.converts: dict[str, tuple[int, Convert | None]] = {}

    def _number(self, part: Filter) -> None:
        if isinstance(part, Connective):
            for one in part.parts:
                self._number(one)
        else:
            self._numbers[id(part)] = len(self._numbers)

    def bind(self, condition: Condition, type_: Any, convert: Convert | None = None, suffix: str = "") -> sa.BindParameter[Any]:
        """Return the parameter for the operand of a condition, converted before it is sent."""
        number = self._numbers[id(condition)]
        name = f"v{number}{suffix}"
        self.converts[name] = (number, convert)
        return sa.bindparam(name, None, type_, unique=False, required=False)


# The types of operands as the database driver gets them; `Moment` and `Uuid` only name PostgreSQL's types here.
_COLUMN_TYPES: dict[str, Any] = {
    "number": sa.BigInteger(),
    "text": sa.String(),
    "uuid": Uuid(),
    "moment": Moment(),
    "boolean": sa.Boolean(),
}


def is_trivial(part: Filter) -> bool:
    """Whether a filter lets every row pass: the type filter of a base class, on a column that is never NULL or may be."""
    return isinstance(part, Condition) and not part.negated and part.operator == "like" and part.operand == "%" and part.field.column in (
        "node_type",
        "type_string",
    )


def compile_filters(parts: tuple[Filter, ...], column_of: Callable[[str], Expression], binder: Binder, dialect: str) -> list[Expression]:
    """Return the conditions that filters mean."""
    compiler = _Compiler(column_of, binder, dialect)
    return [compiler.compile(part, exact=False) for part in parts if not is_trivial(part)]


class _Compiler:
    """Compiles the filters of one vertex or edge."""

    def __init__(self, column_of: Callable[[str], Expression], binder: Binder, dialect: str) -> None:
        self._column_of = column_of
        self._binder = binder
        self._dialect = dialect
        self._is_sqlite = dialect == "sqlite"

    def compile(self, part: Filter, exact: bool) -> Expression:
        """Return the condition; `exact` if it must tell false from unknown."""
        if isinstance(part, Connective):
            inner = [self.compile(one, exact or part.negated) for one in part.parts]
            joined = sa.and_(*inner) if part.connective == "and" else sa.or_(*inner)
            return sa.not_(sa.and_(joined).self_group()) if part.negated else joined
        return self._condition(part, exact)

    def _condition(self, condition: Condition, exact: bool) -> Expression:
        field = condition.field
        column = self._column_of(field.column)
        if not field.is_json:
            found = self._on_column(condition, column)
            return sa.not_(found) if condition.negated else found
        document = Document(column, field.path, self._dialect)
        compare = getattr(self, f"_json_{_METHODS.get(condition.operator, condition.operator)}")
        found = cast("Expression", compare(condition, document))
        if OPERATORS[condition.operator].unknown_when_missing and condition.operand != "null":
            return sa.not_(found) if condition.negated else found
        if condition.negated:
            return found.is_not(sa.true())
        return found.is_(sa.true()) if exact else found

    # -- columns -------------------------------------------------------------------------------------------------------

    def _on_column(self, condition: Condition, column: Expression) -> Expression:
        operator, kind = condition.operator, condition.field.kind
        if operator in ("like", "ilike"):
            text = column if kind == "text" else self._as_text(column, kind)
            return self._like(text, condition)
        if operator == "in":
            return self._column_in(condition, column)
        if condition.operand is None:
            return column.is_(None)
        operand = self._binder.bind(condition, self._operand_type(condition), self._to_driver(kind))
        if kind == "text" and operator != "==":
            column = by_code_points(column, self._dialect)
        return _compare(column, operator, operand)

    def _as_text(self, column: Expression, kind: str) -> Expression:
        if kind == "uuid" and self._is_sqlite:
            return sa.type_coerce(column, sa.String)
        return sa.cast(sa.type_coerce(column, sa.String) if kind == "uuid" else column, sa.String)

    def _operand_type(self, condition: Condition) -> Any:
        kind = condition.field.kind
        if kind == "number" and isinstance(condition.operand, float):
            return sa.Double()
        return _COLUMN_TYPES[kind] if not self._is_sqlite or kind == "number" else sa.String()

    def _to_driver(self, kind: str) -> Convert | None:
        if not self._is_sqlite:
            return None
        return _TO_SQLITE.get(kind)

    def _column_in(self, condition: Condition, column: Expression) -> Expression:
        """Look for the value in ONE parameter, however many there are: the statement stays the same."""
        kind = condition.field.kind
        convert = self._to_driver(kind)

        def to_list(values: list[Any]) -> list[Any]:
            known = [one for one in values if one is not None]
            return [convert(one) for one in known] if convert else known

        if self._is_sqlite:
            operand = self._binder.bind(condition, sa.String(), lambda values: to_json(to_list(values)))
            return column.in_(_json_values(operand))
        if OPERATORS["in"].shape(condition.operand) == "float":
            # psycopg takes lists of one type only.
            operand = self._binder.bind(condition, ARRAY(sa.Double()), lambda values: [float(one) for one in to_list(values)])
        else:
            operand = self._binder.bind(condition, ARRAY(_COLUMN_TYPES[kind]), to_list)
        return column.in_(sa.select(sa.func.unnest(operand).label("value")))

    def _like(self, text: Expression, condition: Condition) -> Expression:
        if condition.operator == "like":
            operand = self._binder.bind(condition, sa.String())
            # Connections of SQLite are set to compare LIKE by case, and know no escape unless told.
            return text.like(operand, escape="\\") if self._is_sqlite else text.like(operand)
        if not self._is_sqlite:
            return text.ilike(self._binder.bind(condition, sa.String()))
        operand = self._binder.bind(condition, sa.String(), str.lower)
        lower = sa.func.lower if condition.operand.isascii() else sa.func.aiida_lower
        return lower(text).like(operand, escape="\\")

    # -- JSON ----------------------------------------------------------------------------------------------------------

    def _json_operand(self, condition: Condition, suffix: str = "") -> Expression:
        """PostgreSQL: the operand as JSONB."""
        return sa.cast(self._binder.bind(condition, sa.String(), to_json, suffix), _Jsonb)

    def _scalar(self, condition: Condition) -> Expression:
        """SQLite: a text or number; one that 64 bits cannot hold is a float there, as it is in JSON that SQLite reads."""
        if isinstance(condition.operand, str):
            return self._binder.bind(condition, sa.String())
        return self._binder.bind(condition, sa.Double(), lambda value: value if abs(value) < 2**63 else float(value))

    def _json_equal(self, condition: Condition, document: Document) -> Expression:
        operand = condition.operand
        if operand is None:
            return sa.false()  # as in PostgreSQL: nothing is equal to nothing; `of_type: 'null'` finds it
        if not self._is_sqlite:
            return document.jsonb() == self._json_operand(condition)
        if isinstance(operand, bool):
            names = {True: "true", False: "false"}
            return document.type() == self._binder.bind(condition, sa.String(), names.__getitem__)
        if isinstance(operand, list | dict):
            return self._call("aiida_json_equals", condition, document) == sa.literal_column("1")
        found = document.value() == self._scalar(condition)
        if isinstance(operand, str):
            return sa.and_(found, document.is_string()) if operand[:1] in ("[", "{") else found
        return sa.and_(found, document.is_number()) if operand in (0, 1) else found

    def _json_ordered(self, condition: Condition, document: Document) -> Expression:
        operand, operator = condition.operand, condition.operator
        if isinstance(operand, str):
            value = document.value() if self._is_sqlite else by_code_points(document.text(), self._dialect)
            found = _compare(value, operator, self._binder.bind(condition, sa.String()))
            return sa.and_(found, document.is_string())
        if isinstance(operand, int | float):
            if self._is_sqlite:
                found = _compare(document.value(), operator, self._scalar(condition))
            else:
                found = _compare(document.jsonb(), operator, self._json_operand(condition))
            return sa.and_(found, document.is_number())
        of_kind = document.is_of("array" if isinstance(operand, list) else "object")
        if self._is_sqlite:
            return sa.and_(of_kind, _compare(self._call("aiida_json_compare", condition, document), operator, sa.literal_column("0")))
        return sa.and_(of_kind, _compare(document.jsonb(), operator, self._json_operand(condition)))

    def _json_like(self, condition: Condition, document: Document) -> Expression:
        text = document.value() if self._is_sqlite else document.text()
        return sa.and_(document.is_string(), self._like(text, condition))

    _json_ilike = _json_like

    def _json_in(self, condition: Condition, document: Document) -> Expression:
        operand = condition.operand
        first = operand[0]
        if first is None:
            return sa.false()
        if not self._is_sqlite:
            values = sa.func.jsonb_array_elements(self._json_operand(condition)).label("value")
            return document.jsonb().in_(sa.select(values))
        if isinstance(first, bool):
            names = self._binder.bind(condition, sa.String(), lambda values: to_json([str(one).lower() for one in values]))
            return document.type().in_(_json_values(names))
        if isinstance(first, list | dict):
            return self._call("aiida_json_among", condition, document) == sa.literal_column("1")
        found = document.value().in_(_json_values(self._binder.bind(condition, sa.String(), to_json)))
        return sa.and_(found, document.is_string() if isinstance(first, str) else document.is_number())

    def _json_has_key(self, condition: Condition, document: Document) -> Expression:
        """A key of an object, or a string that is an element of an array or the value itself."""
        if not self._is_sqlite:
            return document.jsonb().op("?", is_comparison=True)(self._binder.bind(condition, sa.String()))
        key = self._binder.bind(condition, sa.String())
        each = [sa.func.json_each(document._column, text_literal(path)).table_valued("key", "value", "type") for path in document.paths]
        ways = [sa.and_(document.is_string(), document.value() == key)]
        for path, rows in zip(document.paths, each, strict=True):
            is_array = sa.func.json_type(document._column, text_literal(path)) == sa.literal_column("'array'")
            same = sa.exists().where(rows.c.value == key, rows.c.type == sa.literal_column("'text'"))
            ways.append(sa.and_(is_array, same))
            ways.append(self._sqlite_key(condition, document, path, rows, key))
        return sa.or_(*reversed(ways))

    def _sqlite_key(self, condition: Condition, document: Document, path: str, rows: Any, key: Expression) -> Expression:
        if OPERATORS["has_key"].shape(condition.operand):
            is_object = sa.func.json_type(document._column, text_literal(path)) == sa.literal_column("'object'")
            return sa.and_(is_object, sa.exists().where(rows.c.key == key))
        number = document.paths.index(path)

        def to_path(name: str) -> str:
            return f'{path}."{name}"'

        full = self._binder.bind(condition, sa.String(), to_path, suffix=f"_{number}")
        return sa.func.json_type(document._column, full).is_not(None)

    def _json_contains(self, condition: Condition, document: Document) -> Expression:
        if self._is_sqlite:
            return self._call("aiida_json_contains", condition, document) == sa.literal_column("1")
        return document.jsonb().op("@>", is_comparison=True)(self._json_operand(condition))

    def _json_of_type(self, condition: Condition, document: Document) -> Expression:
        name = condition.operand
        return sa.or_(document.type().is_(None), document.is_of("null")) if name == "null" else document.is_of(name)

    def _json_length(self, condition: Condition, document: Document) -> Expression:
        operator = {"of_length": "==", "longer": ">", "shorter": "<"}[condition.operator]
        return _compare(document.length(), operator, self._binder.bind(condition, sa.BigInteger()))

    def _call(self, function: str, condition: Condition, document: Document) -> Expression:
        found: Expression = getattr(sa.func, function)(document.json(), self._binder.bind(condition, sa.String(), to_json))
        return found


_METHODS = {"==": "equal", "<": "ordered", "<=": "ordered", ">": "ordered", ">=": "ordered", "of_length": "length", "longer": "length", "shorter": "length"}


class _PlainJsonb(JSONB):
    """JSONB whose operands are JSON text already."""

    cache_ok = True
    __visit_name__ = "JSONB"


_Jsonb = _PlainJsonb()

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _compare(left: Any, operator: str, right: Any) -> Expression:
    found: Expression = _COMPARE[operator](left, right)
    return found


def _json_values(operand: Expression) -> Any:
    return sa.select(sa.func.json_each(operand).table_valued("value").c.value)


def _moment_to_text(value: Any) -> str:
    return str(value.replace(tzinfo=None).isoformat(" ", "microseconds"))


# SQLite keeps moments as text and booleans as numbers.
_TO_SQLITE: dict[str, Convert] = {"moment": _moment_to_text, "boolean": int}
