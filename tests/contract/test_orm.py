"""The objects users hold, over every storage that can be written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from aiida import orm
from aiida.common import exceptions
from aiida.common.links import LinkType
from aiida.common.slots import current_store
from aiida.orm.storing import store_nodes


@pytest.fixture(autouse=True)
def current(store: Any) -> Iterator[Any]:
    with current_store.override(store):
        yield store


def make_graph() -> tuple[orm.WorkChainNode, orm.CalcJobNode, orm.Dict]:
    computer = orm.Computer("c", "h", transport_type="core.local", scheduler_type="core.direct", workdir="/w").store()
    work, calc, value, result = orm.WorkChainNode(), orm.CalcJobNode(computer=computer), orm.Int(5), orm.Dict({"a": {"b": [1.5, None]}})
    calc.base.links.add_incoming(work, LinkType.CALL_CALC, "CALL")
    calc.base.links.add_incoming(value, LinkType.INPUT_CALC, "ns__x")
    result.base.links.add_incoming(calc, LinkType.CREATE, "out")
    result.store_all()
    result.base.links.add_incoming(work, LinkType.RETURN, "out")
    return work, calc, result


def test_a_graph_comes_back(open_store: Callable[[], Any], store: Any) -> None:
    work, calc, result = make_graph()
    if store.in_memory:
        again = store
    else:
        again = open_store()
    with current_store.override(again):
        loaded = orm.load_node(work.uuid)
        assert loaded.outputs.out.get_dict() == {"a": {"b": [1.5, None]}} and loaded.called_descendants == [calc]
        assert loaded.called[0].inputs.ns.x.value == 5 and loaded.called[0].computer.label == "c"
        assert loaded.ctime == work.ctime and loaded.ctime.tzinfo is not None and orm.load_node(result.uuid[:9]).creator == calc
        assert loaded.user.email == "test@localhost"


def test_processes_move_and_are_watched(open_store: Callable[[], Any], store: Any) -> None:
    work, _, _ = make_graph()
    other = store if store.in_memory else open_store()
    with current_store.override(other):
        watcher = orm.load_node(work.uuid)
    work.set_process_state("running")
    work.set_process_status("step one")
    assert (watcher.process_state.value, watcher.process_status) == ("running", "step one")
    work.set_process_status(None)
    work._project({"process_state": "finished", "exit_status": 0, "sealed": True}, remove=["never there"])
    assert watcher.is_finished_ok and watcher.is_sealed and watcher.process_status is None
    with pytest.raises(exceptions.ModificationNotAllowed):
        watcher.set_exit_status(1)


def test_extras_of_two_writers(open_store: Callable[[], Any], store: Any) -> None:
    _, _, result = make_graph()
    other = store if store.in_memory else open_store()
    with current_store.override(other):
        twin = orm.load_node(result.uuid)
    result.base.extras.set("mine", {"x": 1})
    twin.base.extras.set("theirs", [1, 2])
    result.base.extras.set("more", "text")
    with current_store.override(other):
        extras = orm.load_node(result.uuid).base.extras.all
    assert {key: value for key, value in extras.items() if not key.startswith("_")} == {
        "mine": {"x": 1},
        "theirs": [1, 2],
        "more": "text",
    }


def test_files_and_arrays() -> None:
    folder = orm.FolderData()
    folder.put_object_from_bytes(b"\x00\xff", "a/b")
    array = orm.ArrayData(np.arange(12.0).reshape(3, 4))
    store_nodes([folder, array])
    assert orm.load_node(folder.pk).get_object_content("a/b", "rb") == b"\x00\xff"
    assert np.array_equal(orm.load_node(array.pk).get_array(), np.arange(12.0).reshape(3, 4))


def test_groups() -> None:
    _, calc, result = make_graph()
    group = orm.Group("g").store()
    group.add_nodes([result, calc])
    group.add_nodes([calc])
    assert list(group.nodes) == [result, calc] and group.count() == 2
    group.remove_nodes(result)
    assert group.nodes[:] == [calc]
    with pytest.raises(exceptions.IntegrityError):
        orm.Group("g").store()
    group.base.extras.set("k", 1)
    assert orm.load_group("g").base.extras.all == {"k": 1}
    orm.Group.collection.delete(group.pk)
    assert orm.Group.collection.count() == 0 and orm.load_node(calc.pk) == calc


def test_what_is_refused_leaves_nothing() -> None:
    make_graph()
    before = orm.Node.collection.count()
    with pytest.raises(exceptions.IntegrityError):
        orm.Computer("c", "h", transport_type="core.local", scheduler_type="core.direct", workdir="/w").store()
    node, twin = orm.Int(1), orm.Int(2)
    twin._row.uuid = node.uuid
    with pytest.raises(exceptions.IntegrityError):
        store_nodes([node, twin])
    assert not node.is_stored and not twin.is_stored and orm.Node.collection.count() == before
    node.store()


def test_comments_and_logs() -> None:
    _, calc, _ = make_graph()
    comment = calc.base.comments.add("c\u00f6mment")
    assert [one.content for one in calc.base.comments.all()] == ["c\u00f6mment"] and comment.user.is_default
    log = orm.Log(calc.ctime, "logger", "REPORT", calc.pk, "message", {"a": 1})
    assert orm.Log.collection.get_logs_for(calc)[0].metadata == {"a": 1} and log.node == calc
    assert orm.Log.collection.delete_many({"dbnode_id": calc.pk}) == [log.pk]


def test_same_nodes_are_found() -> None:
    _, calc, _ = make_graph()
    calc.set_process_state("finished")
    calc.set_exit_status(0)
    calc.seal()
    twin = orm.CalcJobNode(computer=calc.computer)
    twin.base.links.add_incoming(calc.inputs.ns.x, LinkType.INPUT_CALC, "ns__x")
    twin.store()
    assert twin.base.caching.get_hash() == calc.base.caching.get_hash()
    assert twin.base.caching.get_all_same_nodes() == [calc]
