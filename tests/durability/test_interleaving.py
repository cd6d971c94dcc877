"""Two and three workers on one database, changing turns between any two transactions, by a seed.

Workers crash, lose commit replies, and are stopped for so long that others take over what they held: when they come back,
whatever they want to write is refused. Processes are paused, played and killed meanwhile.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from aiida import orm
from aiida.common.exceptions import AiidaException
from aiida.common.slots import current_engine
from aiida.engine.runtime import mail
from aiida.engine.runtime.worker import Worker
from aiida.storage import journal
from tests.durability import flows
from tests.durability.harness import Crash, House, ThreadEngine, Turns, canon, house, lose_reply

SCENES: list[tuple[Any, dict[str, int]]] = [(flows.Tree, {"n": 2}), (flows.Leaf, {"x": 3}), (flows.Chain, {"depth": 2})]


class Play:
    """One run under one seed."""

    def __init__(self, built: House, seed: int, workers: int, *, control: bool, kills: bool = False) -> None:
        self.built = built
        self.rng = random.Random(seed)
        self.turns = Turns(self.rng, workers)
        self.engine = ThreadEngine()
        self.workers: dict[int, Worker] = {}
        self.control = control
        self.kills = kills
        self.failed: list[BaseException] = []
        self.crashes = self.stops = self.lost = 0
        self.local = threading.local()

    @property
    def quiet(self) -> bool:
        """Whether this thread is the harness itself."""
        return getattr(self.local, "quiet", False)

    @quiet.setter
    def quiet(self, value: bool) -> None:
        self.local.quiet = value

    def run(self, workers: int) -> None:
        """Until nothing is alive."""
        self.built.store.hook = self.hook
        self.built.store.between = self.between
        self.built.store.looking = self.looking
        threads = [threading.Thread(target=self.body, args=(i,)) for i in range(workers)]
        with current_engine.override(self.engine):  # type: ignore[arg-type]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(120)
        self.built.store.hook = self.built.store.between = self.built.store.looking = None
        if self.failed:
            raise self.failed[0]
        for worker in self.workers.values():
            self.built.bury(worker)
        self.built.sweep()

    @property
    def me(self) -> int:
        return int(threading.current_thread().name.rpartition("-")[2])

    def body(self, index: int) -> None:
        threading.current_thread().name = f"worker-{index}"
        self.turns.join(index)
        try:
            for _ in range(20_000):
                if not self.alive():
                    return
                self.one_life(index)
            raise AssertionError("no end")
        except BaseException as error:
            self.failed.append(error)
        finally:
            self.turns.leave(index)

    def one_life(self, index: int) -> None:
        """A worker, until it crashes or nothing is left."""
        worker = self.workers[index] = self.built.worker()
        self.engine.local.worker = worker
        try:
            while self.alive():
                try:
                    worker._check_alive()
                    if worker.core.stranded:
                        worker.core.give_back(list(worker.core.stranded))
                    if not worker._step_once() and not worker.core.run_hooks():
                        self.idle()
                except AiidaException:
                    continue
        except Crash:
            self.crashes += 1

    def alive(self) -> bool:
        with self.built.store.reading() as connection:
            return bool(journal.list_alive(connection)) or journal.look(connection, 0).hooks

    def idle(self) -> None:
        """Time goes by: alarms, the sweep, a change of turns."""
        self.quiet = True
        self.built.turn_alarms()
        self.quietly(self.bury_silent)
        self.turns.change(self.me)

    def bury_silent(self, tx: Any) -> None:
        """Ids under which nobody works any more beat no more."""
        working = {worker.core.liveness.id for worker in self.workers.values()}
        for row in journal.list_workers(tx.connection):
            if row[0] not in working:
                journal.delete_worker(tx, row[0])
        journal.sweep(tx)

    def quietly(self, work: Any) -> None:
        """A transaction of the harness itself."""
        self.quiet = True
        try:
            with self.built.store.transaction() as tx:
                work(tx)
        finally:
            self.quiet = False

    def between(self) -> None:
        """Before a thread begins a transaction: anything may happen, and another may go on."""
        if self.quiet:
            return
        draw = self.rng.random()
        if draw < 0.02:
            self.stops += 1
            self.declare_dead()
        elif draw < 0.04 and self.control:
            self.command()
        self.turns.change(self.me)

    def looking(self) -> None:
        """Before a thread reads: what it will see may be old by the time it writes."""
        if not self.quiet and getattr(self.engine.local, "worker", None) is not None:
            self.turns.change(self.me)

    def declare_dead(self) -> None:
        """Some worker (perhaps this one) has been stopped for longer than its lease."""
        victim = self.workers[self.rng.choice(sorted(self.workers))].core.liveness.id

        def work(tx: Any) -> None:
            journal.delete_worker(tx, victim)
            journal.sweep(tx)

        self.quietly(work)

    def command(self) -> None:
        """Somebody pauses or plays something."""

        def work(tx: Any) -> None:
            alive = journal.list_alive(tx.connection)
            if alive:
                journal.post(tx, [self.rng.choice(alive)], self.rng.choice([mail.PAUSE, mail.PLAY]))
                journal.post(tx, alive, mail.PLAY)
                if self.kills and self.rng.random() < 0.3:
                    journal.post(
                        tx,
                        [self.rng.choice(alive)],
                        mail.KILL,
                        {"message": "somebody", "force": self.rng.random() < 0.2},
                    )

        self.quietly(work)

    def hook(self, moment: str) -> None:
        if self.quiet:
            return
        draw = self.rng.random()
        if draw < 0.005:
            raise Crash
        if draw < 0.02:
            self.lost += 1
            lose_reply()

    def statement(self, run: Callable[[], None]) -> None:
        """Where statements are turns: a worker may also die between two of one transaction."""
        if self.quiet or not threading.current_thread().name.startswith("worker-"):
            run()
            return
        if self.rng.random() < 0.001:
            raise Crash
        self.turns.execute(self.me, run)  # type: ignore[attr-defined]


def play(seed: int, workers: int, *, control: bool = False, grouped: bool = False) -> tuple[list[Any], Play]:
    """The graphs after a run."""
    with house() as built:
        built.grouped = grouped
        nodes = [built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()}) for cls, inputs in SCENES]
        run = Play(built, seed, workers, control=control)
        run.run(workers)
        built.check()
        return [canon(orm.load_node(node.pk)) for node in nodes], run


@pytest.mark.parametrize("workers", [2, 3])
def test_kills_in_between(workers: int, seed: int) -> None:
    """Whatever is killed whenever: everything ends, nothing that it launched is left, the invariants hold."""
    for number in range(5):
        with house() as built:
            built.grouped = number % 2 == 1
            for cls, inputs in SCENES:
                built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()})
            run = Play(built, seed + number, workers, control=True, kills=True)
            run.run(workers)
            built.check()


def expected() -> list[Any]:
    with house() as built:
        nodes = [built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()}) for cls, inputs in SCENES]
        worker = built.worker()
        built.run(worker)
        return [canon(orm.load_node(node.pk)) for node in nodes]


@pytest.mark.parametrize("workers", [2, 3])
def test_seeded_interleavings(workers: int, seed: int) -> None:
    wanted = expected()
    for number in range(4):
        graphs, run = play(seed + number, workers, control=number % 2 == 1, grouped=number >= 2)
        assert graphs == wanted, (
            f"seed {seed + number}, {workers} workers: {run.crashes} crashes, {run.stops} stops, {run.lost} lost replies"
        )


@pytest.mark.proof
@pytest.mark.parametrize("number", range(60))
def test_many_seeded_interleavings(number: int, seed: int) -> None:
    graphs, run = play(seed + 1000 + number, 2 + number % 2, control=number % 3 == 0, grouped=number % 4 < 2)
    assert graphs == expected(), (
        f"seed {seed + 1000 + number}: {run.crashes} crashes, {run.stops} stops, {run.lost} lost replies"
    )
