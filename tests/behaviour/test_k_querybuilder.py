"""BEHAVIOUR K: QueryBuilder idioms."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import Any

import pytest

from aiida import orm
from aiida.common.exceptions import MultipleObjectsError, NotExistent
from aiida.common.links import LinkType
from aiida.common.slots import current_store
from aiida.engine import CalcJob, WorkChain
from aiida.orm import QueryBuilder
from aiida.plugins import CalculationFactory
from tests.model.query_stores import sqlite_store


@pytest.fixture
def graph() -> Any:
    """A small graph in a store of its own: a, b → c1 → o1 → c2 → o2; all but c2 in groups."""
    with sqlite_store() as store, current_store.override(store):
        nodes: dict[str, Any] = {}
        computer = orm.Computer("here", "localhost", transport_type="core.local", scheduler_type="core.direct").store()
        for label, value in (("a", 1), ("b", 2)):
            nodes[label] = orm.Int(value, label=label).store()
        nodes["c1"] = orm.CalcJobNode(label="c1", computer=computer, process_type="aiida.calculations:core.arithmetic.add")
        nodes["c1"].base.attributes.set("exit_status", 0)
        nodes["c1"].base.links.add_incoming(nodes["a"], LinkType.INPUT_CALC, "x")
        nodes["c1"].base.links.add_incoming(nodes["b"], LinkType.INPUT_CALC, "y")
        nodes["c1"].store()
        nodes["o1"] = orm.Dict({"k": {"deep": 3}, "mesh": [2, 4]}, label="o1")
        nodes["o1"].base.links.add_incoming(nodes["c1"], LinkType.CREATE, "result")
        nodes["o1"].store()
        nodes["c2"] = orm.CalcFunctionNode(label="c2")
        nodes["c2"].base.links.add_incoming(nodes["o1"], LinkType.INPUT_CALC, "z")
        nodes["c2"].store()
        nodes["o2"] = orm.Str("text", label="o2")
        nodes["o2"].base.links.add_incoming(nodes["c2"], LinkType.CREATE, "result")
        nodes["o2"].store()
        group = orm.Group("numbers").store()
        group.add_nodes([nodes["a"], nodes["b"]])
        nodes["group"] = group
        yield nodes


def labels(query: QueryBuilder) -> list[str]:
    """Return the labels of the nodes that a query gives."""
    return sorted(row[0].label for row in query.all())


def test_k01_append_with_filters_tags_and_joins(graph: Any) -> None:
    assert labels(QueryBuilder().append(orm.Int, filters={"label": "a"})) == ["a"]
    assert labels(QueryBuilder().append(orm.Group, filters={"label": "numbers"}, tag="g").append(orm.Int, with_group="g")) == ["a", "b"]
    assert labels(QueryBuilder().append(orm.Node, filters={"label": "c1"}, tag="c").append(orm.Node, with_outgoing="c")) == ["a", "b"]
    assert labels(QueryBuilder().append(orm.Node, filters={"label": "c1"}, tag="c").append(orm.Node, with_incoming="c")) == ["o1"]
    assert labels(QueryBuilder().append(orm.Int, filters={"label": "a"}).append(orm.Node, with_ancestors=orm.Int)) == ["c1", "c2", "o1", "o2"]
    assert labels(QueryBuilder().append(orm.Str, tag="s").append(orm.Int, with_descendants="s")) == ["a", "b"]
    assert QueryBuilder().append(orm.Int, filters={"label": "a"}).append(orm.Group, with_node=orm.Int, project="label").all() == [["numbers"]]
    assert labels(QueryBuilder().append(orm.Computer, tag="m").append(orm.CalcJobNode, with_computer="m")) == ["c1"]
    assert len(QueryBuilder().append(orm.User, tag="u").append(orm.Int, with_user="u").all()) == 2


def test_k01_edges_subclassing_tuples_and_texts(graph: Any) -> None:
    query = QueryBuilder().append(orm.CalcJobNode, tag="c")
    query.append(orm.Int, with_outgoing="c", project="label", edge_filters={"label": "x"}, edge_project=["label", "type"])
    assert query.all() == [["a", "x", "input_calc"]]
    assert labels(QueryBuilder().append(orm.Data)) == ["a", "b", "o1", "o2"]
    assert labels(QueryBuilder().append(orm.Data, subclassing=False)) == []
    assert labels(QueryBuilder().append(cls=orm.Int)) == ["a", "b"]
    assert labels(QueryBuilder().append((orm.Int, orm.Str))) == ["a", "b", "o2"]
    assert labels(QueryBuilder().append([orm.Int, orm.Str])) == ["a", "b", "o2"]
    assert labels(QueryBuilder().append(entity_type="data.core.int.Int.")) == ["a", "b"]
    query = QueryBuilder().append(orm.Str, tag="s").append(orm.Node, joining_keyword="with_outgoing", joining_value="s")
    assert labels(query) == ["c2"]


def test_k02_the_first_argument_is_a_class_of_any_kind(graph: Any) -> None:
    assert labels(QueryBuilder().append(CalculationFactory("core.arithmetic.add"))) == ["c1"]
    assert labels(QueryBuilder().append(CalcJob)) == ["c1"]
    assert QueryBuilder().append(WorkChain).all() == []
    assert [group.label for group in QueryBuilder().append(orm.Group).all(flat=True)] == ["numbers"]
    for wrong in ("Int", 3, graph["a"]):
        with pytest.raises((ValueError, TypeError), match="not a class"):
            QueryBuilder().append(wrong)
    with pytest.raises(ValueError, match="do not know what to do"):
        QueryBuilder().append(dict)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"label": "a"}, ["a"]),
        ({"label": {"==": "a"}}, ["a"]),
        ({"label": {"in": ["a", "b"]}}, ["a", "b"]),
        ({"label": {"in": ("a", "zz")}}, ["a"]),
        ({"label": {"like": "c%"}}, ["c1", "c2"]),
        ({"label": {"ilike": "C%"}}, ["c1", "c2"]),
        ({"attributes.mesh": {"contains": [4]}}, ["o1"]),
        ({"attributes": {"has_key": "mesh"}}, ["o1"]),
        ({"attributes": {"~has_key": "value"}}, ["c1", "c2", "o1"]),
        ({"attributes.value": {">": 1}}, ["b"]),
        ({"label": {"!in": ["a", "b"]}}, ["c1", "c2", "o1", "o2"]),
        ({"label": {"!==": "a"}}, ["b", "c1", "c2", "o1", "o2"]),
        ({"or": [{"label": "a"}, {"attributes.value": 2}]}, ["a", "b"]),
        ({"attributes.value": {"or": [{"==": 1}, {"==": 2}]}}, ["a", "b"]),
        ({"attributes.value": {"and": [{">": 0}, {"<": 2}]}}, ["a"]),
        ({"and": [{"label": {"like": "o%"}}, {"attributes": {"!has_key": "k"}}]}, ["o2"]),
    ],
)
def test_k03_operators(graph: Any, filters: dict[str, Any], expected: list[str]) -> None:
    assert labels(QueryBuilder().append(orm.Node, filters=filters)) == expected


def test_k03_mistakes_are_named_where_they_are_made(graph: Any) -> None:
    with pytest.raises(ValueError, match="Unknown operator equals"):
        QueryBuilder().append(orm.Node, filters={"label": {"equals": "a"}})
    with pytest.raises(ValueError, match="empty list"):
        QueryBuilder().append(orm.Node, filters={"id": {"in": []}})
    with pytest.raises(ValueError, match="more than one type"):
        QueryBuilder().append(orm.Node, filters={"attributes.value": {"in": [1, "a"]}})
    with pytest.raises(TypeError, match="could not be iterated"):
        QueryBuilder().append(orm.Node, filters={"id": {"in": 3}})


def test_k03_comparison_with_none_follows_postgresql(graph: Any) -> None:
    assert labels(QueryBuilder().append(orm.Node, filters={"computer": None})) == ["a", "b", "c2", "o1", "o2"]
    assert labels(QueryBuilder().append(orm.Node, filters={"computer": {"!==": None}})) == ["c1"]
    assert labels(QueryBuilder().append(orm.Int, filters={"attributes.value": None})) == []
    assert labels(QueryBuilder().append(orm.Int, filters={"attributes.value": {"!==": None}})) == ["a", "b"]


def test_k04_fields(graph: Any) -> None:
    assert labels(QueryBuilder().append(orm.Node, filters={"pk": graph["a"].pk})) == ["a"]
    assert labels(QueryBuilder().append(orm.Node, filters={"uuid": graph["a"].uuid})) == ["a"]
    assert labels(QueryBuilder().append(orm.Node, filters={"uuid": {"like": f"{graph['a'].uuid[:10]}%"}})) == ["a"]
    assert labels(QueryBuilder().append(orm.CalcJobNode, filters={"attributes.exit_status": 0})) == ["c1"]
    assert labels(QueryBuilder().append(orm.Dict, filters={"attributes.k.deep": 3})) == ["o1"]
    assert labels(QueryBuilder().append(orm.Dict, filters={"attributes.mesh.0": 2})) == ["o1"]
    assert labels(QueryBuilder().append(orm.Dict, filters={"attributes.mesh.-1": {">": 3}})) == ["o1"]
    assert QueryBuilder().append(orm.User, filters={"email": {"like": "%@%"}}).count() == 1
    assert QueryBuilder().append(orm.Group, filters={"type_string": "core"}).count() == 1
    with pytest.raises(ValueError, match=r"(?s)nothing is not a column of node.*Valid columns are.*pk \(alias for id\)"):
        QueryBuilder().append(orm.Node, filters={"nothing": 1})


def test_k05_negations_hold_where_the_key_is_missing(graph: Any) -> None:
    everyone = ["a", "b", "c1", "c2", "o1", "o2"]
    assert labels(QueryBuilder().append(orm.Node, filters={"attributes.absent": {"!==": 1}})) == everyone
    assert labels(QueryBuilder().append(orm.Node, filters={"extras": {"!has_key": "absent"}})) == everyone
    assert labels(QueryBuilder().append(orm.Node, filters={"extras.absent": {"!has_key": "deeper"}})) == everyone


def test_k06_a_later_filter_on_the_same_field_replaces_the_earlier(graph: Any) -> None:
    query = QueryBuilder().append(orm.Int, tag="i", filters={"label": "a"})
    query.add_filter("i", {"label": "b"}).add_filter(orm.Int, {"attributes.value": {">": 0}})
    assert labels(query) == ["b"]


def test_k07_projections(graph: Any) -> None:
    def project(what: Any) -> list[Any]:
        return QueryBuilder().append(orm.Dict, project=what).one()

    node = graph["o1"]
    assert project("*")[0] == node and project(["*"])[0].uuid == node.uuid
    assert project(["id", "label", "uuid"]) == [node.pk, "o1", node.uuid]
    assert project(["ctime"]) == [node.ctime]
    assert project(["attributes", "extras"])[0] == {"k": {"deep": 3}, "mesh": [2, 4]}
    assert project(["attributes.k.deep", "attributes.absent", "attributes.mesh.1"]) == [3, None, 4]
    query = QueryBuilder().append(orm.Int, tag="a").append(orm.CalcJobNode, with_incoming="a")
    assert query.distinct().all() == [[graph["c1"]]]
    with pytest.raises(ValueError, match="multiple times"):
        project(["id", "id"])


def test_k08_shapes(graph: Any) -> None:
    query = QueryBuilder().append(orm.Int, tag="i", project=["label", "attributes.value"]).order_by({"i": "id"})
    assert query.all() == [["a", 1], ["b", 2]]
    assert query.all(flat=True) == ["a", 1, "b", 2]
    assert query.first() == ["a", 1] and query.first(flat=True) == ["a", 1]
    assert list(query.iterall()) == query.all()
    assert query.dict() == [{"i": {"label": "a", "attributes.value": 1}}, {"i": {"label": "b", "attributes.value": 2}}]
    assert list(query.iterdict()) == query.dict()
    one = QueryBuilder().append(orm.Str, project="label")
    assert one.one() == ["o2"] and one.first(flat=True) == "o2" and one.dict() == [{"Str_1": {"label": "o2"}}]
    none = QueryBuilder().append(orm.Float)
    assert none.first() is None and none.first(flat=True) is None and none.all() == [] and none.count() == 0
    with pytest.raises(NotExistent):
        none.one()
    with pytest.raises(MultipleObjectsError):
        query.one()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({orm.Int: {"ctime": "desc"}}, ["b", "a"]),
        ({"i": {"ctime": "asc"}}, ["a", "b"]),
        ({"i": [{"id": {"order": "desc", "cast": "i"}}]}, ["b", "a"]),
        ({"i": [{"attributes.value": {"order": "desc", "cast": "i"}}]}, ["b", "a"]),
        ({"i": ["id"]}, ["a", "b"]),
        ({orm.Int: "ctime"}, ["a", "b"]),
        ([{"i": {"label": "desc"}}, {"i": "id"}], ["b", "a"]),
    ],
)
def test_k09_order_by_forms(graph: Any, order: Any, expected: list[str]) -> None:
    assert QueryBuilder().append(orm.Int, tag="i", project="label").order_by(order).all(flat=True) == expected


def test_k09_order_by_json_needs_a_cast(graph: Any) -> None:
    with pytest.raises(ValueError, match="has to be cast"):
        QueryBuilder().append(orm.Int, tag="i").order_by({"i": "attributes.value"})


def test_k10_construction_and_dictionaries(graph: Any) -> None:
    query = QueryBuilder(
        path=[{"cls": orm.CalcJobNode, "tag": "c"}, {"cls": orm.Int, "tag": "i", "with_outgoing": "c"}],
        filters={"i": {"attributes.value": {">": 0}}},
        project={"i": ["label"]},
        limit=1,
        offset=1,
        order_by={"i": "id"},
    )
    assert query.all() == [["b"]]
    again = QueryBuilder.from_dict(query.as_dict())
    assert again.all() == [["b"]] and again.as_dict() == query.as_dict() and again.spec == query.spec
    query = QueryBuilder()
    assert query.append(orm.Int) is query and query.order_by({orm.Int: "id"}) is query and query.limit(1) is query


def test_k11_conditions_from_fields(graph: Any) -> None:
    assert labels(QueryBuilder().append(orm.Dict, filters=orm.Dict.fields.label == "o1")) == ["o1"]
    assert labels(QueryBuilder().append(orm.Int, filters=(orm.Int.fields.label == "a") | (orm.Int.fields.pk == graph["b"].pk))) == ["a", "b"]
    assert labels(QueryBuilder().append(orm.Int, filters=~(orm.Int.fields.label == "a"))) == ["b"]
    assert labels(QueryBuilder().append(orm.Int, filters=orm.Int.fields.value > 1)) == ["b"]
    assert QueryBuilder().append(orm.Dict, project=[orm.Dict.fields.attributes["k"]["deep"]]).one() == [3]


def test_relations_that_lead_elsewhere_are_refused(graph: Any) -> None:
    with pytest.raises(ValueError, match="not a valid keyword for 'node' joining specification"):
        QueryBuilder().append(orm.Int, tag="a").append(orm.Int, with_nothing="a")
    with pytest.raises(ValueError, match="leads to a group"):
        QueryBuilder().append(orm.Int, tag="a").append(orm.Int, with_group="a")
    with pytest.raises(ValueError, match="already specified joining specification"):
        QueryBuilder().append(orm.Int, tag="a").append(orm.Int, with_incoming="a", with_outgoing="a")
    with pytest.raises(ValueError, match="not among my known tags"):
        QueryBuilder().append(orm.Int, tag="a").append(orm.Int, with_incoming="b")
    with pytest.raises(ValueError, match="already in use"):
        QueryBuilder().append(orm.Int, tag="a").append(orm.Int, tag="a")


def test_a_ladder_costs_by_its_nodes(graph: Any) -> None:
    """Thirty rungs make 2^30 paths between the ends."""
    from aiida.graph.records import LinkRow, NodeRow, UserRow  # noqa: PLC0415

    store = current_store.get()
    user = store.find(UserRow)[0].id
    rungs = [[NodeRow(node_type="data.core.int.Int.", label=f"r{i}", user_id=user) for _ in range(2)] for i in range(31)]
    store.insert([node for rung in rungs for node in rung])
    steps = zip(rungs, rungs[1:], strict=False)
    links = [LinkRow(input_id=one.id or 0, output_id=two.id or 0, label="x", type="create") for lower, upper in steps for one in lower for two in upper]
    store.insert(links)
    query = QueryBuilder().append(orm.Node, filters={"id": rungs[0][0].id}, tag="n").append(orm.Node, with_ancestors="n", project="id")
    assert query.count() == 60
    query = QueryBuilder().append(orm.Node, filters={"id": rungs[-1][0].id}, tag="n")
    query.append(orm.Node, with_descendants="n", project="id", edge_project="depth", edge_filters={"depth": {"<": 3}})
    assert sorted(depth for _, depth in query.all()) == [0, 0, 1, 1, 2, 2]


def test_entities_come_with_their_rows_in_one_statement(graph: Any) -> None:
    import sqlalchemy as sa  # noqa: PLC0415

    statements = []
    engine = current_store.get()._engine
    sa.event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    query = QueryBuilder().append(orm.Group, tag="g", project="*").append(orm.Node, with_group="g", project="*")
    assert [(group.label, node.label, node.value) for group, node in query.all()] == [("numbers", "a", 1), ("numbers", "b", 2)]
    assert len(statements) == 1


def test_a_group_type_may_end_with_a_dot(graph: Any) -> None:
    upf = orm.UpfFamily("pseudos").store()
    for text in ("group.core", "group.core."):
        assert QueryBuilder().append(entity_type=text).count() == 2
    assert QueryBuilder().append(entity_type="group.core.upf.").all(flat=True) == [upf]


def test_statistics_of_what_was_made(graph: Any) -> None:
    backend = current_store.get()
    found = backend.query().get_creation_statistics()
    nodes = QueryBuilder().append(orm.Node, project=["node_type", "ctime"]).all()
    assert found == {
        "total": len(nodes),
        "types": dict(Counter(node_type for node_type, _ in nodes)),
        "ctime_by_day": dict(Counter(ctime.astimezone(UTC).date().isoformat() for _, ctime in nodes)),
    }
    user = graph["a"].user.pk
    assert backend.query().get_creation_statistics(user) == found
    assert backend.query().get_creation_statistics(user_pk=user + 1) == {"total": 0, "types": {}, "ctime_by_day": {}}
