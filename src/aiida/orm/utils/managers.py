"""`node.inputs.x` and `node.outputs.x`: neighbours by link label; and attributes as Python attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import NotExistent, NotExistentAttributeError, NotExistentKeyError
from aiida.common.extendeddicts import AttributeDict
from aiida.common.links import LinkType
from aiida.orm.utils.links import SEPARATOR, nest

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node

__all__ = ("AttributeManager", "NodeLinksManager")


class NodeLinksManager:
    """The neighbours of a node over links of one type, as attributes and items; read anew at each use."""

    _namespace_separator = SEPARATOR

    def __init__(self, node: Node, link_type: LinkType, incoming: bool) -> None:
        self._node = node
        self._link_type = link_type
        self._incoming = incoming

    def _nodes(self) -> dict[str, Any]:
        links = self._node.base.links
        found = links.get_incoming if self._incoming else links.get_outgoing
        return {link.link_label: link.node for link in found(link_type=self._link_type)}

    def _construct_attribute_dict(self, incoming: bool) -> AttributeDict:
        return nest(self._nodes().items(), AttributeDict, AttributeDict)  # type: ignore[no-any-return]

    def _get_keys(self) -> Any:
        """Return the names on the top level."""
        return self._construct_attribute_dict(self._incoming).keys()

    def _get_node_by_link_label(self, label: str) -> Any:
        """Return the node with this link label, or the namespace of this name; `NotExistent` if there is neither."""
        nodes = self._nodes()
        if label in nodes:
            return nodes[label]
        space = nest(nodes.items(), AttributeDict, AttributeDict)
        if label in space:
            return space[label]
        # A node below a namespace may be asked for by its whole label in the form with double underscores.
        what = "input" if self._incoming else "output"
        raise NotExistent(f"Node<{self._node.pk}> does not have an {what} with link label '{label}'")

    def __contains__(self, key: str) -> bool:
        try:
            self._get_node_by_link_label(key)
        except NotExistent:
            return False
        return True

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._get_keys()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._get_keys())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._get_node_by_link_label(name)
        except NotExistent as exception:
            raise NotExistentAttributeError(*exception.args) from exception

    def __getitem__(self, name: str) -> Any:
        try:
            return self._get_node_by_link_label(name)
        except NotExistent as exception:
            raise NotExistentKeyError(*exception.args) from exception

    def __str__(self) -> str:
        side = "incoming" if self._incoming else "outgoing"
        return f"Manager for {side} {self._link_type.name} links for node pk={self._node.pk}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"


class AttributeManager:
    """The attributes of a node as Python attributes and items."""

    def __init__(self, node: Node) -> None:
        object.__setattr__(self, "_node", node)

    def __dir__(self) -> list[str]:
        return sorted(self._node.base.attributes.keys())

    def __iter__(self) -> Iterator[str]:
        yield from self._node.base.attributes.keys()

    def _get_dict(self) -> dict[str, Any]:
        return dict(self._node.base.attributes.items())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._node.base.attributes.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._node.base.attributes.set(name, value)

    def __getitem__(self, name: str) -> Any:
        try:
            return self._node.base.attributes.get(name)
        except AttributeError as exception:
            raise KeyError(str(exception)) from exception
