"""What was made when: numbers of nodes by type and by day, for interfaces that draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from aiida.storage import schema

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("CreationStatistics",)


class CreationStatistics:
    """A question about all nodes of a store that no `QuerySpec` can put."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_creation_statistics(self, user_pk: int | None = None) -> dict[str, Any]:
        """Return how many nodes there are, how many of each type, and how many were made on each day (UTC)."""
        node = schema.node.c
        types = self._count(node.node_type, user_pk)
        return {"total": sum(types.values()), "types": types, "ctime_by_day": self._count(self._day(), user_pk)}

    def _day(self) -> sa.ColumnElement[str]:
        ctime = schema.node.c.ctime
        if self._store.dialect.name == "sqlite":
            return sa.func.substr(sa.type_coerce(ctime, sa.String), 1, 10)  # text of UTC, year first
        return sa.func.to_char(sa.func.timezone("UTC", ctime), "YYYY-MM-DD")

    def _count(self, what: sa.ColumnElement[str], user_pk: int | None) -> dict[str, int]:
        named = what.label("what")
        query = sa.select(named, sa.func.count()).select_from(schema.node).group_by("what").order_by("what")
        if user_pk is not None:
            query = query.where(schema.node.c.user_id == user_pk)
        with self._store.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}
