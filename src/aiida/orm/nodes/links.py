"""The links of a node: adding them by the rules of the graph, and finding what is at their other end.

A link is written at once when both ends are stored; otherwise it waits with the end it points to, and is written with
that node in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from aiida.common.lang import type_check
from aiida.common.links import LinkType, validate_link_label
from aiida.graph.links import DEGREES, Degree, check_link
from aiida.graph.records import LinkRow
from aiida.orm import hydrate
from aiida.orm.utils.links import LinkManager, LinkTriple
from aiida.storage.links import find_neighbours, is_reachable

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node

__all__ = ("NodeLinks",)

INPUTS = (LinkType.INPUT_CALC, LinkType.INPUT_WORK)
CALLS = (LinkType.CALL_CALC, LinkType.CALL_WORK)


class NodeLinks:
    """Adding and finding links."""

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def incoming_cache(self) -> list[LinkTriple]:
        """The links to this node that wait for it, or for their sources, to be stored."""
        return self._node._pending

    # -- adding --------------------------------------------------------------------------------------------------------

    def add_incoming(self, source: Node, link_type: LinkType, link_label: str) -> None:
        """Add a link from `source` to this node."""
        self.validate_incoming(source, link_type, link_label)
        source.base.links.validate_outgoing(self._node, link_type, link_label)
        if self._node.is_stored and source.is_stored:
            self._write(source, link_type, link_label)
        else:
            self._node._pending.append(LinkTriple(source, link_type, link_label))

    def _write(self, source: Node, link_type: LinkType, link_label: str) -> None:
        ends = cast(int, source._row.id), cast(int, self._node._row.id)
        row = LinkRow(input_id=ends[0], output_id=ends[1], label=link_label, type=link_type.value)
        self._node.backend.insert([row])

    def validate_incoming(self, source: Node, link_type: LinkType, link_label: str) -> None:
        """Raise if a link from `source` to this node may not be added."""
        type_check(link_type, LinkType, f"link_type should be a LinkType enum but got: {type(link_type)}")
        if not hasattr(source, "_is_node"):
            raise TypeError(f"source should be a `Node` but got: {type(source)}")
        self._check_link(source, link_type, link_label)

    def validate_outgoing(self, target: Node, link_type: LinkType, link_label: str) -> None:
        """Raise if a link from this node to `target` may not be added; classes add their own rules here."""
        type_check(link_type, LinkType, f"link_type should be a LinkType enum but got: {type(link_type)}")
        if not hasattr(target, "_is_node"):
            raise TypeError(f"target should be a `Node` but got: {type(target)}")

    def _check_link(self, source: Node, link_type: LinkType, label: str) -> None:
        """Apply the table of legal links: the ends, the label, how many there may be, and no cycle."""
        target = self._node
        if source.uuid == target.uuid:
            raise ValueError("cannot add a link to oneself")
        if source.backend is not target.backend:
            raise ValueError(f"cannot link {source!r} to {target!r}: they are in different profiles")
        validate_link_label(label)
        try:
            check_link(source._family, target._family, link_type, label)
        except ValueError as exception:
            raise ValueError(f"cannot add a {link_type} link from {type(source)} to {type(target)}") from exception
        outdegree, indegree = DEGREES[link_type]
        self._check_incoming(source, link_type, label, indegree)
        source.base.links._check_outgoing(link_type, label, outdegree)
        if target.is_stored and source.is_stored and link_type in (LinkType.CREATE, *INPUTS):
            if is_reachable(target.backend, target._row.id, source._row.id, (LinkType.CREATE, *INPUTS)):  # type: ignore[arg-type]
                raise ValueError("the link you are attempting to create would generate a cycle in the graph")

    def _check_incoming(self, source: Node, link_type: LinkType, label: str, degree: Degree) -> None:
        """Compare with the links that this node has or waits for; its sources are told apart by UUID and key."""
        target = self._node
        if degree is Degree.MANY:
            return
        links = [(link.node.uuid, link.link_label) for link in target._pending if link.link_type is link_type]
        if target.is_stored:
            stored = target.backend.find(LinkRow, output_id=target._row.id, type=link_type.value)
            links += [(source.uuid if row.input_id == source._row.id else "", row.label) for row in stored]
        if degree is Degree.UNIQUE and links:
            raise ValueError(f"node<{target.uuid}> already has an incoming {link_type} link")
        if degree is Degree.UNIQUE_LABEL and any(label == other for _, other in links):
            raise ValueError(f'node<{target.uuid}> already has an incoming {link_type} link with label "{label}"')
        if degree is Degree.UNIQUE_TRIPLE and (source.uuid, label) in links:
            raise ValueError(
                f'node<{target.uuid}> already has an incoming {link_type} link with label "{label}" '
                f"from node<{source.uuid}>"
            )

    def _check_outgoing(self, link_type: LinkType, label: str, degree: Degree) -> None:
        """Compare with the stored links; those that wait are known to their targets only."""
        source = self._node
        if degree is not Degree.UNIQUE_LABEL or not source.is_stored:
            return
        if source.backend.find(LinkRow, input_id=source._row.id, type=link_type.value, label=label):
            raise ValueError(f'node<{source.uuid}> already has an outgoing {link_type} link with label "{label}"')

    # -- finding -------------------------------------------------------------------------------------------------------

    def get_incoming(
        self,
        node_class: type[Node] | None = None,
        link_type: LinkType | Sequence[LinkType] = (),
        link_label_filter: str | None = None,
        only_uuid: bool = False,
    ) -> LinkManager:
        """Return the links that point to this node, waiting ones included."""
        triples = self.get_stored_link_triples(node_class, link_type, link_label_filter, "incoming", only_uuid)
        if self._node._pending:
            types = _as_tuple(link_type)
            for link in self._node._pending:
                fits = (not types or link.link_type in types) and _fits_label(link.link_label, link_label_filter)
                if fits and (node_class is None or isinstance(link.node, node_class)):
                    triples.append(link._replace(node=link.node.uuid) if only_uuid else link)
        return LinkManager(triples)

    def get_outgoing(
        self,
        node_class: type[Node] | None = None,
        link_type: LinkType | Sequence[LinkType] = (),
        link_label_filter: str | None = None,
        only_uuid: bool = False,
    ) -> LinkManager:
        """Return the stored links that start at this node."""
        return LinkManager(self.get_stored_link_triples(node_class, link_type, link_label_filter, "outgoing", only_uuid))

    def get_stored_link_triples(
        self,
        node_class: type[Node] | None = None,
        link_type: LinkType | Sequence[LinkType] = (),
        link_label_filter: str | None = None,
        link_direction: str = "incoming",
        only_uuid: bool = False,
    ) -> list[LinkTriple]:
        """Return the links in the database at one side of this node."""
        types = _as_tuple(link_type)
        if node_class is not None and not isinstance(node_class, type):
            raise TypeError(f"`node_class` should be a class of nodes, not {node_class!r}")
        if link_direction not in ("incoming", "outgoing"):
            raise TypeError(f"`link_direction` should be either `incoming` or `outgoing`, not {link_direction!r}")
        if not self._node.is_stored:
            return []
        triples = []
        direction: Any = link_direction
        for link, row in find_neighbours(self._node.backend, [cast(int, self._node._row.id)], direction, types):
            if not _fits_label(link.label, link_label_filter):
                continue
            node = hydrate.to_entity(row, self._node.backend)
            if node_class is not None and not isinstance(node, node_class):
                continue
            triples.append(LinkTriple(row.uuid if only_uuid else node, LinkType(link.type), link.label))
        return triples


def _as_tuple(link_type: LinkType | Sequence[LinkType]) -> tuple[LinkType, ...]:
    types = (link_type,) if isinstance(link_type, (LinkType, str)) else tuple(link_type or ())
    if not all(isinstance(one, LinkType) for one in types):
        raise TypeError(f"link_type should be a LinkType or tuple of LinkType: got {types}")
    return types


def _fits_label(label: str, pattern: str | None) -> bool:
    """Compare with a pattern as SQL's LIKE does: `%` any text, `_` any character (or itself)."""
    if pattern is None:
        return True
    text = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(text, label) is not None
