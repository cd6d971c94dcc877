"""BEHAVIOUR G: process nodes built by hand, with no engine and no journal behind them."""

from __future__ import annotations

from typing import Any

import pytest

from aiida import orm
from aiida.common import exceptions
from aiida.common.links import LinkType
from aiida.common.process_state import ProcessState

pytestmark = pytest.mark.usefixtures("bare_store")


@pytest.mark.parametrize("cls", [orm.CalcJobNode, orm.WorkChainNode, orm.WorkflowNode, orm.CalcFunctionNode])
def test_g01_constructed_and_stored_by_hand(cls: Any) -> None:
    node = cls(process_type="aiida.calculations:x.y").store()
    assert orm.load_node(node.pk).process_type == "aiida.calculations:x.y"
    assert isinstance(orm.load_node(node.uuid), cls)


def test_g01_with_a_computer() -> None:
    computer = _computer("g01")
    node = orm.CalcJobNode(computer=computer).store()
    assert orm.load_node(node.pk).computer == computer


def test_g02_updatable_attributes_change_until_sealed() -> None:
    node = orm.CalcJobNode().store()
    node.set_process_state("finished")
    node.set_process_state(ProcessState.FINISHED)
    node.set_exit_status(None)
    assert node.exit_status == 0
    node.set_exit_status(3)
    node.set_exit_message("no")
    node.set_process_label("L")
    node.set_process_status("S")
    node.set_process_type("x.y")
    node.base.attributes.set("process_state", "killed")
    loaded = orm.load_node(node.pk)
    assert (loaded.exit_status, loaded.process_label, loaded.process_status, loaded.process_type) == (3, "L", "S", "x.y")
    assert loaded.process_state is ProcessState.KILLED
    with pytest.raises(ValueError, match="exit status has to be an integer"):
        node.set_exit_status("text")  # type: ignore[arg-type]
    with pytest.raises(exceptions.ModificationNotAllowed, match=r"non-updatable attributes of a stored\+unsealed node: \['foo'\]"):
        node.base.attributes.set("foo", 1)
    node.seal()
    with pytest.raises(exceptions.ModificationNotAllowed, match="sealed"):
        node.set_process_state("finished")
    with pytest.raises(exceptions.ModificationNotAllowed):
        loaded.set_process_state("finished")


def test_g03_predicates_follow_at_once() -> None:
    node = orm.WorkChainNode()
    assert node.process_state is None
    assert not any((node.is_finished, node.is_finished_ok, node.is_failed, node.is_excepted, node.is_killed, node.is_terminated))
    other = orm.load_node(node.store().pk)
    node.set_process_state(ProcessState.FINISHED)
    assert node.is_finished and other.is_finished and other.is_terminated
    assert node.exit_code is None
    node.set_exit_status(0)
    assert node.is_finished_ok and other.is_finished_ok and node.exit_code is None
    node.set_exit_message("fine")
    assert node.exit_code is not None and node.exit_code.status == 0 and other.exit_code == node.exit_code
    node.set_exit_status(4)
    assert node.is_failed and other.is_failed
    node.set_process_state("excepted")
    assert node.is_excepted
    node.set_process_state("killed")
    assert node.is_killed


def test_g05_no_journal_is_needed() -> None:
    node = orm.CalcFunctionNode().store()
    node.set_process_state("finished")
    node.set_exit_status(0)
    assert node.seal().is_sealed
    assert orm.load_node(node.pk).is_finished_ok


def test_g06_output_waits_for_its_own_store() -> None:
    parent, child = orm.WorkChainNode().store(), orm.CalcJobNode()
    child.base.links.add_incoming(parent, link_type=LinkType.CALL_CALC, link_label="CALL")
    child.store()
    data = orm.Int(1)
    data.base.links.add_incoming(child, LinkType.CREATE, "out")
    assert "out" not in child.outputs
    data.store()
    assert child.outputs.out == data and child.outputs.out.uuid == data.uuid
    assert child.caller == parent and parent.called == [child]


def test_g07_nothing_unstored_is_stored_along() -> None:
    calc, data = orm.CalcJobNode(), orm.Int(1)
    data.base.links.add_incoming(calc, LinkType.CREATE, "out")
    assert data.creator is calc
    with pytest.raises(exceptions.ModificationNotAllowed, match="is not stored"):
        data.store()
    calc.store()
    assert not data.is_stored and "out" not in calc.outputs
    data.store()
    assert calc.outputs.out == data

    job, value = orm.CalcJobNode(), orm.Int(2)
    job.base.links.add_incoming(value, LinkType.INPUT_CALC, "x")
    with pytest.raises(exceptions.ModificationNotAllowed, match="is not stored"):
        job.store()
    assert not job.is_stored and not value.is_stored
    value.store()
    job.store()
    assert job.inputs.x == value


def test_g08_rules() -> None:
    work, calc, value = orm.WorkChainNode().store(), orm.CalcJobNode(), orm.Int(1).store()
    with pytest.raises(ValueError, match="cannot add"):
        calc.base.links.add_incoming(work, LinkType.INPUT_CALC, "x")
    with pytest.raises(ValueError, match="cannot add"):
        calc.base.links.add_incoming(value, LinkType.CREATE, "x")
    for label in ("a.b", "_a", "1a", "", "a-b"):
        with pytest.raises(ValueError, match="label"):
            calc.base.links.add_incoming(value, LinkType.INPUT_CALC, label)
    with pytest.raises(TypeError):
        calc.base.links.add_incoming(value, "input", "x")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        calc.base.links.add_incoming(3, LinkType.INPUT_CALC, "x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="oneself"):
        value.base.links.add_incoming(value, LinkType.CREATE, "x")
    calc.base.links.add_incoming(value, LinkType.INPUT_CALC, "x")
    with pytest.raises(ValueError, match='already has an incoming .* link with label "x"'):
        calc.base.links.add_incoming(value, LinkType.INPUT_CALC, "x")
    calc.store()
    with pytest.raises(ValueError, match="already stored"):
        calc.base.links.add_incoming(value, LinkType.INPUT_CALC, "y")
    with pytest.raises(ValueError, match="cycle"):
        value.base.links.add_incoming(calc, LinkType.CREATE, "out")
    out = orm.Int(2)
    out.base.links.add_incoming(calc, LinkType.CREATE, "out")
    other = orm.CalcJobNode().store()
    with pytest.raises(ValueError, match="already has an incoming"):
        out.base.links.add_incoming(other, LinkType.CREATE, "out")
    out.store()
    with pytest.raises(ValueError, match="already has an incoming"):
        out.base.links.add_incoming(other, LinkType.CREATE, "out")
    with pytest.raises(ValueError, match='outgoing .* link with label "out"'):
        orm.Int(3).base.links.add_incoming(calc, LinkType.CREATE, "out")
    with pytest.raises(ValueError, match="tried returning an unstored"):
        orm.Int(3).base.links.add_incoming(work, LinkType.RETURN, "r")
    calc.seal()
    with pytest.raises(exceptions.ModificationNotAllowed, match="Cannot add a link from a sealed node"):
        orm.Int(4).base.links.add_incoming(calc, LinkType.CREATE, "later")


def test_g08_a_long_cycle_is_refused() -> None:
    first = orm.Int(0).store()
    current: orm.Node = first
    for index in range(4):
        calc = orm.CalcJobNode()
        calc.base.links.add_incoming(current, LinkType.INPUT_CALC, "x")
        calc.store()
        following = orm.Int(index)
        if index == 3:
            with pytest.raises(ValueError, match="cycle"):
                first.base.links.add_incoming(calc, LinkType.CREATE, "x")
        following.base.links.add_incoming(calc, LinkType.CREATE, "x")
        current = following.store()


def test_g09_nested_outputs() -> None:
    work, value = orm.WorkChainNode().store(), orm.Int(1).store()
    value.base.links.add_incoming(work, LinkType.RETURN, "a__b")
    assert work.outputs.a.b == value
    assert work.outputs["a"]["b"] == value
    assert list(work.outputs) == ["a"]
    assert "a" in work.outputs and "a__b" in work.outputs


def test_g10_missing_outputs() -> None:
    node = orm.CalcJobNode().store()
    with pytest.raises(exceptions.NotExistentAttributeError):
        _ = node.outputs.x
    with pytest.raises(AttributeError):
        _ = node.outputs.x
    with pytest.raises(exceptions.NotExistentKeyError):
        _ = node.outputs["x"]
    with pytest.raises(KeyError):
        _ = node.outputs["x"]
    outputs = node.outputs
    assert "x" not in outputs and not hasattr(outputs, "x") and list(outputs) == []
    out = orm.Int(1)
    out.base.links.add_incoming(node, LinkType.CREATE, "x")
    out.store()
    assert "x" in outputs and "x" in dir(outputs) and getattr(node.outputs, "x") == out


def test_g11_relatives_and_link_managers() -> None:
    top, middle, leaf, second = orm.WorkChainNode().store(), orm.WorkChainNode(), orm.CalcJobNode(), orm.CalcFunctionNode()
    middle.base.links.add_incoming(top, LinkType.CALL_WORK, "CALL")
    middle.store()
    leaf.base.links.add_incoming(middle, LinkType.CALL_CALC, "one")
    leaf.store()
    second.base.links.add_incoming(top, LinkType.CALL_CALC, "two")
    second.store()
    assert top.called == [middle, second]
    assert top.called_descendants == [middle, leaf, second]
    assert leaf.caller == middle and top.caller is None

    links = top.base.links.get_outgoing(link_type=(LinkType.CALL_CALC, LinkType.CALL_WORK))
    assert links.all_nodes() == [middle, second]
    assert links.all_link_labels() == ["CALL", "two"]
    assert [pair.link_type for pair in links.all_link_pairs()] == [LinkType.CALL_WORK, LinkType.CALL_CALC]
    assert links.get_node_by_label("two") == second
    assert links.first() is not None and links.all()[0].node == middle and links.all()[0].link_label == "CALL"
    with pytest.raises(ValueError, match="more than one"):
        links.one()
    assert top.base.links.get_outgoing(link_type=LinkType.CALL_CALC).one().node == second
    with pytest.raises(exceptions.NotExistent):
        links.get_node_by_label("nope")
    assert top.base.links.get_outgoing(link_label_filter="t%").all_nodes() == [second]
    assert top.base.links.get_outgoing(node_class=orm.CalcJobNode).all() == []
    assert leaf.base.links.get_incoming(only_uuid=True).one().node == middle.uuid
    assert top.base.links.get_incoming().first() is None
    assert set(links.nested()) == {"CALL", "two"}


def test_g12_jobs_without_computer_and_retrieved_by_hand() -> None:
    node = orm.CalcJobNode().store()
    assert node.computer is None and node.get_retrieved_node() is None
    folder = orm.FolderData()
    folder.base.repository.put_object_from_bytes(b"text", "file.out")
    folder.base.links.add_incoming(node, LinkType.CREATE, "retrieved")
    folder.store()
    assert node.get_retrieved_node() == folder
    assert node.outputs.retrieved.get_object_content("file.out") == "text"


def test_g13_log_entries_of_stored_nodes() -> None:
    import logging

    from aiida.orm.utils.log import DBLogHandler

    handler = DBLogHandler()
    logger = logging.getLogger("aiida.orm")
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(23)
    logger.propagate = False  # a loaded profile has a handler of this kind on the logger above
    try:
        node = orm.WorkChainNode()
        node.logger.warning("not stored yet")
        node.store()
        node.logger.report("so %s", "it is")
        node.logger.warning("careful")
        node.logger.info("unheard")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
    logs = orm.Log.collection.get_logs_for(node)
    assert [(log.levelname, log.message) for log in logs] == [("REPORT", "so it is"), ("WARNING", "careful")]
    assert logs[0].loggername == "aiida.orm.nodes.process.workflow.workchain.WorkChainNode"
    assert logs[0].metadata["args"] and logs[0].dbnode_id == node.pk and logs[0].node == node


def _computer(label: str) -> orm.Computer:
    return orm.Computer(
        label=label, hostname="localhost", transport_type="core.local", scheduler_type="core.direct", workdir="/tmp/w"
    ).store()
