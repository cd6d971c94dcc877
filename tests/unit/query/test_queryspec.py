"""A query as a value: parsed, compared, sent as a dictionary, and refused where it is wrong; no database anywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from aiida.common.exceptions import DbContentError
from aiida.common.links import LinkType
from aiida.graph import relations
from aiida.graph.operators import CONNECTIVES, OPERATORS, parse_operator
from aiida.graph.queryspec import (
    QuerySpec,
    Vertex,
    filters_as_dict,
    find_shape,
    parse_field,
    parse_filters,
    parse_order,
    parse_projection,
)
from aiida.orm.querybuilder import QueryBuilder

NODE = "data.core.int.Int."


def build(**kwargs: Any) -> QueryBuilder:
    """Return a query with two nodes and a group, which nobody will run."""
    query = QueryBuilder(backend=object(), **kwargs)  # type: ignore[arg-type]
    query.append(entity_type=NODE, tag="a", filters={"label": "x"}, project=["id", {"ctime": {"func": "max"}}])
    query.append(entity_type="", tag="b", with_incoming="a", edge_filters={"type": LinkType.CREATE}, edge_project="label")
    return query.append(entity_type="group.core", tag="g", with_node="a")


def test_a_spec_is_equal_to_what_its_dictionary_makes() -> None:
    spec = build().order_by([{"a": ["id", {"attributes.x": {"order": "desc", "cast": "f"}}]}]).limit(3).offset(1).distinct().spec
    text = json.dumps(spec.as_dict())
    again = QuerySpec.from_dict(json.loads(text))
    assert again == spec and again.as_dict() == spec.as_dict()
    assert "Vertex(tag='a'" in str(spec)
    with pytest.raises(AttributeError):
        spec.limit = 4  # type: ignore[misc]


def test_the_builder_is_equal_to_what_its_dictionary_makes() -> None:
    query = build(limit=2)
    again = QueryBuilder.from_dict(query.as_dict())
    assert again.spec == query.spec and again.as_dict() == query.as_dict()
    assert query.as_dict()["path"][1] == {
        "entity_type": "", "orm_base": "node", "tag": "b", "joining_keyword": "with_incoming", "joining_value": "a", "edge_tag": "a--b", "outerjoin": False,
    }  # fmt: skip
    assert query.get_used_tags() == ["a", "b", "a--b", "g", "a--g"]
    assert query.get_used_tags(edges=False) == ["a", "b", "g"]


@pytest.mark.parametrize("text", ["==", "!==", "~in", "!!like", "and", "!or"])
def test_operators_are_negated_by_either_sign(text: str) -> None:
    name, negated = parse_operator(text)
    assert name in OPERATORS or name in CONNECTIVES
    assert negated == bool(text.count("!", 0, 2) % 2 or text.startswith("~"))


@pytest.mark.parametrize(
    ("filters", "canonical"),
    [
        ({"label": "x"}, {"label": {"==": "x"}}),
        ({"pk": 1, "label": {"~like": "a%"}}, {"pk": {"==": 1}, "label": {"!like": "a%"}}),
        ({"id": {">": 1, "<": 5}}, {"id": {">": 1, "<": 5}}),
        ({"or": [{"id": 1}, {"label": "x", "id": {"in": (1, 2)}}]}, {"or": [{"id": {"==": 1}}, {"and": [{"label": {"==": "x"}}, {"id": {"in": [1, 2]}}]}]}),
        ({"id": {"!or": [{"==": 1}, {">": 5}]}}, {"!or": [{"id": {"==": 1}}, {"id": {">": 5}}]}),
        ({"attributes.x": {"==": np.int64(3)}}, {"attributes.x": {"==": 3}}),
        ({"extras": {"contains": {"a": (1, 2)}}}, {"extras": {"contains": {"a": [1, 2]}}}),
        ({"uuid": UUID(int=5)}, {"uuid": {"==": str(UUID(int=5))}}),
    ],
)
def test_filters_have_one_canonical_form(filters: dict[str, Any], canonical: dict[str, Any]) -> None:
    parsed = parse_filters("node", filters)
    assert filters_as_dict(parsed) == canonical
    assert parse_filters("node", canonical) == parse_filters("node", filters_as_dict(parsed))


def test_operands_take_the_type_of_their_column() -> None:
    (condition,) = parse_filters("node", {"ctime": {">": "2024-01-01T00:00:00+01:00"}})
    assert condition.operand == datetime(2023, 12, 31, 23, tzinfo=UTC)  # type: ignore[union-attr]
    (condition,) = parse_filters("node", {"id": "12"})
    assert condition.operand == 12  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("filters", "error", "match"),
    [
        ({"nothing": 1}, ValueError, "nothing is not a column of node"),
        ({"label.x": 1}, ValueError, "no JSON"),
        ({"label": {"equals": 1}}, ValueError, "Unknown operator equals"),
        ({"label": {"has_key": "x"}}, ValueError, "Unknown operator has_key for filters on columns"),
        ({"label": 1}, TypeError, "column `label` holds texts"),
        ({"id": "abc"}, ValueError, "column `id` holds numbers"),
        ({"ctime": {"<": "yesterday"}}, ValueError, "moments"),
        ({"id": {"<": None}}, TypeError, "order"),
        ({"label": {"like": 3}}, TypeError, "has to be a string"),
        ({"id": {"in": []}}, ValueError, "empty list"),
        ({"id": {"in": "abc"}}, TypeError, "could not be iterated"),
        ({"attributes.x": {"in": [1, "a"]}}, ValueError, "more than one type"),
        ({"attributes.x": {"in": [1, True]}}, ValueError, "more than one type"),
        ({"attributes.x": {"of_type": "text"}}, ValueError, "not among valid types"),
        ({"attributes.x": {"of_length": "a"}}, TypeError, "integer"),
        ({"attributes.x": object()}, TypeError, "no value of JSON"),
        ({"attributes.x": {"contains": [object()]}}, TypeError, "no value of JSON"),
        ({"or": {"id": 1}}, TypeError, "list of filters"),
        ({"and": [3]}, TypeError, "list of dictionaries"),
    ],
)
def test_wrong_filters_are_refused(filters: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        parse_filters("node", filters)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: list(parse_projection("node", {"id": {"func": "sum"}})), ValueError, "Invalid function"),
        (lambda: list(parse_projection("node", {"id": {"cast": "z"}})), ValueError, "Unknown casting key z"),
        (lambda: list(parse_projection("node", {"id": {"how": 1}})), ValueError, "not valid keys"),
        (lambda: list(parse_projection("node", {"attributes.x": {"func": "max"}})), ValueError, "needs a `cast`"),
        (lambda: list(parse_projection("node", {"*": {"func": "count"}})), ValueError, "name a field"),
        (lambda: list(parse_projection("node", 3)), ValueError, "Cannot deal with projection"),
        (lambda: parse_order("node", "n", "id", "up"), ValueError, "not a valid order"),
        (lambda: parse_order("node", "n", "attributes.x", "asc"), ValueError, "has to be cast"),
        (lambda: parse_field("group", "attributes"), ValueError, "attributes is not a column of group"),
        (lambda: relations.get_relation("node", "with_nothing"), ValueError, "Valid keywords are: with_ancestors"),
        (lambda: relations.get_relation("node", "with_group", "user"), ValueError, "leads to a group"),
        (lambda: build().append(entity_type="text"), DbContentError, "invalid"),
        (lambda: build().append(), ValueError, "at least a class"),
        (lambda: build().append(entity_type=NODE, tag="x--y"), ValueError, "delimiter"),
        (lambda: build().append(entity_type=NODE, edge_tag="a"), ValueError, "already in use"),
        (lambda: build().append(entity_type=NODE, with_incoming="zz"), ValueError, "not among my known tags"),
        (lambda: build().append(entity_type="log", with_node="a").append(entity_type="computer"), ValueError, "has no relation to a log"),
        (lambda: build().add_filter("a--g", {"nothing": 1}), ValueError, "not a column of group_node"),
        (lambda: build().append(entity_type="user", with_node="a", edge_filters={"id": 1}), ValueError, "plain reference"),
        (lambda: build().order_by("a"), TypeError, "Expecting a dictionary"),
        (lambda: build().order_by({"zz": "id"}), ValueError, "not among my known tags"),
        (lambda: build().limit("x"), TypeError, "integer"),
        (lambda: build().limit(-1), ValueError, "negative"),
        (lambda: build().distinct("x"), TypeError, "boolean"),
        (lambda: QueryBuilder(path=3), TypeError, "tuple or a list"),  # type: ignore[arg-type]
        (lambda: QueryBuilder(backend=object()).spec, ValueError, "empty"),  # type: ignore[arg-type]
    ],
)
def test_other_mistakes_are_refused_where_they_are_made(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()


def test_a_failed_append_leaves_the_query_as_it_was() -> None:
    query = build()
    before = query.as_dict()
    with pytest.raises(ValueError, match="not a column"):
        query.append(entity_type=NODE, tag="c", with_incoming="b", project="nothing")
    assert query.as_dict() == before
    assert query.append(entity_type=NODE, tag="c", with_incoming="b").get_used_tags(edges=False) == ["a", "b", "g", "c"]


def test_every_relation_leads_from_a_base_to_a_base_by_columns_that_exist() -> None:
    for (base, keyword), relation in relations.RELATIONS.items():
        assert keyword.startswith("with_") and base in relations.BASES and relation.other in relations.BASES
        if relation.columns is not None:
            mine, theirs = relation.columns
            assert mine in relations.COLUMNS[base] and theirs in relations.COLUMNS[relation.other]
        elif relation.walk is None:
            assert all(column in relations.COLUMNS[relation.edge or ""] for column in relation.ends)
    for base, aliases in relations.ALIASES.items():
        assert set(aliases.values()) <= set(relations.COLUMNS[base])


def test_queries_of_one_shape_differ_in_their_operands_only() -> None:
    def shape(filters: dict[str, Any]) -> Any:
        return find_shape(QuerySpec((Vertex("n", "node", ""),), (("n", parse_filters("node", filters)),)))

    one, operands = shape({"label": "x", "attributes.a": {"in": [1, 2]}})
    other, others = shape({"label": "y", "attributes.a": {"in": [3]}})
    assert one == other and hash(one) == hash(other)
    assert operands == ["x", [1, 2]] and others == ["y", [3]]
    assert shape({"attributes.a": "x"})[0] != shape({"attributes.a": 3})[0]
    assert shape({"label": "x"})[0] != shape({"label": None})[0]


def test_copies_are_independent() -> None:
    import copy  # noqa: PLC0415

    query = build()
    other = copy.deepcopy(query).add_filter("a", {"id": 3}).limit(1)
    assert query.as_dict()["limit"] is None and "id" not in query.as_dict()["filters"]["a"]
    assert other.as_dict()["filters"]["a"]["id"] == 3
