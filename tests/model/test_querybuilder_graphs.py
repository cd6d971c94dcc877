"""Joins and walks on random graphs against brute force, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiida.graph.records import GroupNodeRow, GroupRow, LinkRow, NodeRow, UserRow
from aiida.orm.querybuilder import QueryBuilder
from tests.model.query_stores import postgres_store, sqlite_store

SIZE = 9
TYPES = ("create", "input_calc", "input_work", "return")
WALKED = ("create", "input_calc")

Edge = tuple[int, int, str]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.real("postgres"))])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    with (sqlite_store if request.param == "sqlite" else postgres_store)() as found:
        yield found


class Graph:
    """Nodes and links in a store, and the same in memory."""

    def __init__(self, store: Any, edges: list[Edge], members: set[int]) -> None:
        self.store = store
        for kind in (LinkRow, GroupNodeRow, GroupRow, NodeRow):
            store.delete(kind, [row.id for row in store.find(kind)])
        user = store.find(UserRow)[0].id
        nodes = [NodeRow(node_type="data.core.int.Int.", label=f"n{at}", user_id=user, attributes={"at": at}) for at in range(SIZE)]
        store.insert(nodes)
        self.pks = [node.id or 0 for node in nodes]
        self.at = {pk: at for at, pk in enumerate(self.pks)}
        self.edges = edges
        links = [LinkRow(input_id=self.pks[one], output_id=self.pks[two], label="x", type=kind) for one, two, kind in edges]
        store.insert(links)
        group = GroupRow(label="members", type_string="core", user_id=user)
        store.insert([group])
        store.insert([GroupNodeRow(dbnode_id=self.pks[at], dbgroup_id=group.id or 0) for at in sorted(members)])

    def paths(self, start: int, down: bool) -> list[list[int]]:
        """Return all paths of data provenance from a node, ancestors first."""
        found: list[list[int]] = []
        heads = [[start]]
        while heads:
            longer = []
            for path in heads:
                for one, two, kind in self.edges:
                    near, far = (one, two) if down else (two, one)
                    if kind in WALKED and near == path[-1]:
                        longer.append([*path, far])
            found += longer
            heads = longer
        return found if down else [path[::-1] for path in found]


# Links go upwards, so that there is no cycle; returns may go anywhere.
EDGES = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.sampled_from(TYPES)).filter(lambda edge: edge[0] < edge[1] or edge[2] == "return" and edge[0] != edge[1]),
    max_size=16,
    unique=True,
)
ENDS = st.sampled_from([{}, {"attributes.at": {"<": 4}}, {"label": "n5"}, {"label": {"in": ["n2", "n7"]}}])
CHECKS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def fits(at: int, filters: dict[str, Any]) -> bool:
    """Return whether a node satisfies one of the filters above."""
    if "attributes.at" in filters:
        return at < 4
    label = filters.get("label")
    return label is None or f"n{at}" in (label["in"] if isinstance(label, dict) else [label])


@CHECKS
@given(edges=EDGES, members=st.sets(st.integers(0, SIZE - 1)), near=ENDS, far=ENDS, down=st.booleans(), grouped=st.booleans())
def test_walks(store: Any, edges: list[Edge], members: set[int], near: Any, far: Any, down: bool, grouped: bool) -> None:
    graph = Graph(store, edges, members)
    starts = [at for at in range(SIZE) if fits(at, near) and (not grouped or at in members)]
    paths = [(start, path) for start in starts for path in graph.paths(start, down) if fits(path[-1 if down else 0], far)]
    keyword = "with_ancestors" if down else "with_descendants"

    def run(**edge: Any) -> list[Any]:
        query = QueryBuilder(store)
        if grouped:
            query.append(entity_type="group.core", tag="g").append(entity_type="", tag="s", with_group="g", filters=near, project="id")
        else:
            query.append(entity_type="", tag="s", filters=near, project="id")
        query.append(entity_type="", tag="e", filters=far, project="id", joining_keyword=keyword, joining_value="s", **edge)
        assert query.count() == len(query.all())
        return [(graph.at[row[0]], graph.at[row[1]], *row[2:]) for row in query.all()]

    end = -1 if down else 0
    assert sorted(run()) == sorted({(start, path[end]) for start, path in paths})
    assert sorted(run(edge_project="depth")) == sorted({(start, path[end], len(path) - 2) for start, path in paths})
    shallow = run(edge_project="depth", edge_filters={"depth": {"<=": 1}})
    assert sorted(shallow) == sorted({(start, path[end], len(path) - 2) for start, path in paths if len(path) <= 3})
    with_paths = [(one, two, [graph.at[pk] for pk in path]) for one, two, path in run(edge_project="path")]
    # Two links between the same nodes make one path, as a path is named by its nodes.
    assert sorted(with_paths) == sorted({(start, path[end], tuple(path)): (start, path[end], path) for start, path in paths}.values())


@CHECKS
@given(edges=EDGES, members=st.sets(st.integers(0, SIZE - 1)), near=ENDS, kind=st.sampled_from(TYPES), down=st.booleans(), outer=st.booleans())
def test_links_and_groups(store: Any, edges: list[Edge], members: set[int], near: Any, kind: str, down: bool, outer: bool) -> None:
    graph = Graph(store, edges, members)
    keyword = "with_incoming" if down else "with_outgoing"
    query = QueryBuilder(store).append(entity_type="", tag="s", filters=near, project="id")
    query.append(entity_type="", tag="e", project="id", joining_keyword=keyword, joining_value="s", outerjoin=outer, edge_project="type")
    steps = [(one, two, type_) if down else (two, one, type_) for one, two, type_ in edges]
    expected: list[Any] = [step for step in steps if fits(step[0], near)]
    if outer:
        linked = {step[0] for step in steps}
        expected += [(at, -1, "") for at in range(SIZE) if fits(at, near) and at not in linked]
    found = [(graph.at[one], -1 if two is None else graph.at[two], type_ or "") for one, two, type_ in query.all()]
    assert sorted(found) == sorted(expected)
    query.add_filter("s--e", {"type": kind})
    assert query.count() == sum(step[2] == kind for step in steps if fits(step[0], near))

    query = QueryBuilder(store).append(entity_type="", tag="n", project="id", filters=near)
    query.append(entity_type="group.core", with_node="n", project="label", outerjoin=outer)
    expected = [(at, "members" if at in members else None) for at in range(SIZE) if fits(at, near) and (outer or at in members)]
    assert sorted((graph.at[pk], label) for pk, label in query.all()) == expected


def test_a_reader_that_stops_early_gives_its_connection_back(store: Any) -> None:
    graph = Graph(store, [], set())
    for _ in range(20):
        rows = QueryBuilder(store).append(entity_type="", tag="n", project="id").order_by({"n": "id"}).iterall(batch_size=2)
        assert next(rows) == [graph.pks[0]]
        rows.close()
    assert len(store._pool._lent) == 0


def test_queries_run_in_many_threads(store: Any) -> None:
    graph = Graph(store, [(at, at + 1, "create") for at in range(SIZE - 1)], set())
    results: list[int] = []

    def work() -> None:
        for at in range(SIZE):
            query = QueryBuilder(store).append(entity_type="", tag="n", filters={"id": graph.pks[at]})
            results.append(query.append(entity_type="", with_ancestors="n", project="id").count())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(list(range(SIZE)) * 4)
