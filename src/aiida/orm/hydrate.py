"""Records become entities. The registry is filled by the entity classes when they are defined.

`QueryBuilder` lies below the entities, so it cannot name them: a base whose class nobody has imported yet is found by
its entry point in the group `aiida.orm`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from aiida.graph.records import LinkRow, Row
from aiida.graph.relations import ROWS
from aiida.plugins import entry_point

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("LinkQuadruple", "find_class", "find_maker", "register", "to_entity")


class LinkQuadruple(NamedTuple):
    """A link with the ids of its two ends: what a query gives for an edge."""

    source_id: int
    target_id: int
    link_type: str
    link_label: str


LinkQuadruple.__module__ = "aiida.orm.utils.links"


def _to_quadruple(row: LinkRow, store: Store) -> LinkQuadruple:
    return LinkQuadruple(row.input_id, row.output_id, row.type, row.label)


FromRow = Callable[[Any, Any], Any]

_ENTRY_POINTS = {"authinfo": "core.auth_info"}
_classes: dict[str, type[Any]] = {}
_from_row: dict[type[Row], FromRow] = {LinkRow: _to_quadruple}


def register(base: str, cls: type[Any]) -> None:
    """Say that rows of `base` (`'node'`, `'group'`, `'user'`, …) are made entities by `cls._from_row(row, store)`."""
    _classes[base] = cls
    _from_row[ROWS[base]] = cls._from_row


def find_class(base: str) -> type[Any]:
    """Return the class registered for `base`; the one of a node or a group stands for its subclasses."""
    if base not in _classes:
        loaded = entry_point.load_entry_point("aiida.orm", _ENTRY_POINTS.get(base, f"core.{base}"))
        _classes.setdefault(base, loaded)
        _from_row.setdefault(ROWS[base], loaded._from_row)
    return _classes[base]


def find_maker(base: str) -> FromRow:
    """Return the function that makes an entity of a row of `base`."""
    if ROWS[base] not in _from_row:
        find_class(base)
    return _from_row[ROWS[base]]


def to_entity(row: Row, store: Store) -> Any:
    """Return the entity of a row that was read from `store`."""
    make = _from_row.get(type(row))
    if make is None:
        base = next(name for name, kind in ROWS.items() if kind is type(row))
        make = find_maker(base)
    return make(row, store)
