"""Delete nodes with all that the rules say must go with them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from aiida import orm
from aiida.common.slots import current_store
from aiida.tools.graph.graph_traversers import get_nodes_delete

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("delete_group_nodes", "delete_nodes")

DELETE_LOGGER = logging.getLogger("aiida.tools.delete")


def _warn_of(missing: Iterable[int]) -> None:
    for pk in sorted(missing):
        DELETE_LOGGER.warning("node with pk<%d> does not exist, skipping", pk)


def delete_nodes(
    pks: Iterable[int], dry_run: bool | Callable[[set[int]], bool] = True, backend: Store | None = None, **traversal_rules: bool
) -> tuple[set[int], bool]:
    """Delete nodes, and what was made from them.

    :param dry_run: `True`: delete nothing; or a function that is given the pks and returns whether to stop.
    :return: the pks, and whether they were deleted.
    """
    store = backend or current_store.get()
    found = get_nodes_delete(pks, missing_callback=_warn_of, backend=store, **traversal_rules)["nodes"]
    DELETE_LOGGER.info("%d Node(s) marked for deletion", len(found))
    if not found:
        return found, True
    if dry_run(found) if callable(dry_run) else dry_run:
        return found, False
    with store.transaction():
        store.delete_nodes(found)
    return found, True


def delete_group_nodes(
    pks: Iterable[int], dry_run: bool | Callable[[set[int]], bool] = True, backend: Store | None = None, **traversal_rules: bool
) -> tuple[set[int], bool]:
    """Delete the nodes in groups, and what was made from them; the groups stay."""
    query = orm.QueryBuilder(backend=backend).append(orm.Group, filters={"id": {"in": list(pks)}}, tag="groups")
    nodes = query.append(orm.Node, with_group="groups", project="id").distinct().all(flat=True)
    return delete_nodes(nodes, dry_run=dry_run, backend=backend, **traversal_rules)
