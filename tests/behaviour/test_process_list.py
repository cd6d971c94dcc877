"""The list of processes: which, which columns, and what they say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aiida import orm
from aiida.common.slots import current_store
from aiida.tools.query import formatting
from aiida.tools.query.calculation import CalculationQueryBuilder
from tests.model.query_stores import sqlite_store

ATTRIBUTES = {
    "done": {"process_state": "finished", "exit_status": 0, "process_label": "Adder", "sealed": True},
    "failed": {"process_state": "finished", "exit_status": 3, "process_label": "Multiplier", "sealed": True},
    "paused": {"process_state": "waiting", "paused": True, "process_label": "Adder", "process_status": "Waiting for the queue"},
    "killed": {"process_state": "killed", "process_label": "Adder", "sealed": True},
}


@pytest.fixture
def processes() -> Iterator[dict[str, orm.ProcessNode]]:
    with sqlite_store() as store, current_store.override(store):
        found: dict[str, orm.ProcessNode] = {}
        for label, attributes in ATTRIBUTES.items():
            node = orm.CalcJobNode(label=label) if label == "paused" else orm.WorkChainNode(label=label)
            node.base.attributes.set_many(attributes)
            found[label] = node.store()
        orm.Int(1).store()
        yield found


def listed(builder: CalculationQueryBuilder, projections: list[str], **arguments: object) -> list[list[object]]:
    query_set = builder.get_query_set(filters=builder.get_filters(**arguments))  # type: ignore[arg-type]
    return builder.get_projected(query_set, projections)


def test_columns_as_verdi_prints_them(processes: dict[str, orm.ProcessNode]) -> None:
    builder = CalculationQueryBuilder()
    table = listed(builder, list(builder.default_projections), all_entries=True)
    assert table[0] == ["PK", "Created", "Process label", "♻", "Process State", "Process status"]
    assert [row[4] for row in table[1:]] == ["⏹ Finished [0]", "⏹ Finished [3]", "⏸ Waiting", "☠ Killed"]
    assert [row[0] for row in table[1:]] == [node.pk for node in processes.values()]
    assert table[3][5] == "Waiting for the queue" and str(table[1][1]).endswith("s ago")
    everything = listed(builder, list(builder.valid_projections), all_entries=True)
    assert len(everything) == 5 and all(len(row) == len(builder.valid_projections) for row in everything)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ["done", "failed", "paused", "killed"]),
        ({"process_state": ("created", "running", "waiting")}, ["paused"]),
        ({"process_state": "killed"}, ["killed"]),
        ({"process_state": "killed", "all_entries": True}, ["done", "failed", "paused", "killed"]),
        ({"exit_status": "3"}, ["failed"]),
        ({"exit_status": 0}, ["done"]),
        ({"failed": True}, ["failed"]),
        ({"paused": True}, ["paused"]),
        ({"process_label": "Adder"}, ["done", "paused", "killed"]),
        ({"process_label": "Multi%"}, ["failed"]),
        ({"node_types": [orm.CalcJobNode]}, ["paused"]),
    ],
)
def test_filters(processes: dict[str, orm.ProcessNode], arguments: dict[str, object], expected: list[str]) -> None:
    assert [row[0] for row in listed(CalculationQueryBuilder(), ["label"], **arguments)[1:]] == expected


def test_bounds_order_and_groups(processes: dict[str, orm.ProcessNode]) -> None:
    builder = CalculationQueryBuilder()
    group = orm.Group("some").store()
    group.add_nodes([processes["killed"], processes["done"]])
    assert builder.get_projected(builder.get_query_set(relationships={"with_node": group}), ["label"])[1:] == [["done"], ["killed"]]
    newest = builder.get_query_set(order_by={"ctime": "desc"}, limit=2, past_days=1)
    assert builder.get_projected(newest, ["label"])[1:] == [["killed"], ["paused"]]
    assert [row["process"]["id"] for row in newest] == [processes["killed"].pk, processes["paused"].pk]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("created", None, None), "⏹ Created"),
        (("created", True, None), "⏸ Created"),
        (("running", False, None), "⏵ Running"),
        (("running", True, None), "⏸ Running"),
        (("finished", None, 0), "⏹ Finished [0]"),
        (("finished", None, None), "⏹ Finished"),
        (("excepted", None, None), "⨯ Excepted"),
        ((None, None, None), "· None"),
    ],
)
def test_states(arguments: tuple[str, bool, int], expected: str) -> None:
    assert formatting.format_state(*arguments) == expected
