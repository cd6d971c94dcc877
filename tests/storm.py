"""A storm: the real engine over a simulated cluster, with workers that die at any moment. For proofs about jobs."""

from __future__ import annotations

import os
import random
import re
import tempfile
from pathlib import Path
from typing import Any

from aiida import orm
from aiida.common.slots import current_engine, current_store
from aiida.engine.processes.instantiate import make_process
from aiida.engine.runtime import invariants, mail
from aiida.storage import journal
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from aiida.tools.fakes.cluster import Faults, Job, SimulatedCluster
from aiida.tools.fakes.workers import SimulatedWorkers
from tests.durability import flows
from tests.durability.harness import Crash, FaultyStore, Settings

SCRATCH = "/dev/shm" if os.path.isdir("/dev/shm") else None
SUM = re.compile(r"\$\(\((-?\d+) \+ (-?\d+)\)\)")


def add(job: Job) -> int:
    """The payload of `AddJob`."""
    numbers = SUM.search((job.folder / "in.sh").read_text())
    assert numbers is not None
    (job.folder / "out.txt").write_text(f"{int(numbers[1]) + int(numbers[2])}\n")
    with (job.folder / "ran.txt").open("a") as handle:
        handle.write("run\n")
    return 0


class Storm:
    """A cluster, some workers, and what happens to them."""

    def __init__(self, folder: Path, seed: int, faults: Faults, workers: int, deaths: float) -> None:
        self.cluster = SimulatedCluster(folder / "work", seed, faults, payload=add)
        self.cluster.folder.mkdir(parents=True)
        self.dice = random.Random(seed + 1)
        self.deaths = deaths
        self.killed = 0
        self.store: Any = FaultyStore(SqliteTempBackend.create_profile("storm", filepath=folder))
        with current_store.override(self.store):
            self.code = make_code(self.cluster.folder)
        self.workers = SimulatedWorkers(self.cluster, workers, store=self.store, settings=Settings())
        self.workers.step = self.step  # type: ignore[method-assign]
        self.stored: list[Any] = []

    def step(self, index: int) -> bool:
        """A worker does one thing, and may die before, around a commit, or after."""
        self.store.hook = self.hook if self.deaths else None
        try:
            worked = SimulatedWorkers.step(self.workers, index)
        except Crash:
            worked = True
            self.kill(index)
        finally:
            self.store.hook = None
        if self.dice.random() < self.deaths:
            worked = True  # what it held is free for others
            self.kill(index)
        return worked

    def hook(self, moment: str) -> None:
        if self.dice.random() < self.deaths / 5:
            raise Crash

    def kill(self, index: int) -> None:
        self.store.hook = None
        self.killed += 1
        self.workers.kill(index)

    def submit(self, count: int, **more: Any) -> None:
        options = {"rerunnable": True}
        with current_engine.override(self.workers.workers[0].engine):
            for number in range(count):
                inputs = {
                    "code": self.code,
                    "x": orm.Int(number),
                    "y": orm.Int(1),
                    "metadata": {"options": options},
                    **more,
                }
                self.stored.append(self.workers.workers[0].engine.submit(make_process(flows.AddJob, inputs)))

    def run(self) -> None:
        """To the end. What died five times in one step is paused, for a person to look at: it is played."""
        for _ in range(100):
            self.workers.run()
            with self.store.transaction() as tx:
                alive = journal.list_alive(tx.connection)
                journal.post(tx, alive, mail.PLAY)
            for pk in alive:
                assert "its worker died" in orm.load_node(pk).process_status, orm.load_node(pk).process_status
            if not alive:
                return
        raise AssertionError("no end")

    def check(self) -> None:
        """Each payload once; each result is of a job that was over."""
        self.cluster.advance(100_000)
        for number, node in enumerate(self.stored):
            fresh = orm.load_node(node.pk)
            assert fresh.is_finished_ok, (
                f"{fresh.process_state} {fresh.exit_status} {fresh.process_status} {fresh.exception}"
            )
            assert fresh.outputs.sum.value == number + 1
            assert fresh.outputs.retrieved.base.repository.get_object_content("ran.txt") == "run\n"
        directories: dict[str, list[str]] = {}
        for directory in self.cluster.known:
            directories.setdefault(self.owner(directory), []).append(directory)
        assert len(directories) == len(self.stored)
        for owner, places in directories.items():
            began = {name for place in places for name in self.cluster.began.get(place, [])}
            completed = [name for place in places for name in self.cluster.completed.get(place, [])]
            assert len(began) == len(completed) == 1, f"{owner}: began as {began}, completed {completed}"
        assert invariants.check(self.store) == []

    def owner(self, directory: str) -> str:
        """The uuid of the process of an attempt directory."""
        return "".join(Path(directory).relative_to(self.cluster.folder).parts)[:36]

    def close(self) -> None:
        self.workers.close()
        self.store.close()


def make_code(folder: Path) -> orm.InstalledCode:
    """A code on the simulated cluster."""
    computer = orm.Computer(
        label="cluster",
        hostname="cluster",
        transport_type="core.local",
        scheduler_type="core.slurm",
        workdir=str(folder),
    ).store()
    computer.set_minimum_job_poll_interval(30)
    computer.set_default_mpiprocs_per_machine(1)
    computer.configure(safe_interval=0)
    return orm.InstalledCode(label="bash", computer=computer, filepath_executable="/bin/bash").store()


def storm(seed: int, jobs: int, faults: Faults, *, workers: int = 3, deaths: float = 0.02) -> Storm:
    """A run to the end, checked."""
    with tempfile.TemporaryDirectory(prefix="storm-", dir=SCRATCH) as folder:
        made = Storm(Path(folder), seed, faults, workers, deaths)
        try:
            with current_store.override(made.store):
                made.submit(jobs)
                made.run()
                made.check()
        finally:
            made.close()
        return made
