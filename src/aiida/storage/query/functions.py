"""What SQLite is taught about JSON: containment, equality and order as PostgreSQL's JSONB has them.

Registered on every connection; used only where SQL itself cannot say it (nested operands), so most queries call none.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Any

from aiida.graph.operators import kind_of
from aiida.storage.dialect import from_json

__all__ = ("compare", "contains", "equals", "register")

# JSONB orders values of different types so.
_RANKS = ("null", "string", "number", "boolean", "array", "object")
# The right-hand operand is the same for all rows of a query.
_operand = lru_cache(maxsize=64)(from_json)


def equals(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, 1 and true are not."""
    kind = kind_of(left)
    if kind != kind_of(right):
        return False
    if kind == "array":
        return len(left) == len(right) and all(map(equals, left, right))
    if kind == "object":
        return left.keys() == right.keys() and all(equals(value, right[key]) for key, value in left.items())
    return bool(left == right)


def contains(left: Any, right: Any) -> bool:
    """Whether JSON `left` contains `right`; an array also contains a bare scalar that is one of its elements."""
    if isinstance(left, list) and not isinstance(right, list | dict):
        return any(equals(one, right) for one in left)
    return _contains(left, right)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(right, dict):
        return isinstance(left, dict) and all(key in left and _contains(left[key], value) for key, value in right.items())
    if isinstance(right, list):
        return isinstance(left, list) and all(any(_contains(one, value) for one in left) for value in right)
    return equals(left, right)


def compare(left: Any, right: Any) -> int:
    """Return -1, 0 or 1: the order of JSONB. Longer arrays and objects come later; strings by code points."""
    kind, other = kind_of(left), kind_of(right)
    if kind != other:
        return _sign(_RANKS.index(kind), _RANKS.index(other))
    if kind == "null":
        return 0
    if kind == "array":
        return _sign(len(left), len(right)) or next((found for found in map(compare, left, right) if found), 0)
    if kind == "object":
        return _sign(len(left), len(right)) or _compare_objects(left, right)
    return _sign(left, right)


def _compare_objects(left: dict[str, Any], right: dict[str, Any]) -> int:
    # JSONB keeps keys by length, then by bytes, and compares key, value, key, value, …
    def by_storage(one: dict[str, Any]) -> list[str]:
        return sorted(one, key=lambda key: (len(key.encode()), key.encode()))

    for mine, other in zip(by_storage(left), by_storage(right), strict=True):
        found = _sign(mine, other) or compare(left[mine], right[other])
        if found:
            return found
    return 0


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _sql_equals(left: str | None, right: str) -> int:
    return int(left is not None and equals(from_json(left), _operand(right)))


def _sql_contains(left: str | None, right: str) -> int | None:
    return None if left is None else int(contains(from_json(left), _operand(right)))


def _sql_compare(left: str | None, right: str) -> int | None:
    return None if left is None else compare(from_json(left), _operand(right))


def _sql_among(left: str | None, right: str) -> int:
    if left is None:
        return 0
    value = from_json(left)
    return int(any(equals(value, one) for one in _operand(right)))


def _sql_lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def register(connection: sqlite3.Connection) -> None:
    """Teach a connection these functions."""
    for name, count, function in (
        ("aiida_json_equals", 2, _sql_equals),
        ("aiida_json_contains", 2, _sql_contains),
        ("aiida_json_compare", 2, _sql_compare),
        ("aiida_json_among", 2, _sql_among),
        ("aiida_lower", 1, _sql_lower),
    ):
        connection.create_function(name, count, function, deterministic=True)
