"""A cluster that needs no machine: a batch queue in memory over folders of this disk, in a time that moves when told to.

Job scripts are not run: what a job does is a function (the *payload*), called at the moment the job ends. All else is as on a real
cluster, through the files that the engine's guard and fence use: whoever the fence names runs, marks are written, a requeue keeps its id.

By the throw of a dice it lies (`Faults`): it accepts and reports a time-out, loses replies, accepts an hour late, lists nothing or half,
knows in accounting a minute later, gives ids again, drops jobs, preempts and requeues. It keeps the assumptions of the protocol: links
are made atomically, nobody cleans directories, scripts run from their first line, three listings in a row do not all omit a living job.
"""

from __future__ import annotations

import heapq
import itertools
import os
import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiida.common.clock import ManualClock
from aiida.schedulers.guard import MARKS

__all__ = ("LYING", "Faults", "Job", "SimulatedCluster", "VirtualClock")

QUEUED, RUNNING, DONE, DROPPED = "queued", "running", "done", "dropped"


class VirtualClock(ManualClock):
    """Time that nobody waits for: who would sleep moves it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def advance(self, seconds: float) -> None:
        """Move on; from any thread."""
        with self._lock:
            self._elapsed += max(seconds, 0.0)

    async def wait(self, seconds: float) -> None:
        self.advance(seconds)


@dataclass(frozen=True)
class Faults:
    """Probabilities, per event; as made, nothing ever fails."""

    cut_before: float = 0.0  # the connection is lost before something is done on the machine
    cut_after: float = 0.0  # … after it was done: the reply is lost
    submit_times_out: float = 0.0  # accepted, and an error is reported
    submit_is_lost: float = 0.0  # an error is reported, and nothing was accepted
    submit_is_late: float = 0.0  # an error is reported, and it is accepted up to an hour later
    list_fails: float = 0.0
    list_is_partial: float = 0.0  # leaves out some jobs and says nothing
    drop: float = 0.0  # an accepted job vanishes before it starts
    preempt: float = 0.0  # a running job is killed, with its exit trap, and requeued if it may be
    accounting_lag: float = 0.0
    reuse_ids: float = 0.0


LYING = Faults(0.03, 0.03, 0.1, 0.05, 0.05, 0.05, 0.1, 0.03, 0.1, 60.0, 0.1)
"""Everything at once."""


@dataclass
class Job:
    """A job as the scheduler has it."""

    job_id: str
    directory: str
    script: str = ""
    name: str = ""
    rerunnable: bool = False
    state: str = QUEUED
    submitted: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    restarts: int = 0
    outcome: str = "COMPLETED"
    exit_status: int = 0
    turned_away: bool = False

    @property
    def folder(self) -> Path:
        """Where it runs: what a payload reads and writes."""
        return Path(self.directory)

    @property
    def is_alive(self) -> bool:
        """Queued or running."""
        return self.state in (QUEUED, RUNNING)


@dataclass
class SimulatedCluster:
    """The queue and its accounting."""

    folder: Path
    seed: int = 0
    faults: Faults = field(default_factory=Faults)
    payload: Callable[[Job], int | None] | None = None
    """What a job does: called with the job when it ends; returns the exit status of the script (None: 0)."""
    runs_for: Callable[[Job, random.Random], float] = lambda job, dice: dice.uniform(1, 600)
    waits_for: Callable[[Job, random.Random], float] = lambda job, dice: dice.uniform(0, 300)
    places: int | None = None
    """How many jobs run at once; None: all."""
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self.folder = Path(self.folder)
        self.dice = random.Random(self.seed)
        self.lock = threading.RLock()
        self.is_reachable = True
        self.jobs: dict[str, Job] = {}  # the last bearer of each id
        self.alive: dict[str, list[Job]] = {}  # directory -> jobs that may still run there
        self.known: dict[str, list[Job]] = {}  # directory -> all jobs there ever were
        self._ended: deque[Job] = deque()
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._tickets = itertools.count()
        self._next_id = itertools.count(1001)
        self._waiting: deque[Job] = deque()
        self._omitted: dict[str, int] = {}
        self.running = 0
        self.in_queue = 0  # jobs that wait or run
        self.busiest = 0  # the most of them at once
        self.counts: dict[str, int] = {}  # how often each command was run
        #: directory -> ids of jobs whose payload began, and of those whose payload came to its end: what proofs look at.
        self.began: dict[str, list[str]] = {}
        self.completed: dict[str, list[str]] = {}

    # --- time ------------------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds since the cluster was made."""
        return self.clock.monotonic()

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        self.clock.advance(seconds)
        self.catch_up()

    def catch_up(self) -> None:
        """Let happen what was due, in its order."""
        with self.lock:
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()

    @property
    def next_event(self) -> float | None:
        """Seconds until something happens by itself."""
        return self._events[0][0] - self.now if self._events else None

    def _at(self, seconds: float, what: Callable[[], object]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._tickets), what))

    def throw(self, probability: float) -> bool:
        """Whether the dice says so."""
        return probability > 0 and self.dice.random() < probability

    def count(self, command: str) -> None:
        """Note that a command was run."""
        self.counts[command] = self.counts.get(command, 0) + 1

    # --- the life of a job -------------------------------------------------------------------------------------------------------

    def submit(self, directory: str, script: str) -> tuple[int, str]:
        """`sbatch`: (exit status, text)."""
        self.count("sbatch")
        faults = self.faults
        if self.throw(faults.submit_is_lost):
            return 1, "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
        if self.throw(faults.submit_is_late):
            self._at(self.dice.uniform(1, 3600), lambda: self._accept(directory, script))
            return 1, "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
        job = self._accept(directory, script)
        if self.throw(faults.submit_times_out):
            return 1, "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
        return 0, f"Submitted batch job {job.job_id}\n"

    def _accept(self, directory: str, script: str) -> Job:
        job = Job(self._new_id(directory), directory, script, submitted=self.now)
        for line in (job.folder / script).read_text(errors="replace").splitlines():
            if line.startswith("#SBATCH --job-name="):
                job.name = line.partition("=")[2].strip('"')
            elif line.strip() == "#SBATCH --requeue":
                job.rerunnable = True
        self.jobs[job.job_id] = job
        self.known.setdefault(directory, []).append(job)
        if self.throw(self.faults.drop):
            job.state, job.ended = DROPPED, self.now
            self._ended.append(job)
            return job
        self.alive.setdefault(directory, []).append(job)
        self.in_queue += 1
        self.busiest = max(self.busiest, self.in_queue)
        self._at(self.waits_for(job, self.dice), lambda: self._start(job))
        return job

    def _new_id(self, directory: str) -> str:
        """A new id; now and then one that was given more than an hour ago, but never to another job of the same directory."""
        new = str(next(self._next_id))
        if self._ended and self.now - self._ended[0].ended > 3600 and self.throw(self.faults.reuse_ids):
            old = self._ended.popleft().job_id
            if not self.jobs[old].is_alive and all(job.job_id != old for job in self.known.get(directory, ())):
                return old
        return new

    def _start(self, job: Job) -> None:
        """The script runs from its first line: the fence decides."""
        if job.state != QUEUED:
            return
        if self.places is not None and self.running >= self.places:
            self._waiting.append(job)
            return
        job.state, job.started = RUNNING, self.now
        self.running += 1
        marks = job.folder / MARKS
        try:
            os.symlink(job.job_id, marks / "fence")
        except FileExistsError:
            pass
        job.turned_away = os.readlink(marks / "fence") != job.job_id
        again = (marks / "begun.0").exists() and not job.rerunnable
        if job.turned_away or again:
            self._at(0.0, lambda: self._end(job, 0))
            return
        (marks / "begun.0").touch()
        (marks / "ended.0").unlink(missing_ok=True)
        self.began.setdefault(job.directory, []).append(job.job_id)
        self._at(self.runs_for(job, self.dice), lambda: self._finish(job))

    def _finish(self, job: Job) -> None:
        if job.state != RUNNING:
            return
        if self.throw(self.faults.preempt):
            # Killed: the exit trap writes a mark all the same, and the scheduler queues the job again.
            self._mark(job, 143)
            self._leave()
            if not job.rerunnable:
                job.outcome = "PREEMPTED"
                self._over(job)
                return
            job.state, job.restarts = QUEUED, job.restarts + 1
            self._at(self.dice.uniform(1, 120), lambda: self._start(job))
            return
        for name in ("_scheduler-stdout.txt", "_scheduler-stderr.txt"):
            (job.folder / name).touch()
        status = (self.payload(job) if self.payload is not None else 0) or 0
        self.completed.setdefault(job.directory, []).append(job.job_id)
        self._mark(job, status)
        self._end(job, status)

    def _mark(self, job: Job, status: int) -> None:
        (job.folder / MARKS / "ended.0").write_text(f"{job.job_id} {job.restarts} {status}\n")

    def _end(self, job: Job, status: int) -> None:
        if job.state != RUNNING:
            return
        job.exit_status, job.outcome = status, "COMPLETED" if status == 0 else "FAILED"
        self._leave()
        self._over(job)

    def _leave(self) -> None:
        self.running -= 1
        if self._waiting:
            waiting = self._waiting.popleft()
            self._at(0.0, lambda: self._start(waiting))

    def _over(self, job: Job) -> None:
        job.state, job.ended = DONE, self.now
        self.in_queue -= 1
        self._ended.append(job)
        self.alive[job.directory].remove(job)
        if not self.alive[job.directory]:
            del self.alive[job.directory]

    def cancel(self, job_id: str) -> bool:
        """`scancel`: whether there was such a job."""
        self.count("scancel")
        job = self.jobs.get(job_id)
        if job is None or not job.is_alive:
            return False
        if job.state == RUNNING:
            if not job.turned_away:
                self._mark(job, 143)
            self._leave()
        job.outcome = "CANCELLED"
        self._over(job)
        return True

    # --- what it shows -----------------------------------------------------------------------------------------------------------

    def show(self, job_ids: list[str]) -> list[Job]:
        """The queue's living jobs of these ids; some may be left out, but none three times in a row."""
        found = [self.jobs[job_id] for job_id in job_ids if job_id in self.jobs and self.jobs[job_id].is_alive]
        return [job for job in found if not self._omits(job)]

    def _omits(self, job: Job) -> bool:
        """At most twice in a row, and then not for a while: a listing that shows the job may be the one whose reply is lost."""
        if not self.faults.list_is_partial:
            return False
        before = self._omitted.get(job.job_id, 0)
        omit = 0 <= before < 2 and self.throw(self.faults.list_is_partial)
        self._omitted[job.job_id] = (
            before + 1 if omit else -10 if before == 2 else min(before + 1, 0) if before < 0 else before
        )
        return omit

    def account(self, job_id: str) -> str | None:
        """The state in accounting, which knows an end a while later; None: it knows nothing of the job."""
        job = self.jobs.get(job_id)
        if job is None or job.state == DROPPED:
            return None
        if job.is_alive:
            return "PENDING" if job.state == QUEUED else "RUNNING"
        return job.outcome if self.now - job.ended >= self.faults.accounting_lag else "RUNNING"

    def can_still_run(self, directory: str) -> bool:
        """Whether the payload of a directory runs, or may run later; for proofs."""
        try:
            fence = os.readlink(Path(directory) / MARKS / "fence")
        except OSError:
            return bool(self.alive.get(directory))
        return any(job.job_id == fence for job in self.alive.get(directory, ()))
