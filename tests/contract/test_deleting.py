"""Deleting, on every storage: what the rules take along, what is told before, what is refused."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator

import pytest

from aiida import orm
from aiida.common.exceptions import InvalidOperation, NotExistent
from aiida.common.links import GraphTraversalRules, LinkType
from aiida.common.slots import current_store
from aiida.graph.records import LinkRow, NodeRow
from aiida.graph.traversal import Edge, close, resolve_rules
from aiida.storage.backends import StorageBackend
from aiida.tools import delete_group_nodes, delete_nodes
from aiida.tools.graph.deletions import preview
from aiida.tools.graph.graph_traversers import get_nodes_delete, get_nodes_export, traverse_graph


@pytest.fixture
def current(store: StorageBackend) -> Iterator[StorageBackend]:
    with current_store.override(store):
        yield store


def make_graph(store: StorageBackend, rng: random.Random, count: int = 40) -> tuple[list[int], list[Edge]]:
    """A graph with rings, as calls and returns make them; links of any type, for the walk does not ask what is legal."""
    rows = [NodeRow(node_type="data.", user_id=1) for _ in range(count)]
    store.insert(rows)
    ids = [row.id or 0 for row in rows]
    edges = {Edge(rng.choice(ids), rng.choice(ids), rng.choice(list(LinkType)), f"l{i}") for i in range(2 * count)}
    store.insert([LinkRow(input_id=edge.source_id, output_id=edge.target_id, label=edge.label, type=edge.link_type.value) for edge in edges])
    return ids, list(edges)


def test_closures_are_those_of_the_table(current: StorageBackend, rng: random.Random) -> None:
    """The database's walk against the one in memory, for both sets of rules and any of their switches."""
    ids, edges = make_graph(current, rng)

    def get_edges(nodes: frozenset[int], types: frozenset[LinkType], direction: str) -> list[Edge]:
        return [one for one in edges if one.link_type in types and (one.source_id if direction == "forward" else one.target_id) in nodes]

    for _ in range(12):
        start = rng.sample(ids, 2)
        for ruleset, walk in ((GraphTraversalRules.DELETE, get_nodes_delete), (GraphTraversalRules.EXPORT, get_nodes_export)):
            switches = {name: rng.random() < 0.5 for name, rule in ruleset.value.items() if rule.toggleable}
            wanted = close(start, resolve_rules(ruleset, **switches), get_edges)
            found = walk(start, get_links=True, **switches)
            assert found["nodes"] == wanted.nodes
            assert found["links"] == {(one.source_id, one.target_id, one.link_type.value, one.label) for one in wanted.links}
        rules = resolve_rules(GraphTraversalRules.DELETE)
        steps = rng.randrange(4)
        bounded = traverse_graph(start, max_iterations=steps, links_forward=rules.forward, links_backward=rules.backward)
        assert bounded["nodes"] == close(start, rules, get_edges, max_steps=steps).nodes


def test_no_rules_reach_nothing_else(current: StorageBackend, rng: random.Random) -> None:
    ids, _ = make_graph(current, rng)
    assert traverse_graph(ids[:3])["nodes"] == set(ids[:3])
    with pytest.raises(NotExistent, match="99999"):
        traverse_graph([99_999])


def test_a_preview_counts_what_goes(current: StorageBackend) -> None:
    """Nodes by type, links, files with their size; equal files are kept once."""
    folder, twin = orm.FolderData(), orm.FolderData()
    for node in (folder, twin):
        node.base.repository.put_object_from_bytes(b"x" * 1000, "a/b")
    folder.base.repository.put_object_from_bytes(b"y" * 500, "c")
    calculation = orm.CalcFunctionNode()
    folder.store(), twin.store()
    calculation.base.links.add_incoming(folder, LinkType.INPUT_CALC, "folder")
    calculation.store()
    pks = {node.pk or 0 for node in (folder, twin, calculation)}
    for _ in range(2):  # loose, then packed
        found = preview(pks)
        assert (found.nodes, found.links, found.files, found.bytes) == (3, 1, 2, 1500)
        assert found.types == {"data.core.folder.FolderData": 2, "process.calculation.calcfunction.CalcFunctionNode": 1}
        assert str(found).startswith("3 nodes (2 data.core.folder.FolderData, 1 ") and "1 links, 2 files of 0.0 MB" in str(found)
        current.maintain()


def test_a_dry_run_deletes_nothing(current: StorageBackend, caplog: pytest.LogCaptureFixture) -> None:
    node = orm.Int(1).store()
    pk = node.pk or 0
    assert delete_nodes([pk]) == ({pk}, False)
    assert delete_nodes([pk], dry_run=True) == ({pk}, False)
    asked: list[set[int]] = []
    assert delete_nodes([pk], dry_run=lambda pks: bool(asked.append(pks)) or True) == ({pk}, False)
    assert asked == [{pk}]
    with caplog.at_level(logging.WARNING, "aiida.tools.delete"):
        assert delete_nodes([pk, 99_999], dry_run=lambda pks: False) == ({pk}, True)
    assert "99999" in caplog.text
    with pytest.raises(NotExistent):
        orm.load_node(pk)


def test_nodes_of_a_group(current: StorageBackend) -> None:
    """They go; the group, and what is not in it, stay."""
    inside, outside = orm.Int(1).store(), orm.Int(2).store()
    group = orm.Group("g").store()
    group.add_nodes([inside])
    assert delete_group_nodes([group.pk or 0]) == ({inside.pk}, False)
    assert delete_group_nodes([group.pk or 0], dry_run=False) == ({inside.pk}, True)
    assert orm.load_group("g").count() == 0
    assert orm.load_node(outside.pk).value == 2


def test_what_is_alive_is_not_deleted_and_nothing_else_is(current: StorageBackend) -> None:
    """A process that has not ended keeps the whole deletion from happening."""
    data, process = orm.Int(1).store(), orm.CalcJobNode()
    process.base.links.add_incoming(data, LinkType.INPUT_CALC, "x")
    process.store()
    with current.transaction() as transaction:
        transaction.execute(f"INSERT INTO task (process) VALUES ({process.pk})")
    with pytest.raises(InvalidOperation, match="have not ended"):
        delete_nodes([data.pk or 0], dry_run=False)
    assert orm.QueryBuilder().append(orm.Node).count() == 2
