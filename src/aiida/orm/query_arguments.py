"""What users pass to `QueryBuilder`, in the words of the query language: names, fields, classes, dictionaries of all these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiida.graph.operators import CONNECTIVES

__all__ = ("as_filters", "as_order", "as_projection", "as_tree", "check_number", "class_key")


def class_key(cls: Any) -> Any:
    return tuple(cls) if isinstance(cls, list | tuple | set) else cls


def field_name(named: Any) -> Any:
    return named if isinstance(named, str) else getattr(named, "backend_key", named)


def as_filters(filters: Any) -> dict[str, Any]:
    """Return filters in the query language, also those made of fields."""
    if hasattr(filters, "as_filter"):
        filters = filters.as_filter()
    if hasattr(filters, "as_dict"):
        return dict(filters.as_dict())
    if not isinstance(filters, Mapping):
        raise TypeError("Filters must be either a dictionary or QbFieldFilters")
    return {field_name(key): as_parts(key, value) for key, value in filters.items()}


def as_parts(key: Any, value: Any) -> Any:
    """Return what `and` or `or` joins in the query language, if that is what `key` names."""
    if not isinstance(key, str) or key.lstrip("!~") not in CONNECTIVES or not isinstance(value, list | tuple):
        return value
    return [as_filters(part) if hasattr(part, "as_dict") or isinstance(part, Mapping) else part for part in value]


def as_projection(item: Any) -> dict[str, Any]:
    name = field_name(item)
    if isinstance(name, str):
        return {name: {}}
    if isinstance(item, Mapping):
        return {field_name(key): how for key, how in item.items()}
    raise ValueError(f"Cannot deal with projection specification {item}\n")


def as_order(key: Any) -> dict[str, Any]:
    name = field_name(key)
    if isinstance(name, str):
        return {name: {"order": "asc"}}
    if not isinstance(key, Mapping):
        raise TypeError(f"Cannot deal with {key!r} as a key of an order: give the name of a field, or a dictionary")
    found: dict[str, Any] = {}
    for field, how in key.items():
        how = {"order": how} if isinstance(how, str) else how
        found[field_name(field)] = {**how, "order": how.get("order", "asc")} if isinstance(how, Mapping) else how
    return found


def check_number(what: str, value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"{what} has to be an integer, or None")
    if value is not None and value < 0:
        raise ValueError(f"{what} cannot be negative: {value}")
    return value


def as_tree(labels: Sequence[tuple[str, str]], row: list[Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (tag, name), value in zip(labels, row, strict=True):
        found.setdefault(tag, {})[name] = value
    return found
