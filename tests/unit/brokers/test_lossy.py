"""Rings that are lost, doubled, late or in another order change the delay and nothing else: the worker's real loop, with its threads."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from aiida import orm
from aiida.brokers.polling import PollingBell
from aiida.common.slots import current_settings, current_store
from aiida.engine.processes.instantiate import make_process
from aiida.engine.runtime import invariants, worker
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.inline import InlineEngine
from aiida.engine.runtime.worker import Worker
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from aiida.transports.pool import TransportPool
from tests.durability.flows import Tree
from tests.durability.harness import Settings, canon

TREES = 4


class Wire:
    """What lies between two bells: passes each ring on as its temper says."""

    def __init__(self, temper: str, dice: random.Random) -> None:
        self.temper, self.dice = temper, dice
        self.bells: list[WireBell] = []
        self.rung = self.passed = 0
        self._late: list[WireBell] = []
        self._lock = threading.Lock()

    def ring(self) -> None:
        with self._lock:
            self.rung += 1
            for bell in self.bells:
                for _ in range({"lost": 0, "doubled": 5}.get(self.temper, 1)):
                    if self.temper == "half lost" and self.dice.random() < 0.5:
                        continue
                    if self.temper == "late":
                        self._late.append(bell)
                    else:
                        self.deliver(bell)
            while len(self._late) > 3:  # some later ring brings an earlier one, any of them
                self.deliver(self._late.pop(self.dice.randrange(len(self._late))))

    def deliver(self, bell: WireBell) -> None:
        self.passed += 1
        bell.heard.ring()


class WireBell:
    """One end."""

    def __init__(self, wire: Wire) -> None:
        self.wire, self.heard = wire, PollingBell()
        self.wait, self.wake, self.close = self.heard.wait, self.heard.wake, self.heard.close
        wire.bells.append(self)

    def ring(self) -> None:
        self.wire.ring()


@pytest.fixture
def store() -> Iterator[Any]:
    made = SqliteTempBackend(SqliteTempBackend.create_profile("lossy"))
    with current_settings.override(Settings()), current_store.override(made):  # type: ignore[arg-type]
        yield made
    made.close()


@pytest.mark.parametrize("temper", ["sound", "lost", "half lost", "doubled", "late"])
def test_only_the_delay_changes(store: Any, rng: random.Random, monkeypatch: pytest.MonkeyPatch, temper: str) -> None:
    monkeypatch.setattr(worker, "IDLE", 0.05)  # what costs two seconds a ring otherwise
    wire = Wire(temper, rng)
    user, daemon = [
        Environment(store=store, settings=Settings(), bell=WireBell(wire), make_pool=TransportPool)  # type: ignore[arg-type]
        for _ in range(2)
    ]
    engine, working = InlineEngine(user), Worker(store, Settings(), env=daemon, grace=5)  # type: ignore[arg-type]
    thread = threading.Thread(target=working.run)
    thread.start()
    try:
        nodes = []
        for number in range(TREES):
            nodes.append(engine.submit(make_process(Tree, {"n": orm.Int(number + 1)})))
            time.sleep(rng.uniform(0, 0.05))
        deadline = time.monotonic() + 60
        while not all(node.is_terminated for node in nodes):
            assert time.monotonic() < deadline, [node.process_state for node in nodes]
            time.sleep(0.01)
    finally:
        working.stop()
        thread.join(20)
        engine.close()
    assert wire.rung >= TREES
    assert (wire.passed == 0) == (temper == "lost")
    assert invariants.check(store) == []
    assert [node.exit_status for node in nodes] == [0] * TREES
    again = Worker(store, Settings(), env=user, threads=0)  # type: ignore[arg-type]
    undisturbed = []
    for number in range(TREES):
        undisturbed.append(again.engine.submit(make_process(Tree, {"n": orm.Int(number + 1)})))
    again.run_until_idle()
    again.close()
    assert [canon(node) for node in nodes] == [canon(node) for node in undisturbed]
    assert len({node.pk for node in orm.QueryBuilder().append(orm.ProcessNode).all(flat=True)}) == sum(1 + len(node.called_descendants) for node in [*nodes, *undisturbed])
