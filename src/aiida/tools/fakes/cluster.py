"""A cluster that lies: a scheduler, its queue, its accounting and the network in between, each faulty by the throw of a dice.

It keeps the assumptions of PROTOCOL 10.7 (links are created atomically, directories are not cleaned, a requeue keeps its id, scripts run
from their first line, three listings in a row do not all omit a living job) and breaks everything else: it accepts and reports a time-out, loses replies, accepts an hour late, lists nothing
or half, knows in accounting a minute later, gives ids again, drops jobs, preempts and requeues. Time is a number that `advance` moves.

`LyingCluster.asking()` gives what `engine.processes.calcjobs.asking.Asking` gives, so that the decisions are tested as they are.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiida.engine.processes.calcjobs.facts import (
    Accepted,
    Answer,
    EndMark,
    Gone,
    JobInFlight,
    Listing,
    Recovery,
    Revoked,
    Unknown,
)

__all__ = ("Directory", "Faults", "LyingCluster")


@dataclass(frozen=True)
class Faults:
    """Probabilities, per event."""

    cut_before: float = 0.05  # the connection is lost before a command begins
    cut_after: float = 0.05  # … after it was done: the reply is lost
    submit_times_out: float = 0.1  # accepted, and an error is reported
    submit_is_lost: float = 0.05  # an error is reported, and nothing was accepted
    submit_is_late: float = 0.05  # an error is reported, and it is accepted up to an hour later
    list_fails: float = 0.05
    list_is_partial: float = 0.1  # leaves out some jobs and says nothing
    drop: float = 0.03  # an accepted job vanishes before it starts
    preempt: float = 0.1  # a running job is killed, with its exit trap, and requeued
    accounting_lag: float = 60.0
    reuse_ids: float = 0.1


@dataclass
class Directory:
    """The marks of one attempt, with the names of their makers."""

    lock: str = ""
    receipt: str = ""
    fence: str = ""
    mark: EndMark | None = None
    begun: bool = False


@dataclass
class Job:
    """A job as the scheduler has it."""

    job_id: str
    directory: str
    starts: float
    lasts: float
    state: str = "queued"  # queued | running | done | dropped
    ends: float = 0.0
    restarts: int = 0
    ended_at: float = 0.0


@dataclass
class LyingCluster:
    """The whole, with a seed."""

    seed: int
    faults: Faults = field(default_factory=Faults)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.directories: dict[str, Directory] = {}
        self.jobs: list[Job] = []
        self.late: list[tuple[float, str]] = []
        self.next_id = 100
        self.omitted: dict[tuple[int, str], int] = {}
        #: directory -> ids of the jobs whose payload has come to its end there; what the proofs look at.
        self.completed: dict[str, list[str]] = {}
        self.began: dict[str, list[str]] = {}

    # --- time ------------------------------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Move time, event by event."""
        end = self.now + seconds
        while True:
            due = self._next_event()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self._happen()
        self.now = end

    def _next_event(self) -> float | None:
        times = [job.starts for job in self.jobs if job.state == "queued"] + [job.ends for job in self.jobs if job.state == "running"]
        return min([*times, *(when for when, _ in self.late)], default=None)

    def _happen(self) -> None:
        for when, directory in [item for item in self.late if item[0] <= self.now]:
            self.late.remove((when, directory))
            self._accept(directory)
        for job in self.jobs:
            if job.state == "queued" and job.starts <= self.now:
                self._start(job)
            elif job.state == "running" and job.ends <= self.now:
                self._end(job)

    def _accept(self, directory: str) -> Job:
        ended = [job.job_id for job in self.jobs if job.state in ("done", "dropped") and self.now - job.ended_at > 3600]
        again = bool(ended) and self.dice.random() < self.faults.reuse_ids
        # A3: an id is not given to another submission of the same directory.
        candidates = [each for each in ended if not any(j.job_id == each and j.directory == directory for j in self.jobs)]
        job_id = self.dice.choice(candidates) if again and candidates else str(self.next_id)
        self.next_id += 1
        dropped = self.dice.random() < self.faults.drop
        job = Job(job_id, directory, self.now + self.dice.uniform(0, 300), self.dice.uniform(1, 600))
        if dropped:
            job.state, job.ended_at = "dropped", self.now
        self.jobs.append(job)
        return job

    def _start(self, job: Job) -> None:
        """The script runs from its first line: the fence decides (PROTOCOL 10.3, for a rerunnable job)."""
        place = self.directories[job.directory]
        job.state, job.ends = "running", self.now
        if not place.fence:
            place.fence = job.job_id
        if place.fence != job.job_id:
            return  # turned away: it ends at once and leaves nothing
        place.begun, place.mark = True, None
        self.began.setdefault(job.directory, []).append(job.job_id)
        job.ends = self.now + job.lasts

    def _end(self, job: Job) -> None:
        place = self.directories[job.directory]
        if place.fence != job.job_id:
            job.state, job.ended_at = "done", self.now
        elif self.dice.random() < self.faults.preempt:
            # Killed: the exit trap writes a mark all the same, and the scheduler queues the job again.
            place.mark = EndMark(job_id=job.job_id, restarts=job.restarts, exit_status=143)
            job.state, job.starts, job.restarts = "queued", self.now + self.dice.uniform(1, 120), job.restarts + 1
        else:
            place.mark = EndMark(job_id=job.job_id, restarts=job.restarts, exit_status=0)
            self.completed.setdefault(job.directory, []).append(job.job_id)
            job.state, job.ended_at = "done", self.now

    # --- the questions ------------------------------------------------------------------------------------------------------------

    def asking(self) -> LyingAsking:
        """Return a connection."""
        return LyingAsking(self)

    def can_still_run(self, directory: str) -> bool:
        """Whether the payload of a directory runs, or may run later; for the proofs."""
        place = self.directories[directory]
        if place.fence.startswith("revoked"):
            return False
        alive = [job for job in self.jobs if job.directory == directory and job.state in ("queued", "running")]
        if place.fence:
            return any(job.job_id == place.fence for job in alive)
        return bool(alive) or any(where == directory for _, where in self.late)


class LyingAsking:
    """One connection to a lying cluster."""

    knows_ids = True

    def __init__(self, cluster: LyingCluster) -> None:
        self.cluster = cluster

    def _throw(self, probability: float) -> bool:
        return self.cluster.dice.random() < probability

    def _cut(self, probability: float) -> None:
        self.cluster.advance(self.cluster.dice.uniform(0, 0.5))
        if self._throw(probability):
            raise ConnectionResetError("the connection was cut")

    def _before(self) -> None:
        self._cut(self.cluster.faults.cut_before)

    def _after(self) -> None:
        self._cut(self.cluster.faults.cut_after)

    def same(self, one: str, other: str) -> bool:
        """Whether two ids are equal."""
        return one == other

    async def submit(self, directory: str, script: str, me: str) -> Answer:
        """The guard."""
        self._before()
        cluster, place = self.cluster, self.cluster.directories[directory]
        if not place.lock:
            place.lock = me
        if place.lock != me:
            self._after()
            return self._read(place.receipt) if place.receipt else Unknown(reason="asked, answer unknown")
        if place.fence:
            self._after()
            return Unknown(reason="revoked or started")
        place.receipt = self._sbatch(cluster, directory)
        self._after()
        return self._read(place.receipt)

    def _sbatch(self, cluster: LyingCluster, directory: str) -> str:
        faults = cluster.faults
        if self._throw(faults.submit_is_lost):
            return "error: lost"
        if self._throw(faults.submit_is_late):
            cluster.late.append((cluster.now + cluster.dice.uniform(1, 3600), directory))
            return "error: timed out"
        job = cluster._accept(directory)
        return "error: timed out" if self._throw(faults.submit_times_out) else job.job_id

    @staticmethod
    def _read(receipt: str) -> Answer:
        return Unknown(reason=receipt) if receipt.startswith("error") else Accepted(job_id=receipt)

    async def look(self, directory: str) -> Accepted | Revoked | Gone | None:
        """The fence."""
        self._before()
        fence = self.cluster.directories[directory].fence
        self._after()
        if not fence:
            return None
        return Revoked(reason="before") if fence.startswith("revoked") else Accepted(job_id=fence, found_by="fence")

    async def revoke(self, directory: str, epoch: int) -> Recovery:
        """Take the fence."""
        self._before()
        place = self.cluster.directories[directory]
        if not place.fence:
            place.fence = f"revoked:{epoch}"
        self._after()
        return Revoked(reason="ours") if place.fence.startswith("revoked") else Accepted(job_id=place.fence, found_by="fence")

    async def search(self, directory: str) -> list[str]:
        """Queue and accounting by directory; the queue may leave something out."""
        self._before()
        found = [job.job_id for job in self._shown() if job.directory == directory]
        self._after()
        return found

    def _shown(self) -> list[Job]:
        live = [job for job in self.cluster.jobs if job.state in ("queued", "running")]
        return [job for job in live if not self._throw(0.5)] if self._throw(self.cluster.faults.list_is_partial) else live

    def _may_omit(self, process: int, job: Job) -> bool:
        """A5: a living job is not left out of three listings in a row, as one asker sees them."""
        omitted = self.cluster.omitted.get((process, job.job_id), 0)
        omit = omitted < 2 and self._throw(self.cluster.faults.list_is_partial)
        self.cluster.omitted[process, job.job_id] = omitted + 1 if omit else 0
        return omit

    async def list_jobs(self, jobs: Sequence[JobInFlight]) -> Listing:
        """Marks first, then the queue."""
        self._before()
        listing = Listing(complete=True)
        for job in jobs:
            mark = self.cluster.directories[job.directory].mark
            if mark is not None:
                listing.fences[job.process] = mark.job_id
                if mark.job_id == job.job_id:
                    listing.marks[job.process] = mark
        self.cluster.advance(self.cluster.dice.uniform(0, 2))
        if self._throw(self.cluster.faults.list_fails):
            return Listing(complete=False, reason="the queue does not answer")
        for shown in [job for job in self.cluster.jobs if job.state in ("queued", "running")]:
            for job in jobs:
                # Ids are reused: the queue shows somebody else's job under ours now and then.
                if shown.job_id == job.job_id and not self._may_omit(job.process, shown):
                    listing.jobs[job.job_id] = {"job_id": shown.job_id, "job_state": shown.state}
        self._after()
        return listing

    async def is_over(self, job_id: str) -> bool | None:
        """Accounting: knows an end a while later; of an id that was given again it tells of the last bearer."""
        self._before()
        bearers = [job for job in self.cluster.jobs if job.job_id == job_id and job.state != "dropped"]
        self._after()
        if not bearers:
            return None
        last = bearers[-1]
        if last.state != "done":
            return False
        return True if self.cluster.now - last.ended_at > self.cluster.faults.accounting_lag else None

    async def kill(self, job_id: str) -> bool:
        """Cancel."""
        self._before()
        for job in self.cluster.jobs:
            if job.job_id == job_id and job.state in ("queued", "running"):
                job.state, job.ended_at = "done", self.cluster.now
        self._after()
        return True
