"""What survives of a live instance."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from aiida import orm
from aiida.common.slots import current_store
from aiida.engine import WorkChain, append_
from aiida.engine.processes.snapshots import take_snapshot
from aiida.graph.records import NodeRow
from aiida.orm.hydrate import to_entity
from aiida.storage.sqlite_temp.backend import SqliteTempBackend


@pytest.fixture(scope="module")
def store() -> Iterator[Any]:
    backend = SqliteTempBackend(SqliteTempBackend.create_profile("snapshots"))
    with current_store.override(backend):
        yield backend
    backend.close()


class Chain(WorkChain):
    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("a", valid_type=orm.Int, required=False)
        spec.input("n.m", valid_type=orm.Int, required=False)
        spec.input("plain", valid_type=dict, non_db=True, default=lambda: {"x": (1, 2)})
        spec.outline(cls.one, cls.two)

    def one(self) -> None:
        self.ctx.shared = self.ctx.again = [1, {"k": (2, 3)}]
        self.ctx.node = orm.Int(7)
        self.mine = {"deep": self.ctx.shared}
        self.inputs.a = 12
        self.inputs.n.m = "other"

    def two(self) -> None:
        self.ctx.shared.append(4)


def revive(process: Any, data: Any) -> Any:
    row = process.node.backend.get(NodeRow, process.node.pk)
    other = type(process)._revive(to_entity(row, process.node.backend))
    other._restore(json.loads(json.dumps(data)))
    return other


def test_everything_comes_back(store: Any) -> None:
    process = Chain(inputs={"a": 1, "n": {"m": 2}, "plain": {"y": {1, 2}}, "metadata": {"label": "l"}})
    outcome = process._run_step()
    snapshot = process._snapshot()
    assert not snapshot.lost and not snapshot.sticky
    other = revive(process, snapshot.data)
    assert other.ctx.shared is other.ctx.again and other.mine["deep"] is other.ctx.shared
    assert other.ctx.shared == [1, {"k": (2, 3)}] and other.ctx.node == process.ctx.node
    assert (
        other.inputs.a == 12
        and other.inputs["a"].value == 1
        and other.inputs.n.m == "other"
        and other.inputs["n"]["m"].value == 2
    )
    assert (
        other.inputs.plain == {"y": {1, 2}} and other.metadata.label == "l" and other.metadata.store_provenance is True
    )
    other._run_step(json.loads(json.dumps(outcome.pointer)))
    assert other.ctx.again[-1] == 4


def test_an_instance_that_did_nothing_needs_no_snapshot(store: Any) -> None:
    process = Chain(inputs={"plain": {}})
    assert process._snapshot().data == {"inputs": {"plain": {}}}
    assert revive(process, process._snapshot().data).inputs.plain == {}


def test_awaited_processes_are_remembered(store: Any) -> None:
    child = Chain().node
    process = Chain()
    process.to_context(**{"x.y": child})
    other = revive(process, process._snapshot().data)
    assert other.ctx.x.y.pk == child.pk and [awaitable.key for awaitable in other._awaitables] == ["x.y"]
    other._resolve()
    assert other.ctx.x.y == child and other._awaitables == []


def test_awaited_lists_keep_their_order(store: Any) -> None:
    children = [Chain().node for _ in range(3)]
    process = Chain()
    for child in children:
        process.to_context(all=append_(child))
    other = revive(process, process._snapshot().data)
    other._resolve()
    assert other.ctx.all == children
    process.ctx.all = []
    process._resolve()
    assert process.ctx.all == children


def test_what_cannot_be_kept_is_named() -> None:
    snapshot = take_snapshot({"ctx": {"lock": threading.Lock(), "good": 1}, "attributes": {"f": (x for x in ())}})
    assert snapshot.sticky and set(snapshot.lost) == {"lock"} and snapshot.data == {"ctx": {"good": 1}}
    assert "lock" in snapshot.lost["lock"]


def test_attributes_that_cannot_be_kept_are_no_news() -> None:
    snapshot = take_snapshot({"ctx": {"good": 1}, "attributes": {"f": (x for x in ()), "g": 2}})
    assert snapshot.sticky and not snapshot.lost and snapshot.data == {"ctx": {"good": 1}, "attributes": {"g": 2}}


def test_outputs_are_known_after_a_revival(store: Any) -> None:
    class Outputs(Chain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.output("n.o", required=False)

    process = Outputs()
    process.out("n.o", orm.Int(1).store())
    process.update_outputs()
    other = revive(process, {})
    assert other.outputs["n"]["o"].value == 1 and other._take_outputs() == []


class Plain(WorkChain):
    """Takes values that make no node in a namespace of its own, as aiida-pythonjob does."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input_namespace("function", dynamic=True, required=False)
        spec.input("function.code", valid_type=(str, dict), non_db=True, required=False)
        spec.input("function.inner.x", valid_type=int, non_db=True, required=False)
        spec.outline(cls.read)

    def read(self) -> None:
        self.report("%s %s", self.inputs.function.code, self.inputs.function.inner.x)


def test_namespaces_of_plain_inputs_come_back_as_namespaces(store: Any) -> None:
    process = Plain(inputs={"function": {"code": {"a": 1}, "inner": {"x": 3}}})
    process.node.store()
    data = json.loads(json.dumps(process._snapshot().data))
    other = Plain._revive(to_entity(store.get(NodeRow, process.node.pk), store))
    other._restore(data)
    assert other.inputs.function.code == {"a": 1} and type(other.inputs.function.code) is dict
    assert other.inputs.function.inner.x == 3
    assert other.inputs == process.inputs
