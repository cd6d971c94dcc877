"""What SQLite cannot know of itself: whether a node type is that of many nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from aiida.graph.queryspec import Condition, QuerySpec
from aiida.storage.query.filters import is_trivial

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("find_common_type",)

_INDEXED = ("id", "ctime", "mtime", "label", "uuid")
_USES = 200
_IS_COMMON = (
    "SELECT EXISTS (SELECT 1 FROM db_dbnode WHERE node_type LIKE ? ESCAPE '\\' "
    "LIMIT 1 OFFSET (SELECT coalesce(max(id), 0) / 8 FROM db_dbnode))"
)
# Per store: pattern → whether it is common, and after how many queries to look again.
_common_types: WeakKeyDictionary[Any, dict[str, tuple[bool, int]]] = WeakKeyDictionary()


def find_common_type(spec: QuerySpec, store: Store) -> str | None:
    """Return the tag of the vertex that orders the rows if its type is that of many nodes, so that a bounded search should go
    along the order. SQLite would take the index of the type, and sort all nodes of the type for the first ten."""
    order = spec.order_by[0]
    if order.field.column not in _INDEXED:
        return None
    for part in dict(spec.filters).get(order.tag, ()):
        if not isinstance(part, Condition) or part.field.column != "node_type" or part.operator != "like":
            continue
        if not part.negated and not is_trivial(part) and _is_common(store, part.operand):
            return order.tag
    return None


def _is_common(store: Store, pattern: str) -> bool:
    known = _common_types.setdefault(store, {})
    answer, uses = known.get(pattern, (False, 0))
    if uses == 0:
        with store.reading() as connection:
            answer, uses = bool(connection.exec_driver_sql(_IS_COMMON, (pattern,)).scalar()), _USES
    known[pattern] = (answer, uses - 1)
    return answer
