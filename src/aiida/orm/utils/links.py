"""Links as values, and the check whether a link may be added."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple

from aiida.common.exceptions import NotExistent
from aiida.common.lang import type_check
from aiida.common.links import LinkType

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node
    from aiida.storage.store import Store

__all__ = ("LinkManager", "LinkPair", "LinkTriple", "nest", "validate_link")

SEPARATOR = "__"


class LinkPair(NamedTuple):
    """A link without its nodes."""

    link_type: LinkType
    link_label: str


class LinkTriple(NamedTuple):
    """A link seen from one end: the node at the other, the type and the label."""

    node: Any
    link_type: LinkType
    link_label: str


class LinkManager:
    """The links of a node, as a list with conveniences."""

    def __init__(self, link_triples: list[LinkTriple]) -> None:
        self.link_triples = link_triples

    def __iter__(self) -> Generator[LinkTriple, None, None]:
        return self.next()

    def __next__(self) -> Generator[LinkTriple, None, None]:
        return self.next()

    def __bool__(self) -> bool:
        return bool(self.link_triples)

    def next(self) -> Generator[LinkTriple, None, None]:
        """Iterate over the links."""
        yield from self.link_triples

    def one(self) -> LinkTriple:
        """Return the only link, else raise `ValueError`."""
        if len(self.link_triples) > 1:
            raise ValueError("more than one entry found")
        if not self.link_triples:
            raise ValueError("no entries found")
        return self.link_triples[0]

    def first(self) -> LinkTriple | None:
        """Return the first link, or `None`."""
        return self.link_triples[0] if self.link_triples else None

    def all(self) -> list[LinkTriple]:
        """Return all links."""
        return self.link_triples

    def all_nodes(self) -> list[Node]:
        """Return the nodes."""
        return [link.node for link in self.link_triples]

    def all_link_pairs(self) -> list[LinkPair]:
        """Return types and labels."""
        return [LinkPair(link.link_type, link.link_label) for link in self.link_triples]

    def all_link_labels(self) -> list[str]:
        """Return the labels."""
        return [link.link_label for link in self.link_triples]

    def get_node_by_label(self, label: str) -> Node:
        """Return the node whose link has this label; `NotExistent` or `MultipleObjectsError`-like `ValueError` otherwise."""
        found = [link.node for link in self.link_triples if link.link_label == label]
        if not found:
            raise NotExistent(f"no neighbor with the label {label} found")
        if len(found) > 1:
            raise ValueError(f"multiple neighbors with the label {label} found")
        return found[0]  # type: ignore[no-any-return]

    def nested(self, sort: bool = True) -> Any:
        """Return the nodes by label, with a level for each double underscore in it."""
        pairs = [(link.link_label, link.node) for link in self.link_triples]
        return nest(sorted(pairs, key=lambda pair: pair[0]) if sort else pairs, OrderedDict, dict)


def nest(pairs: Any, top: Any, inner: Any) -> Any:
    """Return the values by label as nested mappings; two values for one place are a `KeyError`."""
    nested = top()
    for label, value in pairs:
        words = label.split(SEPARATOR)
        space = nested
        for word in words[:-1]:
            space = space.setdefault(word, inner())
            if not isinstance(space, dict):
                raise KeyError(f"duplicate label '{label}' in namespace '{word}'")
        if words[-1] in space:
            raise KeyError(f"duplicate label '{words[-1]}'")
        space[words[-1]] = value
    return nested


def validate_link(
    source: Node, target: Node, link_type: LinkType, link_label: str, backend: Store | None = None
) -> None:
    """Raise if the rules of the graph forbid a link from `source` to `target`."""
    type_check(link_type, LinkType, f"link_type should be a LinkType enum but got: {type(link_type)}")
    target.base.links._check_link(source, link_type, link_label)
