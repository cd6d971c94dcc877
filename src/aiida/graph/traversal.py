"""Which nodes belong together: the closure of a set of nodes under rules that say which links to follow, and which way.

Pure: links come from a function that the caller gives, so that the same code walks a database, an archive, and a dictionary in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiida.common.exceptions import ValidationError
from aiida.common.links import GraphTraversalRules, LinkType

__all__ = ("Closure", "Edge", "Rules", "close", "resolve_rules")

FORWARD = "forward"
BACKWARD = "backward"


class Edge(NamedTuple):
    """A link as the walk needs it."""

    source_id: int
    target_id: int
    link_type: LinkType
    label: str


# Gives all links of the types that leave the nodes (forward) or arrive at them (backward).
GetEdges = Callable[[frozenset[int], frozenset[LinkType], str], Iterable[Edge]]


@dataclass(frozen=True)
class Rules:
    """Link types to follow from source to target (`forward`) and the other way; `applied` is every rule with its value."""

    forward: frozenset[LinkType]
    backward: frozenset[LinkType]
    applied: dict[str, bool] = field(default_factory=dict, compare=False)


@dataclass
class Closure:
    """What was reached: nodes, with those we started from, and the links that were followed."""

    nodes: set[int]
    links: set[Edge]


def resolve_rules(ruleset: GraphTraversalRules = GraphTraversalRules.DEFAULT, **toggles: bool) -> Rules:
    """Return the rules of a set with a user's changes; raise for a rule that does not exist or may not be changed."""
    if not isinstance(ruleset, GraphTraversalRules):
        raise TypeError(
            f"ruleset input must be of type aiida.common.links.GraphTraversalRules\ninstead, it is: {type(ruleset)}"
        )
    known = ruleset.value
    if unknown := [name for name in toggles if name not in known]:
        raise ValidationError(
            f"unrecognized keywords: {', '.join(unknown)}: the traversal rules are {', '.join(known)}"
        )
    applied = {name: rule.default for name, rule in known.items()}
    for name, follow in toggles.items():
        if not isinstance(follow, bool):
            raise ValueError(f"the value of rule {name} must be boolean, but it is: {follow}")
        if not known[name].toggleable and follow != known[name].default:
            raise ValueError(f"input rule {name} is not toggleable for ruleset {ruleset}: it is {known[name].default}")
        applied[name] = follow

    def followed(direction: str) -> frozenset[LinkType]:
        return frozenset(
            rule.link_type for name, rule in known.items() if applied[name] and rule.direction == direction
        )

    return Rules(followed(FORWARD), followed(BACKWARD), applied)


def close(
    start: Iterable[int],
    rules: Rules,
    get_edges: GetEdges,
    *,
    max_steps: int | None = None,
    on_step: Callable[[int], Any] | None = None,
) -> Closure:
    """Follow links from the nodes until nothing new is found, or `max_steps` times; `on_step` is told how many nodes there are."""
    reached = Closure(set(start), set())
    frontier = frozenset(reached.nodes)
    steps = 0
    while frontier and (max_steps is None or steps < max_steps):
        found: set[int] = set()
        for direction, link_types in ((FORWARD, rules.forward), (BACKWARD, rules.backward)):
            if not link_types:
                continue
            for edge in get_edges(frontier, link_types, direction):
                reached.links.add(edge)
                found.add(edge.target_id if direction == FORWARD else edge.source_id)
        frontier = frozenset(found - reached.nodes)
        reached.nodes |= frontier
        steps += 1
        if on_step is not None:
            on_step(len(reached.nodes))
    return reached
