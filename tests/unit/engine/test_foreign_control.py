"""Processes with a `run` of their own that others start, speak to and hold: what aiida-workgraph does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from aiida import orm
from aiida.common.exceptions import InvalidOperation
from aiida.engine import Process
from aiida.engine import control as low
from aiida.engine.persistence import AiiDAPersister
from aiida.engine.processes.foreign_states import Wait
from aiida.engine.utils import instantiate_process

Run = Callable[[], None]


class Listener(Process):
    """Waits until it is told something, and remembers from before it ran what its hook has saved."""

    _node_class = orm.WorkChainNode
    begun = threading.Event()

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outputs.dynamic = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told = {"first": "made"}

    def save_instance_state(self, out_state: Any, save_context: Any) -> None:
        out_state["told"] = self._told

    def load_instance_state(self, saved_state: Any, load_context: Any) -> None:
        self._told = saved_state["told"]

    def run(self) -> Any:
        return Wait(self.end, "waiting for a word")

    def on_wait(self, awaitables: Any = ()) -> None:
        self.begun.set()

    def message_receive(self, _comm: Any, msg: Any) -> Any:
        if msg["intent"] == "custom":
            return self._schedule_rpc(self.hear, word=msg["word"])
        return super().message_receive(_comm, msg)

    def hear(self, word: str) -> None:
        self._told["second"] = word
        self.resume()

    def end(self, *_: Any) -> Any:
        self.out("told", self._told)
        self.out("pk", orm.Str(self._told["second"]).store())


@pytest.fixture
def started(engine: Any, store: Any) -> Any:
    process = instantiate_process(engine.runner, Listener)
    AiiDAPersister().save_checkpoint(process)
    low.make_controller(store).continue_process(process.node.pk, nowait=True, no_reply=True)
    return process.node


def test_a_message_reaches_the_process_that_waits(started: Any, worker: Run, store: Any) -> None:
    """What the hook saved at creation is there in the worker, which made no instance by the constructor."""
    assert started.checkpoint is None, "it is in the journal now"
    Listener.begun.clear()
    thread = threading.Thread(target=lambda: (Listener.begun.wait(20), send(store, started.pk)))
    thread.start()
    worker()
    thread.join()
    node = orm.load_node(started.pk)
    assert node.is_finished_ok, node.exception
    assert node.outputs.pk.value == "hello" and list(node.outputs) == ["pk"], (
        "an undeclared output that is no node has no link"
    )


def send(store: Any, pk: int) -> None:
    assert low.make_controller(store)._communicator.rpc_send(pk, {"intent": "custom", "word": "hello"}).result()


def test_a_message_that_comes_early_is_kept(started: Any, worker: Run, store: Any) -> None:
    send(store, started.pk)
    worker()
    assert orm.load_node(started.pk).is_finished_ok


def test_a_pause_before_the_start_holds(engine: Any, worker: Run, store: Any) -> None:
    process = instantiate_process(engine.runner, Listener)
    assert process.pause("not yet") and process.node.paused and process.node.process_status == "not yet"
    AiiDAPersister().save_checkpoint(process)
    low.make_controller(store).continue_process(process.node.pk)
    worker()
    assert not orm.load_node(process.node.pk).is_terminated
    low.make_controller(store).play_process(process.node.pk)
    send(store, process.node.pk)
    worker()
    assert orm.load_node(process.node.pk).is_finished_ok


def test_a_checkpoint_can_be_loaded(engine: Any) -> None:
    process = instantiate_process(engine.runner, Listener)
    process._told["third"] = "kept"
    persister = AiiDAPersister()
    persister.save_checkpoint(process)
    assert persister.load_checkpoint(process.node.pk)._told == {"first": "made", "third": "kept"}


def test_an_unknown_intent_is_refused(engine: Any) -> None:
    process = instantiate_process(engine.runner, Listener)
    with pytest.raises(InvalidOperation, match="does not know the intent `dance`"):
        process.message_receive(None, {"intent": "dance"})
