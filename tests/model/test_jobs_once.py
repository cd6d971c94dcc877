"""Each payload runs exactly once, none is called done early, none is lost: on a cluster that lies, with workers that die.

What decides is the code of the engine (`_recover`, `judge`, `_look_ended`); around it stands the smallest loop that keeps the rule
"intent before the effect, result after", and that forgets at any moment what it has not written down.
"""

from __future__ import annotations

import random

import pytest

from aiida.engine.processes.calcjobs import effects
from aiida.engine.processes.calcjobs.facts import Accepted, Ended, JobInFlight, Listing, NotYet, Renamed, Revoked
from aiida.engine.processes.calcjobs.poller import judge
from aiida.tools.fakes.cluster import Directory, Faults, LyingAsking, LyingCluster

DELAYS = (5.0, 15.0, 40.0, 60.0, 120.0, 60.0)
PATIENCE = 10


class Process:
    """What is on record, and nothing else, survives a crash."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.phase, self.directory, self.job_id = "upload", "", ""
        self.directories: list[str] = []
        self.looks = self.misses = 0
        self.evidence = ""


class Worker:
    """Drives one process; `crash` forgets everything that is not on record."""

    def __init__(self, cluster: LyingCluster, dice: random.Random, crashes: float) -> None:
        self.cluster, self.dice, self.crashes = cluster, dice, crashes
        self.fresh = False
        self.asked = 0

    def maybe_crash(self) -> None:
        if self.dice.random() < self.crashes:
            self.fresh = False

    async def step(self, process: Process) -> None:
        try:
            await getattr(self, process.phase)(process)
        except ConnectionResetError:
            self.fresh = False
            self.cluster.advance(self.dice.uniform(1, 60))
        self.maybe_crash()

    async def upload(self, process: Process) -> None:
        process.directory = f"{process.number}-{len(process.directories)}"
        process.directories.append(process.directory)
        self.cluster.directories[process.directory] = Directory()
        self.maybe_crash()
        process.phase, process.looks, process.misses, process.job_id = "intended", 0, 0, ""
        self.fresh = True

    async def intended(self, process: Process) -> None:
        asking = self.cluster.asking()
        self.asked += 1
        me = f"w-{process.number}-{self.asked}"
        if self.fresh:
            self.fresh = False
            answer = await asking.submit(process.directory, "job.sh", me)
        else:
            revoke = process.looks >= len(DELAYS)
            answer = await effects._recover(asking, process.directory, "job.sh", me, revoke, 1)
        self.maybe_crash()
        if isinstance(answer, Accepted):
            process.phase, process.job_id, process.misses = "queued", answer.job_id, 0
        elif isinstance(answer, Revoked):
            process.phase = "upload"
        else:
            self.cluster.advance(DELAYS[min(process.looks, len(DELAYS) - 1)])
            process.looks += 1

    async def queued(self, process: Process) -> None:
        self.cluster.advance(self.dice.uniform(10, 60))
        asking = self.cluster.asking()
        job = JobInFlight(process=process.number, directory=process.directory, job_id=process.job_id, misses=process.misses)
        listing = await asking.list_jobs([job])
        verdict = judge(job, listing)
        if verdict is None:
            verdict = await effects._look_ended(asking, job, listing, PATIENCE)
        self.maybe_crash()
        if isinstance(verdict, Ended):
            process.phase, process.evidence = "ended", verdict.evidence
        elif isinstance(verdict, Revoked):
            process.phase = "upload"
        elif isinstance(verdict, Renamed):
            process.job_id, process.misses = verdict.job_id, 0
        elif isinstance(verdict, NotYet):
            process.misses = verdict.misses
        else:
            process.misses = 0


async def follow(seed: int, jobs: int, faults: Faults, crashes: float = 0.05) -> list[Process]:
    cluster, dice = LyingCluster(seed, faults), random.Random(seed + 1)
    processes = [Process(number) for number in range(jobs)]
    workers = [Worker(cluster, dice, crashes) for _ in processes]
    for _ in range(3000):
        waiting = [i for i in range(jobs) if processes[i].phase != "ended"]
        if not waiting:
            break
        i = dice.choice(waiting)
        process = processes[i]
        await workers[i].step(process)
        if process.phase == "ended":
            assert not any(cluster.can_still_run(where) for where in process.directories), f"seed {seed}: called done early"
            done = [name for where in process.directories for name in cluster.completed.get(where, [])]
            assert len(done) == 1, f"seed {seed}: ended by {process.evidence} with payloads completed: {done}"
    cluster.advance(100_000)
    for process in processes:
        assert process.phase == "ended", f"seed {seed}: lost in {process.phase}"
        ran = {name for where in process.directories for name in cluster.began.get(where, [])}
        done = [name for where in process.directories for name in cluster.completed.get(where, [])]
        assert len(ran) == len(done) == 1, f"seed {seed}: ran as {ran}, completed {done}"
    return processes


@pytest.mark.parametrize("block", range(4))
async def test_exactly_once(block):
    evidence = set()
    for seed in range(block * 50, block * 50 + 50):
        evidence |= {process.evidence for process in await follow(seed, 4, Faults())}
    assert "mark" in evidence


async def test_exactly_once_where_everything_fails_often():
    harsh = Faults(0.15, 0.15, 0.2, 0.1, 0.2, 0.2, 0.3, 0.1, 0.3)
    for seed in range(60):
        await follow(seed, 3, harsh, crashes=0.2)


@pytest.mark.proof
async def test_ten_thousand_jobs():
    for seed in range(1000):
        await follow(10_000 + seed, 10, Faults(), crashes=0.1)


class Careless(LyingAsking):
    """Controls: without one of the rules the proof must fail, or it proves nothing."""

    async def submit(self, directory, script, me):
        self.cluster.directories[directory].lock = ""  # as if the lock were removed after use
        return await super().submit(directory, script, me)


async def _find_violation(monkeypatch, seeds, **options):
    for seed in seeds:
        try:
            await follow(seed, 4, Faults(**options), crashes=0.2)
        except AssertionError:
            return True
    return False


async def test_control_without_the_fence_payloads_double(monkeypatch):
    def start(self, job):
        job.state, job.ends = "running", self.now + job.lasts
        self.directories[job.directory].fence = job.job_id
        self.began.setdefault(job.directory, []).append(job.job_id)

    monkeypatch.setattr(LyingCluster, "_start", start)
    monkeypatch.setattr(LyingCluster, "asking", lambda self: Careless(self))
    assert await _find_violation(monkeypatch, range(60))


async def test_control_one_absence_as_the_end_is_early(monkeypatch):
    real = judge

    def hasty(job, listing: Listing):
        if listing.complete and job.job_id not in listing.jobs:
            return Ended(evidence="absent")
        return real(job, listing)

    monkeypatch.setitem(globals(), "judge", hasty)
    assert await _find_violation(monkeypatch, range(60), list_is_partial=0.3)


async def test_control_the_mark_alone_is_early(monkeypatch):
    real = judge

    def hasty(job, listing: Listing):
        if job.process in listing.marks:
            return Ended(evidence="mark")
        return real(job, listing)

    monkeypatch.setitem(globals(), "judge", hasty)
    assert await _find_violation(monkeypatch, range(60), preempt=0.4)
