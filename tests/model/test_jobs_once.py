"""Each payload runs exactly once, none is called done early, none is lost: on a cluster that lies, with workers that die.

The engine is the real one, down to the commands that it sends and the outputs that it reads; workers die between any two things
they do and around any commit, and what they had asked of the cluster goes on without them. The connection is cut before and after
whatever is done over it. Time is virtual.
"""

from __future__ import annotations

import logging
import os
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common.slots import current_engine, current_store
from aiida.engine.processes.calcjobs import effects, poller
from aiida.engine.processes.calcjobs.facts import Ended
from aiida.engine.processes.instantiate import make_process
from aiida.engine.runtime import invariants, mail
from aiida.schedulers.plugins.slurm import SlurmScheduler
from aiida.storage import journal
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from aiida.tools.fakes import cluster as simulated
from aiida.tools.fakes import login
from aiida.tools.fakes.cluster import LYING, Faults, Job, SimulatedCluster
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
        self.cluster.folder.mkdir()
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

    def submit(self, count: int) -> None:
        options = {"rerunnable": True}
        with current_engine.override(self.workers.workers[0].engine):
            for number in range(count):
                inputs = {"code": self.code, "x": orm.Int(number), "y": orm.Int(1), "metadata": {"options": options}}
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
            assert fresh.is_finished_ok, f"{fresh.process_state} {fresh.exit_status} {fresh.process_status} {fresh.exception}"
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
        label="cluster", hostname="cluster", transport_type="core.local", scheduler_type="core.slurm", workdir=str(folder)
    ).store()
    computer.set_minimum_job_poll_interval(30)
    computer.set_default_mpiprocs_per_machine(1)
    computer.configure(safe_interval=0)
    return orm.InstalledCode(label="bash", computer=computer, filepath_executable="/bin/bash").store()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What goes wrong on purpose is not worth a line each."""
    logger = logging.getLogger("aiida")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


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


@pytest.mark.parametrize("block", range(3))
def test_exactly_once(block: int) -> None:
    made = storm(block, 40, LYING)
    assert made.killed > 10


def test_exactly_once_where_everything_fails_often() -> None:
    harsh = Faults(0.1, 0.1, 0.2, 0.1, 0.2, 0.2, 0.3, 0.1, 0.3, 60.0, 0.3)
    made = storm(7, 30, harsh, deaths=0.05)
    assert made.killed > 20


@pytest.mark.proof
@pytest.mark.parametrize("block", range(40))
def test_ten_thousand_jobs(block: int) -> None:
    storm(10_000 + block, 250, LYING, workers=4)


# --- controls: without one of the rules the proof must fail, or it proves nothing ---------------------------------------


def find_violation(seeds: range, faults: Faults) -> bool:
    """Whether a run fails that leaves out a rule."""
    for seed in seeds:
        try:
            storm(seed, 12, faults, workers=2, deaths=0.03)
        except AssertionError:
            return True
    return False


def test_control_without_the_fence_payloads_double(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job believes to be the one that the fence names, and the lock is forgotten after use."""
    readlink, submit = os.readlink, login._submit
    monkeypatch.setattr(simulated.os, "readlink", lambda path: readlink(path))

    def start(self: SimulatedCluster, job: Job) -> None:
        (job.folder / ".aiida" / "fence").unlink(missing_ok=True)
        real(self, job)

    def careless(cluster: Any, directory: str, marks: Path, *rest: Any) -> Any:
        (marks / "lock").unlink(missing_ok=True)
        (marks / "receipt").unlink(missing_ok=True)
        return submit(cluster, directory, marks, *rest)

    real = SimulatedCluster._start
    monkeypatch.setattr(SimulatedCluster, "_start", start)
    monkeypatch.setattr(login, "_submit", careless)
    assert find_violation(range(20), LYING)


def test_control_one_absence_as_the_end_is_early(monkeypatch: pytest.MonkeyPatch) -> None:
    real = poller.judge

    def hasty(job: Any, listing: Any) -> Any:
        if listing.complete and job.job_id not in listing.jobs:
            return Ended(evidence="absent")
        return real(job, listing)

    monkeypatch.setattr(poller, "judge", hasty)
    assert find_violation(range(20), Faults(list_is_partial=0.3))


def test_control_the_mark_alone_is_early(monkeypatch: pytest.MonkeyPatch) -> None:
    real = poller.judge

    def hasty(job: Any, listing: Any) -> Any:
        if job.process in listing.marks:
            return Ended(evidence="mark")
        return real(job, listing)

    monkeypatch.setattr(poller, "judge", hasty)
    assert find_violation(range(20), Faults(preempt=0.4))


def test_control_a_new_attempt_without_revocation_doubles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A submit that was accepted late runs beside the new attempt."""

    async def recover(asking: Any, directory: str, script: str, me: str, revoke: bool, epoch: int) -> Any:
        return effects.Revoked(reason="nobody answered")

    monkeypatch.setattr(effects, "_recover", recover)
    assert find_violation(range(20), Faults(submit_is_late=0.3))


def test_the_commands_are_those_of_slurm() -> None:
    """The simulator answers what the plugin asks: no command of a storm is left to a shell."""
    seen: list[str] = []
    cluster = SimulatedCluster(Path(tempfile.gettempdir()))
    for command in (
        SlurmScheduler()._get_joblist_command(jobs=["1"]),
        SlurmScheduler()._get_detailed_job_info_command("1"),
        SlurmScheduler()._get_kill_command("1"),
        SlurmScheduler()._get_tag_search_command("/x", None),
    ):
        if login.answer(cluster, command, "/") is None:
            seen.append(command)
    assert seen == []
