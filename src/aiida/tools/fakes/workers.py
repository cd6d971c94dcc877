"""Workers that run on the caller's thread in virtual time: the real engine over a simulated cluster, weeks in seconds.

Time is that of the cluster's clock, for the engine and for the database (of SQLite's clock function there is one of ours), so
back-off, polling intervals and leases are what they are. When nothing is left to do, time goes on to the next alarm.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from aiida import orm
from aiida.brokers.polling import PollingBell
from aiida.common.clock import Clock
from aiida.common.slots import current_engine, current_settings, current_store
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.worker import Worker
from aiida.storage import joblist, journal

from .cluster import Faults, SimulatedCluster
from .machine import SimulatedPool

__all__ = ("SimulatedWorkers", "VirtualCluster", "virtual_time")

CALM = Faults()
_NUMBERS = itertools.count(1)
_UNIX_EPOCH = 2440587.5  # as a Julian day
_LONGEST_LOOK = 120.0  # real seconds for one effect under way


@contextmanager
def virtual_time(store: Any, clock: Clock) -> Iterator[None]:
    """Give a store over SQLite the time of a clock: its clock function becomes one of ours, in every connection."""
    pool = store._pool
    connect = pool._connect

    def julianday(moment: str) -> float:
        when = clock.now() if moment == "now" else datetime.fromisoformat(moment)
        return when.timestamp() / 86400.0 + _UNIX_EPOCH

    def connect_with_clock(write: bool) -> Any:
        connection = connect(write)
        connection.connection.dbapi_connection.create_function("julianday", 1, julianday)
        return connection

    pool.close_idle()
    pool._connect = connect_with_clock
    try:
        yield
    finally:
        pool._connect = connect
        pool.close_idle()


class SimulatedWorkers:
    """So many workers of a daemon, stepped one after the other."""

    def __init__(self, cluster: SimulatedCluster, count: int = 1, *, store: Any = None, settings: Any = None) -> None:
        self.cluster = cluster
        self.store = store if store is not None else current_store.get()
        self.settings = settings if settings is not None else current_settings.get()
        self.dice = random.Random(cluster.seed)
        self.most_steps = 1_000_000
        self.workers = [self._make() for _ in range(count)]

    def _make(self) -> Worker:
        env = Environment(
            store=self.store, settings=self.settings, bell=PollingBell(), clock=self.cluster.clock, dice=self.dice.random,
            make_pool=lambda: SimulatedPool(self.cluster),
        )  # fmt: skip
        return Worker(self.store, self.settings, env=env, threads=0)

    # --- life and death ----------------------------------------------------------------------------------------------------------

    def kill(self, index: int) -> None:
        """A worker is dead from here on, whatever it was doing; another one takes its place. What it asked of the cluster is under way."""
        victim = self.workers[index]
        self.workers[index] = self._make()
        self.bury(victim)

    def bury(self, worker: Worker) -> None:
        """The worker's row goes, as the sweep of another would have it."""
        with self.store.transaction() as tx:
            if worker.core.liveness.id:
                journal.delete_worker(tx, worker.core.liveness.id)
            journal.sweep(tx)

    def close(self) -> None:
        """Sign off."""
        for worker in self.workers:
            worker.close()

    # --- work --------------------------------------------------------------------------------------------------------------------

    def run(self, until: float | None = None) -> None:
        """Until nothing is alive, or (`until`) the cluster's clock shows so many seconds."""
        with virtual_time(self.store, self.cluster.clock):
            for _ in range(self.most_steps):
                if until is not None and self.cluster.now >= until:
                    return
                if not self.round() and not self._let_time_pass(until):
                    return
        raise AssertionError(f"no end after {self.most_steps} rounds: {self._alive()}")

    def round(self) -> bool:
        """Each worker does one thing; whether any had something to do."""
        worked = False
        for index in range(len(self.workers)):
            worked = self.step(index) or worked
        return worked

    def step(self, index: int) -> bool:
        """One thing to do by one worker."""
        worker = self.workers[index]
        core = worker.core
        with current_engine.override(worker.engine):
            if core.news:
                core.news.popleft()()
                return True
            if core.stranded:
                core.give_back(list(core.stranded))
            if not worker.queue:
                worker._claim()
            if worker.queue:
                core.drive(worker.queue.popleft())
                return True
            core.poller.tick()
            return bool(core.news) or core.poller.woke or core.run_hooks() > 0

    def _let_time_pass(self, until: float | None) -> bool:
        """Wait for what is under way, else go to the next alarm; False: nothing is alive."""
        if self._wait_for_news():
            return True
        with self.store.reading() as connection:
            alive = journal.list_alive(connection)
            looks = [journal.look(connection, worker.id).next_due for worker in self.workers]
            due, later = joblist.due_logins(connection)
        if not alive:
            return False
        if later is not None and not due and self._is_calm:
            later = max(later, self.cluster.next_event or 0.0)  # looks that would show nothing new are passed over
        waits = [wait for wait in (*looks, later, 0.0 if due else None) if wait is not None]
        if not waits and all(orm.load_node(pk).paused for pk in alive):
            return False
        if not waits:
            raise AssertionError(f"nothing is to be done, and nothing will be: {self._alive()}")
        step = max(min(waits), 0.05)
        self.cluster.advance(step if until is None else min(step, max(until - self.cluster.now, 0.05)))
        return True

    @property
    def _is_calm(self) -> bool:
        """The queue says what is so, and can be asked."""
        is_known = self.cluster.is_reachable and not any(worker.core.poller.breakers for worker in self.workers)
        return is_known and self.cluster.faults == CALM

    def _wait_for_news(self) -> bool:
        """Effects run on the loop of the transports, at once, but on another thread."""
        give_up = time.monotonic() + _LONGEST_LOOK
        while any(self._is_away(worker) for worker in self.workers):
            if any(worker.core.news for worker in self.workers):
                return True
            if time.monotonic() > give_up:
                raise AssertionError("something asked of the simulated cluster does not come back")
            time.sleep(0.0002)
        return any(worker.core.news for worker in self.workers)

    @staticmethod
    def _is_away(worker: Worker) -> bool:
        return any(live.away for live in list(worker.core.held.values())) or bool(worker.core.poller._under_way)

    def _alive(self) -> list[Any]:
        with self.store.reading() as connection:
            return [journal.find_task(connection, pk) for pk in journal.list_alive(connection)[:5]]


class VirtualCluster:
    """A simulated cluster with a computer for it in the loaded profile, and workers: for tests of plugins.

    Submit processes as always; `run` brings everything that is alive in the profile to its end, in virtual time.
    """

    def __init__(self, folder: Path, *, workers: int = 1, poll_interval: float = 60.0, **options: Any) -> None:
        store = current_store.get()
        if not hasattr(store, "path"):
            raise NotImplementedError("virtual time needs a profile with a SQLite database: this one has none")
        self.cluster = SimulatedCluster(Path(folder), **options)
        label = f"virtual-{next(_NUMBERS)}-{os.getpid()}"
        self.computer = orm.Computer(
            label=label,
            hostname="virtual",
            transport_type="core.local",
            scheduler_type="core.slurm",
            workdir=str(folder),
        ).store()
        self.computer.set_minimum_job_poll_interval(poll_interval)
        self.computer.set_default_mpiprocs_per_machine(1)
        self.computer.configure(safe_interval=0)
        self.workers = SimulatedWorkers(self.cluster, workers)

    def make_code(
        self, label: str = "code", filepath_executable: str = "/bin/code", **options: Any
    ) -> orm.InstalledCode:
        """Return a code on the cluster. It is never run: the payload does what it would do."""
        return orm.InstalledCode(
            label=label, computer=self.computer, filepath_executable=filepath_executable, **options
        ).store()

    @property
    def now(self) -> float:
        """Virtual seconds since the beginning."""
        return self.cluster.now

    def run(self, until: float | None = None) -> None:
        """Bring everything to its end; or so far that the clock shows `until`."""
        self.workers.run(until)

    def close(self) -> None:
        """Sign the workers off."""
        self.workers.close()
