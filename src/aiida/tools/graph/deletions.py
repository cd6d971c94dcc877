"""Delete nodes with all that the rules say must go with them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiida import orm
from aiida.common.slots import current_store
from aiida.repository.repository import Repository
from aiida.storage.links import count_links
from aiida.tools.graph.graph_traversers import get_nodes_delete

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("Preview", "delete_group_nodes", "delete_nodes", "preview")

# So many rows are looked at in one go.
_BATCH = 10_000

DELETE_LOGGER = logging.getLogger("aiida.tools.delete")


@dataclass
class Preview:
    """What would go: nodes by type, links, files with their size (equal files are kept once, and counted once)."""

    nodes: int = 0
    links: int = 0
    files: int = 0
    bytes: int = 0
    types: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        types = ", ".join(f"{count} {name}" for name, count in self.types.most_common())
        return f"{self.nodes} nodes ({types}), {self.links} links, {self.files} files of {self.bytes / 1e6:.1f} MB"


def preview(pks: Iterable[int], backend: Store | None = None) -> Preview:
    """Count what deleting these nodes takes away; files are deleted by the next `verdi storage maintain --full`, if no other node has them."""
    store = backend or current_store.get()
    found, keys, ordered = Preview(), set[bytes](), sorted(pks)
    for start in range(0, len(ordered), _BATCH):
        batch = ordered[start : start + _BATCH]
        query = orm.QueryBuilder(backend=store).append(orm.Node, filters={"id": {"in": batch}}, project=["node_type", "repository_metadata"])
        new: list[str] = []
        for node_type, tree in query.iterall(_BATCH):
            found.nodes += 1
            found.types[node_type.rpartition(".")[0] or node_type] += 1
            for key in filter(None, Repository.flatten(tree).values()) if tree else ():
                if (short := key.encode()) not in keys:
                    keys.add(short)
                    new.append(key)
        found.links += count_links(store, batch)
        found.bytes += sum(store.repository.get_object_sizes(new).values())
    found.files = len(keys)
    return found


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
    query.append(orm.Node, with_group="groups", project="id")
    return delete_nodes({pk for (pk,) in query.iterall(_BATCH)}, dry_run=dry_run, backend=backend, **traversal_rules)
