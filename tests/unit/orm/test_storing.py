"""Storing: all or nothing, in few statements, and as before after a failure."""

from __future__ import annotations

import gc
import logging
import sys
from typing import Any

import pytest

from aiida import orm
from aiida.common import exceptions
from aiida.common.links import LinkType
from aiida.graph.records import ComputerRow, LinkRow, NodeRow
from aiida.orm import storing
from aiida.orm.storing import store_nodes
from aiida.orm.utils.log import DBLogHandler


class Boom(Exception):
    """A failure from outside."""


def _graph() -> tuple[orm.Int, orm.Dict, orm.CalcJobNode, orm.FolderData]:
    number, options, calc, folder = orm.Int(1), orm.Dict({"a": 1}), orm.CalcJobNode(), orm.FolderData()
    folder.put_object_from_bytes(b"content", "f")
    calc.base.links.add_incoming(number, LinkType.INPUT_CALC, "number")
    calc.base.links.add_incoming(options, LinkType.INPUT_CALC, "options")
    calc.base.links.add_incoming(folder, LinkType.INPUT_CALC, "folder")
    return number, options, calc, folder


def test_a_batch_costs_two_statements(count_statements: Any) -> None:
    number, options, calc, folder = _graph()
    number.user  # noqa: B018 - the default user is known from here on
    with count_statements() as statements:
        store_nodes([calc, number, folder, options])
    assert len(statements) == 2, statements.seen
    assert calc.inputs.number == number and calc.inputs.folder.get_object_content("f") == "content"
    assert all(node.is_stored and node.base.extras.get("_aiida_hash") for node in (number, options, calc, folder))


def test_given_links_are_written_along() -> None:
    calc = orm.CalcFunctionNode().store()
    outputs = [orm.Int(i) for i in range(3)]
    store_nodes(outputs, [(calc, node, LinkType.CREATE, f"out_{i}") for i, node in enumerate(outputs)])
    assert [calc.outputs[f"out_{i}"].value for i in range(3)] == [0, 1, 2]


def test_store_all_takes_the_ancestors() -> None:
    number, _, calc, _ = _graph()
    result = orm.Int(2)
    result.base.links.add_incoming(calc, LinkType.CREATE, "out")
    assert result.store_all() is result
    assert number.is_stored and calc.is_stored and calc.outputs.out == result and set(calc.inputs) == {"number", "options", "folder"}
    with pytest.raises(exceptions.ModificationNotAllowed, match="already stored"):
        result.store_all()


def test_a_rollback_makes_everything_unstored_again(backend: Any) -> None:
    count = len(backend.find(NodeRow)), len(backend.find(LinkRow))
    number, options, calc, folder = _graph()
    options["b"] = (1, 2)
    with pytest.raises(Boom), backend.transaction():
        store_nodes([number, options, folder, calc])
        assert calc.is_stored and calc.inputs.number == number
        raise Boom
    assert not any(node.is_stored or node.pk for node in (number, options, calc, folder))
    assert (len(backend.find(NodeRow)), len(backend.find(LinkRow))) == count
    assert options["b"] == (1, 2) and "_aiida_hash" not in number.base.extras
    assert folder.get_object_content("f") == "content"
    folder.put_object_from_bytes(b"more", "g")
    calc.store_all()
    assert calc.inputs.options["b"] == [1, 2] and calc.inputs.folder.list_object_names() == ["f", "g"]


def test_one_bad_node_stops_all(backend: Any) -> None:
    count = len(backend.find(NodeRow))
    good, bad = orm.Int(1), orm.Dict({"a": float("nan")})
    with pytest.raises(exceptions.ValidationError):
        store_nodes([good, bad])
    assert not good.is_stored and len(backend.find(NodeRow)) == count and "_aiida_hash" not in good.base.extras


def test_project_is_one_statement_and_goes_round_the_rules(count_statements: Any) -> None:
    node = orm.WorkChainNode().store()
    with count_statements() as statements:
        node._project({"process_state": "running", "anything": {"deep": [1]}}, process_type="x.y")
    assert len(statements) == 1, statements.seen
    loaded = orm.load_node(node.pk)
    assert loaded.base.attributes.get("anything") == {"deep": [1]} and loaded.process_type == "x.y"
    node._project({"sealed": True}, remove=["anything"])
    assert "anything" not in orm.load_node(node.pk).base.attributes and node.is_sealed


def test_reading_a_process_that_another_object_moves(count_statements: Any) -> None:
    node = orm.WorkChainNode().store()
    watcher = orm.load_node(node.pk)
    node.set_process_state("running")
    assert watcher.process_state.value == "running"
    node._project({"process_state": "finished", "exit_status": 0, "sealed": True})
    assert watcher.is_finished_ok and watcher.is_sealed
    with count_statements() as statements:
        assert watcher.is_finished_ok and watcher.is_terminated and watcher.exit_status == 0
    assert not statements.seen, "a sealed node is not read again"
    held = orm.WorkChainNode().store()
    held._held = True
    with count_statements() as statements:
        assert held.process_state is None
    assert not statements.seen, "who holds the process knows"


def test_neighbours_are_one_statement_each(count_statements: Any) -> None:
    _, _, calc, _ = _graph()
    result = orm.Int(2)
    result.base.links.add_incoming(calc, LinkType.CREATE, "out")
    result.store_all()
    work = orm.WorkChainNode().store()
    for depth in range(3):
        child = orm.WorkChainNode()
        child.base.links.add_incoming(work, LinkType.CALL_WORK, f"child_{depth}")
        work = child.store()
    top = work.caller.caller.caller
    for read in (
        lambda: calc.inputs.number,
        lambda: list(calc.inputs),
        lambda: calc.outputs.out,
        lambda: result.creator,
        lambda: work.caller,
        lambda: top.called,
        lambda: top.called_descendants,
        lambda: calc.base.links.get_incoming().all(),
    ):
        with count_statements() as statements:
            assert read()
        assert len(statements) == 1, statements.seen
    assert len(top.called_descendants) == 3


def test_add_incoming_between_stored_nodes_rolls_back_with_the_transaction(backend: Any) -> None:
    work, value = orm.WorkChainNode().store(), orm.Int(1).store()
    with pytest.raises(Boom), backend.transaction():
        value.base.links.add_incoming(work, LinkType.RETURN, "r")
        raise Boom
    assert list(work.outputs) == []


def test_a_file_is_there_before_the_row(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = orm.FolderData()
    folder.put_object_from_bytes(b"unique content of this test", "f")
    keys: list[set[str]] = []
    insert = type(backend).insert

    def spy(self: Any, rows: Any) -> None:
        keys.append(set(backend.repository.list_objects()))
        insert(self, rows)

    monkeypatch.setattr(type(backend), "insert", spy)
    folder.store()
    assert folder.base.repository.metadata["o"]["f"]["k"] in keys[0]


def test_the_default_user_may_change(backend: Any) -> None:
    other = orm.User("other@localhost").store()
    before = backend.profile.default_user_email
    assert orm.Int(1).user.email == before and not other.is_default
    backend.profile.default_user_email = other.email
    try:
        assert orm.Int(1).user == other == orm.User.collection.get_default() and other.is_default
    finally:
        backend.profile.default_user_email = before
    assert orm.Int(1).user.email == before


def test_many_at_once_are_whole_and_the_collector_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, bool]] = []
    monkeypatch.setattr(storing, "after_store", [lambda nodes: seen.append((len(nodes), gc.isenabled()))])
    store_nodes([orm.Int(value, label="many") for value in range(600)])
    assert seen == [(600, False)] and gc.isenabled()
    found = orm.QueryBuilder().append(orm.Int, filters={"label": "many"}).all(flat=True)
    assert sorted(node.value for node in found) == list(range(600)) and all(node.base.caching.get_hash() for node in found)
    wrong = [orm.Int(value, label="wrong") for value in range(600)]
    wrong[300]._row.attributes["value"] = float("nan")
    with pytest.raises(exceptions.ValidationError):
        store_nodes(wrong)
    assert gc.isenabled() and not any(node.is_stored for node in wrong)
    assert orm.QueryBuilder().append(orm.Int, filters={"label": "wrong"}).count() == 0


def test_a_chain_longer_than_the_stack_of_python() -> None:
    length = sys.getrecursionlimit()
    data = first = orm.Int(0)
    nodes: list[Any] = [data]
    for number in range(length):
        calc = orm.CalcFunctionNode()
        calc.base.links.add_incoming(data, LinkType.INPUT_CALC, "x")
        data = orm.Int(number)
        data.base.links.add_incoming(calc, LinkType.CREATE, "result")
        nodes += [calc, data]
    ordered = storing._sources_first(list(reversed(nodes)))
    assert ordered[0] is first and [id(node) for node in ordered] == [id(node) for node in nodes]


def test_a_collection_deletes_memberships_and_no_living_process(backend: Any) -> None:
    node = orm.Int(1).store()
    group = orm.Group("of the deleted").store()
    group.add_nodes(node)
    orm.Node.collection.delete(node.pk)
    assert group.count() == 0 and not backend.find(NodeRow, id=node.pk)
    process = orm.WorkChainNode().store()
    with backend.transaction() as transaction:
        transaction.execute(f"INSERT INTO task (process) VALUES ({process.pk})")
    with pytest.raises(exceptions.InvalidOperation, match="not ended"):
        orm.Node.collection.delete(process.pk)
    assert backend.find(NodeRow, id=process.pk)
    with backend.transaction() as transaction:
        transaction.execute("DELETE FROM task")


def test_properties_of_a_computer_that_another_process_set_are_kept(backend: Any) -> None:
    computer = orm.Computer("shared", "localhost", "", "core.local", "core.direct", "/tmp").store()
    computer.get_workdir()
    backend.update(ComputerRow, computer.pk, metadata={"workdir": "/tmp", "theirs": 1})  # by no entity of this interpreter
    computer.set_property("ours", 2)
    assert orm.load_computer(computer.pk).metadata == {"workdir": "/tmp", "theirs": 1, "ours": 2}
    backend.update(ComputerRow, computer.pk, metadata={"workdir": "/tmp", "theirs": 3, "ours": 2})
    computer.delete_property("ours")
    assert orm.load_computer(computer.pk).metadata == {"workdir": "/tmp", "theirs": 3}


def test_a_log_record_that_cannot_be_kept_spoils_no_transaction(backend: Any, capsys: pytest.CaptureFixture[str]) -> None:
    node = orm.CalcFunctionNode().store()
    record = logging.LogRecord("aiida.x", logging.INFO, "f", 1, "text", None, None)
    record.__dict__.update(backend=backend, dbnode_id=node.pk, value=float("nan"))
    with backend.transaction():
        DBLogHandler().emit(record)
        node.base.extras.set("kept", 1)
    assert orm.load_node(node.pk).base.extras.get("kept") == 1
    assert "Logging error" in capsys.readouterr().err


def test_deleting_all_comments_reads_keys_only(count_statements: Any) -> None:
    node = orm.Int(1).store()
    for number in range(3):
        node.base.comments.add(f"remark {number}")
    with count_statements() as statements:
        orm.Comment.collection.delete_all()
    assert len(statements) == 2 and "content" not in " ".join(statements.seen), statements.seen
    assert not node.base.comments.all()
