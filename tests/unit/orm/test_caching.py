"""Hashes, and taking results from an equal process."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from aiida import orm
from aiida.common.links import LinkType
from aiida.orm.nodes.caching import NodeCaching


def _calculation(value: int, *, options: dict[str, Any] | None = None, process_type: str = "a.b.c") -> Any:
    node = orm.CalcJobNode(process_type=process_type)
    node.base.attributes.set_many({"parser_name": "x", **(options or {})})
    node.base.links.add_incoming(orm.Int(value).store(), LinkType.INPUT_CALC, "x")
    return node


def _finish(node: Any, status: int = 0) -> Any:
    for label, output in (("out", orm.Dict({"a": 1})), ("retrieved", orm.FolderData())):
        if isinstance(output, orm.FolderData):
            output.put_object_from_bytes(b"content", "aiida.out")
        output.base.extras.set("kept", label)
        output.base.links.add_incoming(node, LinkType.CREATE, label)
        output.store()
    node.set_process_state("finished")
    node.set_exit_status(status)
    node.set_exit_message("msg")
    return node.seal()


def test_hash_is_written_by_the_insert(count_statements: Any) -> None:
    orm.Int(0).store()
    node = orm.Int(1)
    with count_statements() as statements:
        node.store()
    assert len(statements) == 1, statements.seen
    hash_ = node.base.caching.get_hash()
    assert hash_ == orm.load_node(node.pk).base.extras.get("_aiida_hash") == node.base.caching.compute_hash()


def test_equal_content_equal_hash() -> None:
    def hash_of(node: orm.Node) -> str | None:
        return node.store().base.caching.get_hash()

    assert hash_of(orm.Int(1)) == hash_of(orm.Int(1)) != hash_of(orm.Int(2))
    assert hash_of(orm.Int(1)) != hash_of(orm.Float(1))
    assert hash_of(orm.Dict({"a": 1, "b": 2})) == hash_of(orm.Dict({"b": 2, "a": 1}))
    assert hash_of(orm.Dict({"a": (1, 2)})) == hash_of(orm.Dict({"a": [1, 2]})), "it is the hash of what is stored"
    assert hash_of(orm.Float(0.1 + 0.2)) == hash_of(orm.Float(0.3)), "to 14 digits"
    one, two = orm.FolderData(), orm.FolderData()
    one.put_object_from_bytes(b"x", "a")
    two.put_object_from_bytes(b"x", "b")
    assert hash_of(one) != hash_of(two) and hash_of(one.clone()) == hash_of(one)
    labelled = orm.Int(1, label="labels make no difference")
    assert hash_of(labelled) == hash_of(orm.Int(1))


def test_hash_is_the_same_in_every_process() -> None:
    code = (
        "from aiida.common.slots import current_store\n"
        "from aiida.storage.sqlite_temp.backend import SqliteTempBackend as B\n"
        "store = B(B.create_profile('x')); current_store.fill(lambda: store)\n"
        "from aiida import orm\n"
        "print(orm.Dict({'a': {'b': [1, 2.5, None, True]}, 'c': 'd'}).store().base.caching.get_hash())\n"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert hashes == {f"{orm.Dict({'c': 'd', 'a': {'b': [1, 2.5, None, True]}}).store().base.caching.get_hash()}\n"}


def test_results_are_taken_from_an_equal_process(caching: Any) -> None:
    first = _finish(_calculation(11).store())
    with caching():
        second = _calculation(11)
        second.store()
    assert second.base.caching.is_created_from_cache and second.base.caching.get_cache_source() == first.uuid
    assert second.is_finished_ok and second.exit_message == "msg" and not second.is_sealed
    assert second.uuid != first.uuid and second.inputs.x.value == 11
    assert second.outputs.out.get_dict() == {"a": 1} and second.outputs.out != None  # noqa: E711
    assert second.outputs.out.uuid != first.outputs.out.uuid
    assert second.outputs.retrieved.get_object_content("aiida.out") == "content"
    assert second.outputs.out.base.extras.get("kept") == "out" and second.outputs.out.creator == second
    with caching():
        other = _calculation(12).store()
        typed = _calculation(11, process_type="d.e.f").store()
    assert not other.base.caching.is_created_from_cache
    assert not typed.base.caching.is_created_from_cache, "another process class may do something else with the same inputs"
    assert first.base.caching.get_all_same_nodes() == [], "the copy has not been sealed"
    assert second.seal().base.caching.get_all_same_nodes() == [first]


def test_without_the_switch_nothing_is_taken() -> None:
    _finish(_calculation(21).store())
    assert not _calculation(21).store().base.caching.is_created_from_cache


def test_what_is_no_valid_cache_is_left(caching: Any) -> None:
    running = _calculation(31).store()
    with caching():
        assert not _calculation(31).store().base.caching.is_created_from_cache, "it has not finished"
    _finish(running)
    running.base.caching.is_valid_cache = False
    assert not running.base.caching.is_valid_cache
    with caching():
        assert not _calculation(31).store().base.caching.is_created_from_cache
    running.base.caching.is_valid_cache = True
    with caching():
        assert _calculation(31).store().base.caching.is_created_from_cache
    with pytest.raises(TypeError):
        running.base.caching.is_valid_cache = "yes"  # type: ignore[assignment]


def test_what_makes_no_difference_for_the_hash() -> None:
    plain = _calculation(41).store().base.caching.get_hash()
    same = {"queue_name": "q", "account": "a", "max_wallclock_seconds": 5, "version": {"core": "9"}, "metadata_inputs": {"m": 1}}
    assert _calculation(41, options=same).store().base.caching.get_hash() == plain
    assert _calculation(41, options={"withmpi": True}).store().base.caching.get_hash() != plain


def test_workflows_are_not_cached(caching: Any) -> None:
    node = orm.WorkChainNode().store()
    node.set_process_state("finished")
    node.set_exit_status(0)
    node.seal()
    assert not node.base.caching.is_valid_cache
    with caching():
        assert not orm.WorkChainNode().store().base.caching.is_created_from_cache


def test_rehash_and_clear() -> None:
    node = orm.Int(5).store()
    node.base.caching.clear_hash()
    assert node.base.caching.get_hash() is None and node.base.caching.get_all_same_nodes() == []
    node.base.caching.rehash()
    assert node.base.caching.get_hash() == node.base.caching.compute_hash() is not None


def test_h11_the_helper_is_looked_up_on_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(NodeCaching):
        def _get_objects_to_hash(self) -> Any:
            return {"mine": type(self._node).__name__}

    monkeypatch.setattr(orm.Int, "_CLS_NODE_CACHING", Mine)
    assert orm.Int(1).store().base.caching.get_hash() == orm.Int(2).store().base.caching.get_hash()
    monkeypatch.undo()
    monkeypatch.setattr(orm.Int, "_get_objects_to_hash", lambda self: [self.value % 2], raising=False)
    assert orm.Int(1).store().base.caching.get_hash() == orm.Int(3).store().base.caching.get_hash()
    assert orm.Int(1).store().base.caching.get_hash() != orm.Int(2).store().base.caching.get_hash()


def test_a_class_extends_what_is_hashed() -> None:
    class Extended(orm.Dict):
        def _get_objects_to_hash(self) -> Any:
            return [*super()._get_objects_to_hash().items(), "more"]

    assert Extended({"a": 1}).base.caching.compute_hash() != orm.Dict({"a": 1}).base.caching.compute_hash()
