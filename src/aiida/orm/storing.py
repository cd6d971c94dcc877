"""Storing nodes: everything that must be true before, the files, then all rows and links in one transaction.

Files go to the object store first: a crash leaves at worst an object that no row names. The hash is computed before the
insert and written by it, so a data node costs one statement and one commit.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import ModificationNotAllowed
from aiida.common.links import LinkType
from aiida.graph.records import LinkRow

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node
    from aiida.orm.utils.links import LinkTriple
    from aiida.storage.store import Store

__all__ = ("Link", "Prepared", "after_store", "prepare_nodes", "store_nodes")

Link = tuple["Node", "Node", LinkType, str]
Prepared = list[Callable[[], Any]]

# Called with the nodes once they are in the transaction (the automatic group of `verdi run` adds them).
after_store: list[Callable[[Sequence[Any]], None]] = []


def store_nodes(nodes: Sequence[Node], links: Iterable[Link] = (), prepared: Prepared | None = None) -> None:
    """Store nodes, their waiting incoming links, and the given links: all or nothing.

    `links` are quadruples (source, target, type, label) and are taken as checked. Sources must be stored or among `nodes`.
    Who stores within a transaction of its own gives what `prepare_nodes` returned before it, so that no file is written in it.
    """
    new = [node for node in nodes if not node.is_stored]
    extra = list(links)
    if not new and not extra:
        return
    store = (new[0] if new else extra[0][0]).backend
    with _without_collections(len(new)):
        _store(store, new, extra, prepare_nodes(new) if prepared is None else prepared)


def _store(store: Store, new: list[Node], extra: list[Link], prepared: Prepared) -> None:
    with store.transaction() as transaction:
        if new:
            store.insert([node._row for node in new])
        rows = [_row(source, target, kind, label) for source, target, kind, label in extra]
        rows += [_row(link.node, node, link.link_type, link.link_label) for node in new for link in node._pending]
        if rows:
            store.insert(rows)
        undo = [node._mark_stored() for node in new]
        transaction.after_rollback(lambda: [back() for back in (*undo, *prepared)])
        for node in new:
            node._after_insert()
        for hook in after_store:
            hook(new)


_MANY = 500


@contextmanager
def _without_collections(count: int) -> Iterator[None]:
    """Many nodes are hundreds of thousands of objects, none of them garbage: a collector that looks through them over and over takes half the time."""
    pause = count >= _MANY and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


def _row(source: Node, target: Node, link_type: LinkType, label: str) -> LinkRow:
    return LinkRow(input_id=source._row.id, output_id=target._row.id, label=label, type=link_type.value)  # type: ignore[arg-type]


def prepare_nodes(nodes: Sequence[Node]) -> Prepared:
    """Validate and complete the rows; nothing is written yet but files. Returns what undoes it, for one `store_nodes`."""
    together = {id(node) for node in nodes}
    undo: Prepared = []
    for node in nodes:
        node._validate_storability()
        node._validate()
        for link in node._pending:
            if not link.node.is_stored and id(link.node) not in together:
                raise _source_unstored(link)
    try:
        for node in _sources_first(nodes):
            undo.append(node._ready_row())
    except BaseException:
        for back in reversed(undo):
            back()
        raise
    return undo


def _source_unstored(link: LinkTriple) -> ModificationNotAllowed:
    return ModificationNotAllowed(f"Cannot store because source node of link triple {link} is not stored")


def _sources_first(nodes: Sequence[Node]) -> list[Node]:
    """Order nodes so that a hash can be made of the hashes of inputs."""
    if len(nodes) == 1:
        return list(nodes)
    together = {id(node) for node in nodes}
    ordered: dict[int, Node] = {}
    seen: set[int] = set()
    # By a stack of our own: a chain of nodes may be longer than Python's.
    stack = [(node, False) for node in reversed(nodes)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            ordered[id(node)] = node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((link.node, False) for link in reversed(node._pending) if id(link.node) in together)
    return list(ordered.values())
