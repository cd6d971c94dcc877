"""The table of links, node types and traversal, walked row by row."""

import pytest

from aiida.common.exceptions import ValidationError
from aiida.common.links import GraphTraversalRules, LinkType, validate_link_label
from aiida.graph.links import DEGREES, LINK_RULES, Degree, check_link, is_legal
from aiida.graph.traversal import Edge, close, resolve_rules
from aiida.graph.types import is_valid_node_type, node_type_prefix

TYPES = {
    "data.": "data.core.int.Int.",
    "process.calculation.": "process.calculation.calcjob.CalcJobNode.",
    "process.workflow.": "process.workflow.workchain.WorkChainNode.",
}


def test_every_link_type_has_one_rule():
    assert sorted(rule.link_type.value for rule in LINK_RULES) == sorted(link.value for link in LinkType)


@pytest.mark.parametrize("rule", LINK_RULES, ids=lambda rule: rule.link_type.value)
def test_only_the_types_of_the_rule_are_legal(rule):
    for source, source_type in TYPES.items():
        for target, target_type in TYPES.items():
            legal = (source, target) == (rule.source, rule.target)
            assert is_legal(source_type, target_type, rule.link_type) is legal
            if not legal:
                with pytest.raises(ValueError, match="cannot add a"):
                    check_link(source_type, target_type, rule.link_type, "x")
    check_link(TYPES[rule.source], TYPES[rule.target], rule.link_type, "x")


def test_bad_arguments():
    with pytest.raises(TypeError, match="LinkType"):
        check_link(TYPES["data."], TYPES["process.workflow."], "input_work", "x")
    with pytest.raises(ValueError, match="invalid link label"):
        check_link(TYPES["data."], TYPES["process.workflow."], LinkType.INPUT_WORK, "a.b")


@pytest.mark.parametrize("label", ["a", "a_b", "a__b", "a___b", "A1"])
def test_labels(label):
    validate_link_label(label)  # raises nothing


@pytest.mark.parametrize(
    ("label", "fault"),
    [
        ("a_", "cannot end with an underscore"),
        ("_", "cannot end with an underscore"),
        ("_a", "cannot start with an underscore"),
        ("a.b", "only alphanumeric"),
        ("\u00e4", "only alphanumeric"),
        ("1a", "not a valid python identifier"),
        ("for", "not a valid python identifier"),
        ("", "not a valid python identifier"),
    ],
)
def test_faults_of_labels(label, fault):
    with pytest.raises(ValueError, match=f"invalid link label `{label}`: {fault}"):
        validate_link_label(label)


def test_degrees():
    assert {rule.outdegree for rule in LINK_RULES} | {rule.indegree for rule in LINK_RULES} == set(Degree)
    assert {link_type.value: (out.value, into.value) for link_type, (out, into) in DEGREES.items()} == {
        "create": ("unique_label", "unique"),
        "return": ("unique_label", "unique_triple"),
        "input_calc": ("many", "unique_label"),
        "input_work": ("many", "unique_label"),
        "call_calc": ("many", "unique"),
        "call_work": ("many", "unique"),
    }


def test_node_types():
    assert node_type_prefix("process.workflow.workchain.WorkChainNode.") == "process.workflow.workchain."
    assert node_type_prefix("data.Data.") == "data."
    assert not is_valid_node_type("data.core.int.Int") and not is_valid_node_type("Int.") and is_valid_node_type("")


# 1 -input-> 2 -create-> 3 -input-> 4 -create-> 5 ; 6 -call-> 2 ; 6 -return-> 3 ; 1 -input_work-> 6
EDGES = [
    Edge(1, 2, LinkType.INPUT_CALC, "a"),
    Edge(2, 3, LinkType.CREATE, "a"),
    Edge(3, 4, LinkType.INPUT_CALC, "a"),
    Edge(4, 5, LinkType.CREATE, "a"),
    Edge(6, 2, LinkType.CALL_CALC, "CALL"),
    Edge(6, 3, LinkType.RETURN, "a"),
    Edge(1, 6, LinkType.INPUT_WORK, "a"),
]


def get_edges(nodes, link_types, direction):
    return [
        e
        for e in EDGES
        if e.link_type in link_types and (e.source_id if direction == "forward" else e.target_id) in nodes
    ]


def test_deletion_takes_what_would_lose_its_origin():
    assert close([3], resolve_rules(GraphTraversalRules.DELETE), get_edges).nodes == {2, 3, 4, 5, 6}
    assert close([4], resolve_rules(GraphTraversalRules.DELETE), get_edges).nodes == {4, 5}
    assert close([4], resolve_rules(GraphTraversalRules.DELETE, create_forward=False), get_edges).nodes == {4}


def test_export_takes_what_explains():
    reached = close([3], resolve_rules(GraphTraversalRules.EXPORT), get_edges)
    assert reached.nodes == {1, 2, 3, 6}
    assert reached.links == set(EDGES) - {EDGES[2], EDGES[3]}
    alone = close([3], resolve_rules(GraphTraversalRules.EXPORT, call_calc_backward=False), get_edges)
    assert alone.nodes == {1, 2, 3} and alone.links == {EDGES[0], EDGES[1]}
    assert close([3], resolve_rules(GraphTraversalRules.EXPORT, create_backward=False), get_edges).nodes == {3}


def test_number_of_steps():
    rules = resolve_rules(input_calc_forward=True, create_forward=True)
    counts = []
    assert close([1], rules, get_edges, max_steps=2, on_step=counts.append).nodes == {1, 2, 3}
    assert counts == [2, 3]
    assert close([1], rules, get_edges).nodes == {1, 2, 3, 4, 5}


def test_rules_that_may_not_be_changed():
    with pytest.raises(ValueError, match="not toggleable"):
        resolve_rules(GraphTraversalRules.DELETE, input_calc_forward=False)
    with pytest.raises(ValidationError, match="unrecognized keywords: nonsense"):
        resolve_rules(GraphTraversalRules.DELETE, nonsense=True)
    with pytest.raises(ValueError, match="must be boolean"):
        resolve_rules(GraphTraversalRules.DEFAULT, create_forward=1)
    assert resolve_rules(GraphTraversalRules.EXPORT).applied["input_calc_backward"] is True
