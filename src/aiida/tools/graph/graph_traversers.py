"""Close a set of nodes under rules: what is reached along the links that the rules allow.

The database does it in one statement, whatever the depth; only a bounded number of rounds is walked here, a statement each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from aiida import orm
from aiida.common import exceptions
from aiida.common.links import GraphTraversalRules, LinkType
from aiida.common.slots import current_store
from aiida.graph.traversal import BACKWARD, FORWARD, Edge, Rules, close, resolve_rules
from aiida.storage.links import find_links, find_reached

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("LinkQuadruple", "TraverseGraphOutput", "get_nodes_delete", "get_nodes_export", "traverse_graph", "validate_traversal_rules")

BATCH = 10_000


class LinkQuadruple(NamedTuple):
    """A link that was followed."""

    source_id: int
    target_id: int
    link_type: str
    link_label: str


class TraverseGraphOutput(TypedDict, total=False):
    """What a traversal found."""

    nodes: set[int]
    links: set[LinkQuadruple] | None
    rules: dict[str, bool]


def get_nodes_delete(
    starting_pks: Iterable[int], get_links: bool = False, missing_callback: Callable[[Iterable[int]], None] | None = None,
    backend: Store | None = None, **traversal_rules: bool,
) -> TraverseGraphOutput:  # fmt: skip
    """Return the nodes that have to go if the given ones are deleted."""
    return _traverse_by(GraphTraversalRules.DELETE, starting_pks, get_links, missing_callback, backend, traversal_rules)


def get_nodes_export(
    starting_pks: Iterable[int], get_links: bool = False, backend: Store | None = None, **traversal_rules: bool
) -> TraverseGraphOutput:
    """Return the nodes that belong with the given ones in an archive."""
    return _traverse_by(GraphTraversalRules.EXPORT, starting_pks, get_links, None, backend, traversal_rules)


def _traverse_by(
    ruleset: GraphTraversalRules, pks: Iterable[int], get_links: bool, missing: Callable[[Iterable[int]], None] | None, backend: Store | None,
    rules: dict[str, bool],
) -> TraverseGraphOutput:  # fmt: skip
    checked = validate_traversal_rules(ruleset, **rules)
    found = traverse_graph(
        pks,
        get_links=get_links,
        links_forward=checked["forward"],
        links_backward=checked["backward"],
        missing_callback=missing,
        backend=backend,
    )
    return {"nodes": found["nodes"], "links": found["links"], "rules": checked["rules_applied"]}


def validate_traversal_rules(ruleset: GraphTraversalRules = GraphTraversalRules.DEFAULT, **traversal_rules: bool) -> dict[str, Any]:
    """Return which links to follow each way: the defaults of a set of rules, with what may be changed changed."""
    rules = resolve_rules(ruleset, **traversal_rules)
    return {"rules_applied": rules.applied, "forward": list(rules.forward), "backward": list(rules.backward)}


def traverse_graph(
    starting_pks: Iterable[int], max_iterations: int | None = None, get_links: bool = False, links_forward: Iterable[LinkType] = (),
    links_backward: Iterable[LinkType] = (), missing_callback: Callable[[Iterable[int]], None] | None = None, backend: Store | None = None,
) -> TraverseGraphOutput:  # fmt: skip
    """Return the closure of a set of nodes under the links that are followed."""
    if max_iterations is not None and max_iterations < 0:
        raise exceptions.ValidationError("max_iterations must be None or a positive number")
    rules = Rules(_link_types(links_forward, "links_forward"), _link_types(links_backward, "links_backward"))
    known = _existing(set(starting_pks), missing_callback, backend)
    store = backend or current_store.get()
    if max_iterations is None:
        nodes = find_reached(store, known, rules.forward, rules.backward)
        return {"nodes": nodes, "links": _links_of(store, nodes, rules) if get_links else None}
    reached = close(known, rules, partial(_find_edges, store), max_steps=max_iterations)
    return {"nodes": reached.nodes, "links": set(map(_quadruple, reached.links)) if get_links else None}


def _quadruple(edge: Edge) -> LinkQuadruple:
    return LinkQuadruple(edge.source_id, edge.target_id, edge.link_type.value, edge.label)


def _links_of(store: Store, nodes: set[int], rules: Rules) -> set[LinkQuadruple]:
    """Return the links that were followed from these nodes: those of the rules, at the end where they are followed from."""
    sides = ((rules.forward, FORWARD), (rules.backward, BACKWARD))
    return {_quadruple(edge) for types, direction in sides if types for edge in _find_edges(store, nodes, types, direction)}


def _link_types(given: Iterable[LinkType], name: str) -> frozenset[LinkType]:
    found = list(given)
    for link_type in found:
        if not isinstance(link_type, LinkType):
            raise TypeError(f"{name} should contain links, but one of them is: {type(link_type)}")
    return frozenset(found)


def _batches(pks: Iterable[int]) -> Iterator[Sequence[int]]:
    ordered = sorted(pks)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def _existing(pks: set[int], missing_callback: Callable[[Iterable[int]], None] | None, backend: Store | None) -> set[int]:
    """Return those of the pks that are nodes; complain of the others."""
    wrong = [pk for pk in pks if not isinstance(pk, int)]
    if wrong:
        raise TypeError(f"nodes are given by their keys, which are integers, not by {wrong[0]!r}")
    found: set[int] = set()
    for batch in _batches(pks):
        found.update(orm.QueryBuilder(backend=backend).append(orm.Node, project="id", filters={"id": {"in": batch}}).all(flat=True))
    missing = pks - found
    if missing and missing_callback is None:
        raise exceptions.NotExistent(f"The following pks are not in the database and must be pruned before this call: {missing}")
    if missing and missing_callback is not None:
        missing_callback(missing)
    return found


def _find_edges(store: Store, pks: Iterable[int], types: frozenset[LinkType], direction: str) -> Iterator[Edge]:
    """Yield the links of some nodes in one direction."""
    for batch in _batches(pks):
        for link in find_links(store, batch, "outgoing" if direction == FORWARD else "incoming", types):
            yield Edge(link.input_id, link.output_id, LinkType(link.type), link.label)
