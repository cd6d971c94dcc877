"""JSON in SQL, for both databases: a place inside a document, its type, and its value cast to a type.

Everything here gives the same on SQLite and PostgreSQL. SQLite reads `true` as 1 and arrays as text, so types are asked
for there; PostgreSQL fails where a cast does not fit, so types are asked for there too: what does not fit is NULL.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import sqlalchemy as sa

from aiida.graph.queryspec import Field

__all__ = ("Document", "cast_value", "field_value", "order_keys", "text_literal", "without_index")

_INDEX = re.compile(r"-?\d+\Z")
# A moment as ISO text, and its offset from UTC.
_MOMENT = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$"
_ZONE = r"(Z|[+-]\d\d:\d\d)$"

Expression = sa.ColumnElement[Any]


def text_literal(text: str) -> Expression:
    """Return a text as part of the SQL, so that the statement is one for the database's eyes and indexes apply."""
    quoted = text.replace("'", "''")
    return sa.literal_column(f"'{quoted}'", sa.String)


_name = text_literal
_SQLITE_TYPES = {"string": ("text",), "number": ("integer", "real"), "boolean": ("true", "false")}


def _sqlite_paths(path: tuple[str, ...]) -> list[str]:
    """Return the JSON paths that a dotted name can mean: a number is an index of an array or a key of an object."""
    options = []
    for part in path:
        if '"' in part or "\\" in part:
            raise ValueError(f"the key {part!r} cannot be queried on SQLite, whose JSON paths have no escape for it")
        forms = [f'."{part}"']
        if _INDEX.match(part):
            forms.append(f"[#{part}]" if part.startswith("-") else f"[{part}]")
        options.append(forms)
    return ["$" + "".join(forms) for forms in itertools.product(*options)]


class Document:
    """A place inside a JSON column."""

    def __init__(self, column: Expression, path: tuple[str, ...], dialect: str) -> None:
        self.column = column
        self.path = path
        self.is_sqlite = dialect == "sqlite"
        if self.is_sqlite:
            self.paths = _sqlite_paths(path)
            # Core must not read the column as JSON: that would bind operands as JSON too.
            self._column = sa.type_coerce(column, sa.String)

    def _each(self, make: Any) -> Expression:
        forms = [make(text_literal(path)) for path in self.paths]
        return forms[0] if len(forms) == 1 else sa.func.coalesce(*forms)

    def value(self) -> Expression:
        """SQLite: the value as SQL has it (arrays and objects as text, booleans as numbers)."""
        return self._each(lambda path: sa.func.json_extract(self._column, path))

    def type(self) -> Expression:
        """SQLite: the type by SQLite's name, NULL if there is no such place. PostgreSQL: the type by its JSON name."""
        if self.is_sqlite:
            return self._each(lambda path: sa.func.json_type(self._column, path))
        return sa.func.jsonb_typeof(self.jsonb())

    def json(self) -> Expression:
        """Return the value as JSON: text on SQLite, JSONB on PostgreSQL."""
        if self.is_sqlite:
            return self._each(self._column.op("->"))
        return self.jsonb()

    def jsonb(self) -> Expression:
        """PostgreSQL: the value."""
        column = sa.type_coerce(self.column, sa.String)
        return column.op("#>", precedence=9)(self._postgres_path()) if self.path else column

    def text(self) -> Expression:
        """Return a string without its quotes, anything else as JSON text."""
        if self.is_sqlite:
            return sa.case((self.type() == _name("text"), self.value()), (self.type() == _name("null"), None), else_=self.json())
        return sa.type_coerce(self.column, sa.String).op("#>>", precedence=9)(self._postgres_path())

    def length(self) -> Expression:
        """Return the length of an array, NULL for anything else."""
        if self.is_sqlite:
            length = self._each(lambda path: sa.func.json_array_length(self._column, path))
            return sa.case((self.type() == _name("array"), length))
        return sa.case((self.type() == _name("array"), sa.func.jsonb_array_length(self.jsonb())))

    def _postgres_path(self) -> Expression:
        parts = ('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in self.path)
        return text_literal("{" + ",".join(parts) + "}")

    def is_number(self) -> Expression:
        """Whether the value is a number."""
        return self.is_of("number")

    def is_string(self) -> Expression:
        """Whether the value is a string."""
        return self.is_of("string")

    def is_boolean(self) -> Expression:
        """Whether the value is true or false."""
        return self.is_of("boolean")

    def is_of(self, name: str) -> Expression:
        """Whether the value is of a type, by its JSON name; unknown if there is no such place."""
        return self._is(name, _SQLITE_TYPES.get(name, (name,)))

    def _is(self, name: str, on_sqlite: tuple[str, ...]) -> Expression:
        if not self.is_sqlite:
            return self.type() == _name(name)
        return self.type() == _name(on_sqlite[0]) if len(on_sqlite) == 1 else self.type().in_([_name(one) for one in on_sqlite])


# --- casts ------------------------------------------------------------------------------------------------------------


def cast_value(document: Document, cast: str) -> Expression:
    """Return a JSON value as a number (`i`, `f`), text (`t`), boolean (`b`), moment (`d`), or as it is (`j`)."""
    return _CASTS[cast](document)


def _as_integer(document: Document) -> Expression:
    """Whole part of a number that 64 bits can hold."""
    low: Expression = sa.literal_column("-9223372036854775808.0")
    high: Expression = sa.literal_column("9223372036854775807.0")
    if document.is_sqlite:
        fits = sa.and_(document.is_number(), document.value() > low, document.value() < high)
        return sa.case((fits, sa.cast(document.value(), sa.Integer)))
    number = sa.case((document.is_number(), sa.cast(document.text(), sa.Numeric)))
    return sa.case((sa.and_(number > low, number < high), sa.cast(sa.func.trunc(number), sa.BigInteger)))


def _as_float(document: Document) -> Expression:
    if document.is_sqlite:
        return sa.case((document.is_number(), sa.cast(document.value(), sa.REAL)))
    return sa.case((document.is_number(), sa.cast(document.text(), sa.Double)))


def _as_boolean(document: Document) -> Expression:
    if document.is_sqlite:
        return sa.case((document.is_boolean(), document.value()))
    return sa.case((document.is_boolean(), sa.cast(document.text(), sa.Boolean)))


def _as_text(document: Document) -> Expression:
    return document.text()


def _as_moment(document: Document) -> Expression:
    text = document.text()
    if document.is_sqlite:
        return sa.case((document.is_string(), sa.func.strftime(text_literal("%Y-%m-%d %H:%M:%f"), text)))
    stamp = sa.TIMESTAMP(timezone=True)
    zoned = sa.case(
        (text.op("~")(text_literal(_ZONE)), sa.cast(text, stamp)),
        else_=sa.cast(text.concat(text_literal("Z")), stamp),
    )
    return sa.case((sa.and_(document.is_string(), text.op("~")(text_literal(_MOMENT))), zoned))


def _as_json(document: Document) -> Expression:
    return document.json()


_CASTS = {"i": _as_integer, "f": _as_float, "b": _as_boolean, "t": _as_text, "d": _as_moment, "j": _as_json}


# --- fields -----------------------------------------------------------------------------------------------------------


def field_value(column: Expression, field: Field, cast: str | None, dialect: str) -> Expression:
    """Return the value of a field, for a projection."""
    if not field.is_json:
        return _cast_column(column, field, cast, dialect) if cast else column
    return cast_value(Document(column, field.path, dialect), cast or "j")


def _cast_column(column: Expression, field: Field, cast: str, dialect: str) -> Expression:
    if cast == "t":
        return sa.cast(column, sa.String)
    if field.kind == "number" and cast in ("i", "f"):
        return sa.cast(column, sa.REAL if dialect == "sqlite" else sa.Double) if cast == "f" else column
    return column


def by_code_points(expression: Expression, dialect: str) -> Expression:
    """Return a text that is compared by code points: what SQLite does always, PostgreSQL only when told."""
    return expression if dialect == "sqlite" else expression.collate("C")


def without_index(column: Expression, dialect: str) -> Expression:
    """Return a column for a condition that narrows little: SQLite, which keeps no statistics by itself, shall not start there."""
    if dialect != "sqlite":
        return column
    return sa.UnaryExpression(column, operator=sa.sql.operators.custom_op("+"), type_=column.type)


def order_keys(column: Expression, field: Field, cast: str | None, dialect: str) -> list[Expression]:
    """Return the keys by which a field orders rows."""
    if not field.is_json:
        value = _cast_column(column, field, cast, dialect) if cast else column
        return [by_code_points(value, dialect) if field.kind == "text" or cast == "t" else value]
    document = Document(column, field.path, dialect)
    if cast == "j":
        # Numbers by value, then strings, then the rest by its type.
        one, two, three = (sa.literal_column(text, sa.Integer) for text in "123")
        rank = sa.case((document.is_number(), one), (document.is_string(), two), (document.type().is_not(None), three))
        return [rank, _as_float(document), by_code_points(_as_text(document), dialect)]
    value = cast_value(document, cast or "t")
    return [by_code_points(value, dialect) if cast == "t" else value]
