"""Riders that wait: control reaches them, and what they wait for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from aiida import orm
from aiida.common.slots import current_store
from aiida.engine import ToContext, WorkChain, run_get_node
from aiida.engine.runtime import mail
from aiida.engine.runtime.worker import Worker
from aiida.storage import journal
from tests.durability import flows
from tests.durability.harness import House, house


def post(pk: int, command: str) -> None:
    """T10."""
    with current_store.get().transaction() as tx:
        assert journal.post(tx, [pk], command, {"message": "told to"}) == 1


class Waits(WorkChain):
    """Waits for a child that is paused."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.launch, cls.done)

    def launch(self) -> Any:
        child = self.submit(flows.Leaf, x=orm.Int(1))
        post(child.pk, mail.PAUSE)
        return ToContext(child=child)

    def done(self) -> None:
        assert self.ctx.child.is_finished_ok


class Outer(WorkChain):
    """Has `Waits` ride on its stack."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.ride, cls.done)

    def ride(self) -> None:
        self.ctx.ok = run_get_node(Waits)[1].is_finished_ok

    def done(self) -> None:
        assert self.ctx.ok


@pytest.fixture
def built() -> Iterator[House]:
    with house() as made:
        yield made


@contextmanager
def working(built: House) -> Iterator[Worker]:
    """A worker with threads."""
    worker = Worker(built.store, built.worker().env.settings, threads=4, grace=0.1)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        worker.stop()
        thread.join(20)


def wait_for(condition: Any, seconds: float = 15.0) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it did not come true")


def find(label: str) -> Any:
    return orm.QueryBuilder().append(orm.ProcessNode, filters={"attributes.process_label": label}).first(flat=True)


def is_paused(label: str) -> bool:
    node = find(label)
    return node is not None and node.paused


def test_a_kill_reaches_a_rider_that_waits_and_what_it_waits_for(built: House) -> None:
    node = built.submit(Outer)
    with working(built):
        wait_for(lambda: is_paused("Leaf"))
        post(node.pk, mail.KILL)
        wait_for(lambda: orm.load_node(node.pk).is_killed)
        assert find("Waits").is_killed and find("Leaf").is_killed
    built.sweep()
    built.check()


def test_a_rider_that_waits_goes_on_when_its_target_is_played(built: House) -> None:
    node = built.submit(Outer)
    with working(built):
        wait_for(lambda: is_paused("Leaf"))
        post(find("Leaf").pk, mail.PLAY)
        wait_for(lambda: orm.load_node(node.pk).is_finished_ok)
    built.check()


def test_a_rider_that_waits_is_paused_twice_and_played(built: House) -> None:
    node = built.submit(Outer)
    with working(built):
        wait_for(lambda: is_paused("Leaf"))
        for _ in range(2):
            post(find("Waits").pk, mail.PAUSE)
        wait_for(lambda: is_paused("Waits"))
        post(find("Waits").pk, mail.PAUSE)
        wait_for(lambda: not has_mail(built))
        post(find("Leaf").pk, mail.PLAY)
        wait_for(lambda: find("Leaf").is_finished_ok)
        assert not orm.load_node(node.pk).is_terminated
        post(find("Waits").pk, mail.PLAY)
        wait_for(lambda: orm.load_node(node.pk).is_finished_ok)
    built.check()


def has_mail(built: House) -> bool:
    with built.store.reading() as connection:
        return bool(journal.run(connection, "SELECT count(*) FROM inbox").scalar())


class Carries(WorkChain):
    """Has `Slow` ride on its stack."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.ride)

    def ride(self) -> None:
        run_get_node(flows.Slow, seconds=orm.Float(1.5))


def test_a_rider_that_is_killed_alone_leaves_its_caller_alive(built: House) -> None:
    """The step is run again, and asks again for what was killed."""
    node = built.submit(Carries)
    with working(built):
        wait_for(lambda: find("Slow") is not None and find("Slow").process_state.value == "running")
        killed = find("Slow")
        post(killed.pk, mail.KILL)
        wait_for(lambda: orm.load_node(killed.pk).is_killed)
        wait_for(lambda: orm.load_node(node.pk).is_finished_ok)
    assert [child.is_finished_ok for child in sorted(orm.load_node(node.pk).called, key=lambda child: child.pk)] == [False, True]
    built.check()
