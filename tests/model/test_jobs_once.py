"""Each payload runs exactly once, none is called done early, none is lost: on a cluster that lies, with workers that die.

The engine is the real one, down to the commands that it sends and the outputs that it reads; workers die between any two things
they do and around any commit, and what they had asked of the cluster goes on without them. The connection is cut before and after
whatever is done over it. Time is virtual.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common.slots import current_store
from aiida.engine.processes.calcjobs import effects, monitors, poller
from aiida.engine.processes.calcjobs.facts import Ended
from aiida.tools.fakes import login
from aiida.tools.fakes.cluster import LYING, Faults, Job, SimulatedCluster
from tests.storm import Storm, storm


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What goes wrong on purpose is not worth a line each."""
    logger = logging.getLogger("aiida")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


@pytest.mark.parametrize("block", range(3))
def test_exactly_once(block: int) -> None:
    made = storm(block, 40, LYING)
    assert made.killed > 10


def test_exactly_once_where_everything_fails_often() -> None:
    harsh = Faults(0.1, 0.1, 0.2, 0.1, 0.2, 0.2, 0.3, 0.1, 0.3, 60.0, 0.3)
    made = storm(7, 15, harsh, deaths=0.05)
    assert made.killed > 20, made.killed


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
    submit = login._submit

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


# --- monitors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action, calls", [("DISABLE_SELF", {"a": 1, "b": 0}), ("DISABLE_ALL", {"a": 1}), (None, {"a": 0, "b": 0})]
)
def test_a_monitor_that_is_disabled_stays_so_when_its_worker_dies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, action: str | None, calls: dict[str, int]
) -> None:
    """0: called again and again."""
    called: dict[str, int] = {}

    def watch(node: Any, transport: Any, name: str) -> Any:
        called[name] = called.get(name, 0) + 1
        if name == "a" and action is not None:
            return monitors.CalcJobMonitorResult(message="seen", action=monitors.CalcJobMonitorAction[action])
        return None

    monkeypatch.setattr(monitors, "load_entry_point", lambda *_: watch)
    made = Storm(tmp_path, 1, Faults(), 2, 0.0)
    made.cluster.runs_for = lambda job, dice: 3000.0
    with current_store.override(made.store):
        entries = {name: orm.Dict({"entry_point": "watch", "kwargs": {"name": name}}) for name in "ba"}
        made.submit(1, monitors=entries)
        for moment in range(1, 9):
            made.workers.run(until=moment * 400.0)
            for index in range(2):
                made.kill(index)
        made.run()
        made.check()
    made.close()
    for name, expected in calls.items():
        assert called[name] == expected if expected else called[name] > 20, called
    assert set(called) == set(calls)


def test_a_monitor_kills_the_job_and_its_results_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also when the worker dies that was told so."""
    result = monitors.CalcJobMonitorResult(message="enough", parse=False)
    monkeypatch.setattr(monitors, "load_entry_point", lambda *_: lambda node, transport: result)
    for seed in range(4):
        made = Storm(tmp_path / str(seed), seed, Faults(), 2, 0.1)
        made.cluster.runs_for = lambda job, dice: 1e6
        with current_store.override(made.store):
            made.submit(3, monitors={"m": orm.Dict({"entry_point": "watch"})})
            made.run()
            for node in made.stored:
                fresh = orm.load_node(node.pk)
                assert (fresh.exit_status, fresh.exit_message) == (150, "enough") and "retrieved" in fresh.outputs
            assert made.cluster.in_queue == 0 and made.cluster.now < 1e5
        made.close()
