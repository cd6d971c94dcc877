"""THE TABLE of filter operators: what each may be used on, which operands it takes, and its shape.

A *shape* is what of an operand changes the SQL text (its type, mostly); everything else is a parameter. Queries of one
shape are compiled once.
"""

from __future__ import annotations

import json
import numbers
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from msgspec import Struct

__all__ = ("CONNECTIVES", "JSON_TYPES", "OPERATORS", "Operator", "parse_operator")

JSON_TYPES = ("object", "array", "string", "number", "boolean", "null")
CONNECTIVES = ("and", "or")
# No row has this uuid: what is not a uuid at all is looked for under it, and not found.
_NO_UUID = "00000000-0000-0000-0000-000000000000"


class Operator(Struct, frozen=True):
    """An operator; `check` returns the operand as the compiler wants it, or raises."""

    name: str
    check: Callable[[str, Any], Any]
    shape: Callable[[Any], Any]
    on_columns: bool = True
    # What the negated operator says of a missing JSON value: nothing (as PostgreSQL), instead of true.
    unknown_when_missing: bool = False


def plain(value: Any) -> Any:
    """Return the value in terms of JSON: enums, tuples, numpy and uuid objects become what they stand for."""
    if value is None or isinstance(value, str | bool | int | float | datetime):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day).astimezone()
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return plain(value.item())
    return value


def kind_of(value: Any) -> str:
    """Return the type that a value has in JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list):
        return "array"
    if isinstance(value, dict):
        return "object"
    raise TypeError(f"{value!r} of type {type(value).__name__} cannot be compared with: it is no value of JSON")


# --- operands ---------------------------------------------------------------------------------------------------------


def _any(operator: str, value: Any) -> Any:
    return plain(value)


def _ordered(operator: str, value: Any) -> Any:
    value = plain(value)
    if value is None or isinstance(value, bool):
        raise TypeError(f"operator `{operator}` needs a value that has an order, not {value!r}")
    return value


def _text(operator: str, value: Any) -> str:
    value = plain(value)
    if not isinstance(value, str):
        raise TypeError(f"Value for operator {operator} has to be a string (you gave {value!r})")
    return value


def _several(operator: str, value: Any) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"Value for operator `{operator}` could not be iterated: {value!r}. Give a list or tuple")
    values = [plain(one) for one in value]
    if not values:
        raise ValueError(f"Value for operator `{operator}` is an empty list")
    if len({_family(one) for one in values}) > 1:
        shown = values if len(values) < 10 else [*values[:10], "…"]
        raise ValueError(f"Value for operator `{operator}` contains more than one type: {shown}")
    return values


def _family(value: Any) -> str:
    return "moment" if isinstance(value, datetime) else kind_of(value)


def _length(operator: str, value: Any) -> int:
    value = plain(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"You have to give an integer when comparing to a length: `{operator}` got {value!r}")
    return value


def _json_type(operator: str, value: Any) -> str:
    if value not in JSON_TYPES:
        raise ValueError(f"value {value!r} for `{operator}` is not among valid types: {JSON_TYPES}")
    return str(value)


# --- shapes -----------------------------------------------------------------------------------------------------------


def _constant(value: Any) -> None:
    return None


def _compared_shape(value: Any) -> Any:
    if isinstance(value, datetime):
        return "moment"
    kind = kind_of(value)
    # In SQLite an array reads as its JSON text and true as 1: only operands that look like one need the type checked.
    if kind == "string":
        return "bracket" if value[:1] in ("[", "{") else kind
    if kind == "number":
        return "flag" if value in (0, 1) else _number_shape((value,))
    return kind


def _number_shape(values: Iterable[Any]) -> str:
    # PostgreSQL is told the type of each parameter, and would round a float to a whole number.
    return "float" if any(isinstance(value, float) for value in values) else "number"


def _like_shape(value: str) -> str:
    return "ascii" if value.isascii() else "unicode"


def _several_shape(values: list[Any]) -> str:
    family = _family(values[0])
    return _number_shape(values) if family == "number" else family


def _contained_shape(value: Any) -> str:
    return kind_of(value)


def _key_shape(value: str) -> bool:
    # SQLite's JSON paths have no escape for these.
    return '"' in value or "\\" in value


def _same(value: Any) -> Any:
    return value


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator("==", _any, _compared_shape),
        Operator("<", _ordered, _compared_shape),
        Operator("<=", _ordered, _compared_shape),
        Operator(">", _ordered, _compared_shape),
        Operator(">=", _ordered, _compared_shape),
        Operator("like", _text, _constant),
        Operator("ilike", _text, _like_shape),
        Operator("in", _several, _several_shape),
        Operator("has_key", _text, _key_shape, on_columns=False),
        Operator("contains", _any, _contained_shape, on_columns=False, unknown_when_missing=True),
        Operator("of_type", _json_type, _same, on_columns=False, unknown_when_missing=True),
        Operator("of_length", _length, _constant, on_columns=False),
        Operator("longer", _length, _constant, on_columns=False),
        Operator("shorter", _length, _constant, on_columns=False),
    )
}


def parse_operator(text: Any) -> tuple[str, bool]:
    """Return the name of an operator or connective, and whether it is negated (`!` and `~` before it mean the same)."""
    if not isinstance(text, str):
        raise TypeError(f"an operator is a text, not {text!r}")
    name, negated = text, False
    while name[:1] in ("!", "~") and name:
        name, negated = name[1:], not negated
    return name, negated


# --- operands of columns ----------------------------------------------------------------------------------------------


def check_column_operand(column: str, kind: str, operator: str, value: Any) -> Any:
    """Return an operand in the type of its column, or raise `TypeError`/`ValueError` that names both."""
    if operator in ("like", "ilike") or value is None:
        return value
    if operator == "in":
        return [_convert(column, kind, operator, one) for one in value]
    return _convert(column, kind, operator, value)


def _convert(column: str, kind: str, operator: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        return _CONVERSIONS[kind](value)
    except (TypeError, ValueError) as error:
        reason = f": {error}" if str(error) else ""
        raise type(error)(f"column `{column}` holds {_NAMES[kind]}, so `{operator}` cannot compare it with {value!r}{reason}") from None


def _to_number(value: Any) -> int | float:
    if isinstance(value, str):
        value = int(value)
    if isinstance(value, int | float):
        # No column holds more than 64 bits; as a float, a larger number still compares as it should.
        return value if isinstance(value, float) or abs(value) < 2**63 else float(value)
    raise TypeError


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise TypeError


def _to_uuid(value: Any) -> str:
    text = _to_text(value)
    try:
        return str(UUID(text))
    except ValueError:
        return _NO_UUID


def _to_moment(value: Any) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError
    return value.astimezone(UTC)


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise TypeError


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "number": _to_number,
    "text": _to_text,
    "uuid": _to_uuid,
    "moment": _to_moment,
    "boolean": _to_bool,
}
_NAMES = {"number": "numbers", "text": "texts", "uuid": "uuids", "moment": "moments (datetime)", "boolean": "booleans"}


def to_json(value: Any) -> str:
    """Return the operand as JSON text."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except TypeError:
        raise TypeError(f"{value!r} cannot be compared with: it holds something that is no value of JSON") from None
