"""Members of groups: keys and counts, one statement each, however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from aiida.storage.store import Store

_TABLE = "db_dbgroup_dbnodes"


def find_members(store: Store, group_id: int, among: Iterable[int] | None = None) -> list[int]:
    """Return the keys of the nodes in a group (of those given, if any are), in the order in which they were added."""
    condition, parameters = store.dialect.among("dbgroup_id", [group_id])
    values = [parameters]
    if among is not None:
        more, parameter = store.dialect.among("dbnode_id", among)
        condition += f" AND {more}"
        values.append(parameter)
    sql = f"SELECT dbnode_id FROM {_TABLE} WHERE {condition} ORDER BY id"
    with store.reading() as connection:
        return [cast(int, row[0]) for row in connection.exec_driver_sql(sql, tuple(values))]


def count_members(store: Store, group_id: int) -> int:
    """Return how many nodes are in a group."""
    condition, parameter = store.dialect.among("dbgroup_id", [group_id])
    with store.reading() as connection:
        return cast(
            int, connection.exec_driver_sql(f"SELECT count(*) FROM {_TABLE} WHERE {condition}", (parameter,)).scalar()
        )


def remove_members(store: Store, group_id: int, node_ids: Iterable[int] | None = None) -> None:
    """Take nodes out of a group: those given, or all."""
    condition, parameter = store.dialect.among("dbgroup_id", [group_id])
    values = [parameter]
    if node_ids is not None:
        more, parameter = store.dialect.among("dbnode_id", node_ids)
        condition += f" AND {more}"
        values.append(parameter)
    with store.transaction() as transaction:
        transaction.execute(f"DELETE FROM {_TABLE} WHERE {condition}", tuple(values))
