"""Many rows given as dictionaries: the public bulk interface, for importers and plugins."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from aiida.common import exceptions
from aiida.graph.records import (
    AuthInfoRow,
    CommentRow,
    ComputerRow,
    GroupNodeRow,
    GroupRow,
    LinkRow,
    LogRow,
    NodeRow,
    Row,
    UserRow,
)
from aiida.storage.inserting import insert_values, insert_with_ids

if TYPE_CHECKING:
    from aiida.storage.store import Store

# By the value of `aiida.orm.entities.EntityTypes`, which lies above this layer.
_KINDS: dict[str, type[Row]] = {
    "authinfo": AuthInfoRow,
    "comment": CommentRow,
    "computer": ComputerRow,
    "group": GroupRow,
    "log": LogRow,
    "node": NodeRow,
    "user": UserRow,
    "link": LinkRow,
    "group_node": GroupNodeRow,
}


def kind_of(entity_type: Enum | str) -> type[Row]:
    """Return the record type of an `EntityTypes` member."""
    value = entity_type.value if isinstance(entity_type, Enum) else entity_type
    try:
        return _KINDS[value]
    except KeyError:
        raise ValueError(f"{entity_type!r} is no kind of entity: {', '.join(_KINDS)}") from None


def _column(name: str) -> str:
    # The public name of the columns `metadata` on classes where `metadata` means something else.
    return "metadata" if name == "_metadata" else name


def bulk_insert(store: Store, kind: type[Row], rows: list[dict[str, Any]], allow_defaults: bool) -> list[int]:
    """Insert rows; all must have the same columns, every column unless `allow_defaults`."""
    if not rows:
        return []
    fields = set(kind.__struct_fields__) - {"id"}
    given = {_column(name) for name in rows[0]} - {"id"}
    if unknown := given - fields:
        raise exceptions.IntegrityError(f"unknown columns for {kind.__name__}: {sorted(unknown)}; known: {sorted(fields)}")
    if not allow_defaults and (missing := fields - given):
        raise exceptions.IntegrityError(f"incomplete rows for {kind.__name__}: {sorted(missing)} missing")
    required = {field.name for field in msgspec.structs.fields(kind) if field.required}
    if missing := required - given:
        raise exceptions.IntegrityError(f"{kind.__name__} needs values for {sorted(missing)}")
    found: list[int] = []
    with store.transaction() as transaction:
        if "id" in rows[0]:
            found = [row["id"] for row in rows]
            insert_with_ids(transaction, kind, list(_values(store, kind, rows, with_id=True)))
            return found
        values = _values(store, kind, rows)
        while chunk := list(islice(values, store.dialect.max_rows)):
            found += insert_values(transaction, kind, chunk)
    return found


def _values(store: Store, kind: type[Row], rows: list[dict[str, Any]], *, with_id: bool = False) -> Iterator[list[Any]]:
    """Yield the driver's values of rows, in the order of the columns: by way of no record, which would be half of the time."""
    codec = store.dialect.codec(kind)
    columns = codec.columns if with_id else codec.columns[1:]
    names = {_column(name): name for name in rows[0]}
    defaults = {field.name: field for field in msgspec.structs.fields(kind)}
    there = [column for column in columns if column in names]
    pick = itemgetter(*(names[column] for column in there), names[there[0]])  # at least two: for one, it gives no tuple
    missing = [(at, defaults[column]) for at, column in enumerate(columns) if column not in names]
    convert = codec.converter(columns)
    for row in rows:
        try:
            values = list(pick(row)[:-1])
        except KeyError as error:
            raise exceptions.IntegrityError(f"all rows must have the columns of the first one: {error} is missing in one with {sorted(row)}") from None
        for at, field in missing:
            values.insert(at, field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory())
        yield convert(values)


def bulk_update(store: Store, kind: type[Row], rows: list[dict[str, Any]]) -> None:
    """Update rows; each says its `id` and the columns to set."""
    with store.transaction():
        for row in rows:
            if "id" not in row:
                raise exceptions.IntegrityError(f"a row to update needs an `id`; this one has {sorted(row)}")
            columns = {_column(name): value for name, value in row.items() if name != "id"}
            if unknown := set(columns) - set(kind.__struct_fields__):
                raise exceptions.IntegrityError(f"unknown columns for {kind.__name__}: {sorted(unknown)}")
            if columns:
                store.update(kind, row["id"], **columns)
