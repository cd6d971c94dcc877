"""All nodes of a class in one store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import InvalidOperation
from aiida.orm.entities import Collection

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node  # noqa: F401 - names the parameter of the base class

__all__ = ("NodeCollection",)


class NodeCollection(Collection["Node"]):
    """The nodes of a store."""

    collection_type = "nodes"

    def delete(self, pk: int) -> None:
        """Delete a node that no link points from; its files are left to the next maintenance."""
        node = self.get(id=pk)
        if node.base.links.get_incoming().all():
            raise InvalidOperation(f"cannot delete Node<{node.pk}> because it has incoming links")
        if node.base.links.get_outgoing().all():
            raise InvalidOperation(f"cannot delete Node<{node.pk}> because it has outgoing links")
        self._backend.delete_nodes([pk])  # with its memberships, comments and logs; refuses a process that is alive

    def iter_repo_keys(self, filters: Any = None, subclassing: bool = True, batch_size: int = 100) -> Iterable[str]:
        """Iterate over the keys of all objects that the nodes refer to."""
        query = self.query(filters=filters, subclassing=subclassing, project=["repository_metadata"])
        for (metadata,) in query.iterall(batch_size=batch_size):
            yield from _keys_in(metadata)


NodeCollection.__module__ = "aiida.orm.nodes.node"  # where it is known to be


def _keys_in(tree: dict[str, Any]) -> Iterable[str]:
    for entry in tree.get("o", {}).values():
        if "k" in entry:
            yield entry["k"]
        yield from _keys_in(entry)
