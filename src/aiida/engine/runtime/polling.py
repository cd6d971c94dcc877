"""One listing per login and interval over all workers: take the lease, read the job set, list, write under the lease's epoch."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import msgspec

from aiida import orm
from aiida.engine.processes.calcjobs import effects as remote
from aiida.engine.processes.calcjobs import facts, poller
from aiida.engine.runtime import threads, write
from aiida.journal import retry
from aiida.schedulers.guard import MARKS
from aiida.storage import joblist
from aiida.storage.joblist import Login
from aiida.storage.journal import JobRow
from aiida.storage.transaction import Transaction
from aiida.transports.errors import Failure, classify

if TYPE_CHECKING:
    from aiida.engine.runtime.core import Core

LOGGER = logging.getLogger("aiida.engine.runtime")
PROBE = 60.0  # for how long one job may try whether its computer answers again, before another one does
KNOWN = 10.0  # for how long the settings of a login are taken as known
FIRST, LONGEST = (
    0.02,
    5.0,
)  # between listings of a computer without an interval: soon at first, then more and more rarely


class Poller:
    """Follows the jobs of this worker's store."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._under_way: set[int] = set()
        self._pause: dict[int, float] = {}
        self._next = 0.0  # by our own clock: when to look at the table again
        self.woke = False  # the last tick made a task ready
        self.breakers: dict[int, float] = {}  # logins that do not answer, and until when nobody tries; the truth is in the database
        self.wake: Callable[[], None] | None = None  # whoever sleeps between ticks
        self._marks: dict[int, dict[int, tuple[str, float]]] = {}  # login -> process -> (its end mark, since when)
        self._shown: dict[int, str] = {}
        self._told: set[int] = set()  # logins whose jobs cannot be listed, which has been said
        self._authinfos: dict[int, tuple[float, Any]] = {}

    def follow(self, login: int, process: int, directory: str, computer: Any) -> None:
        """A job was submitted: look soon. On this very machine its end mark can be seen without asking anybody."""
        if computer.transport_type == "core.local" and computer.get_minimum_job_poll_interval() <= 0:
            mark = f"{directory}/{MARKS}/ended.0"
            self._marks.setdefault(login, {})[process] = (mark, self.core.env.clock.monotonic())
        self._next = 0.0
        self._pause.pop(login, None)
        if self.wake is not None:
            self.wake()

    def is_busy(self) -> bool:
        """A listing is under way, or due."""
        if self._under_way or self.woke:
            return True
        with self.core.env.store.reading() as connection:
            due, later = joblist.due_logins(connection)
        return bool(due) or (later is not None and later < LONGEST)

    def tick(self) -> float:
        """Start the listings that are due; seconds until the next tick is worth while."""
        now = self.core.env.clock.monotonic()
        self.woke = False
        ended = self._find_ended()
        if now < self._next and not ended - self._under_way:
            return min(self._next - now, self._until_mark(now))
        with self.core.env.store.reading() as connection:
            due, later = joblist.due_logins(connection)
        for login in due:
            if login.id in self._under_way:
                continue
            if not login.has_jobs:
                self._probe(login.id)
            elif login.id in ended or not self._waits_for_mark(login.id, now):
                self._start(login.id)
        for login_id in ended - {login.id for login in due} - self._under_way:
            self._forget_marks(login_id)
        wait = min(later if later is not None else 2.0, 2.0)
        if due:
            wait = min(wait, FIRST)
        self._next = now + max(wait, 0.005)
        return min(self._next - now, self._until_mark(now))

    def _find_ended(self) -> set[int]:
        """Logins of which a job on this machine has left its end mark."""
        return {
            login
            for login, marks in list(self._marks.items())  # copies: other threads write down what they have submitted
            if any(os.path.exists(mark) for mark, _ in list(marks.values()))
        }

    def _forget_marks(self, login_id: int) -> None:
        """Those of jobs that were killed, or whose end another worker has seen: they would be looked at for ever."""
        known = list(self._marks.get(login_id, ()))  # before the question: what is submitted meanwhile stays
        with self.core.env.store.reading() as connection:
            queued = {job.process for job in joblist.queued_jobs(connection, login_id)}
        for process in known:
            if process not in queued:
                self._marks[login_id].pop(process, None)

    def _until_mark(self, now: float) -> float:
        """Seconds until it is worth while to look for marks again: a tenth of the age of the youngest job."""
        since = [since for marks in list(self._marks.values()) for _, since in list(marks.values())]
        return min(max(0.1 * (now - max(since)), 0.005), 1.0) if since else float("inf")

    def _waits_for_mark(self, login: int, now: float) -> bool:
        """No need to ask the scheduler: the job is young, and its mark will tell."""
        marks = list(self._marks.get(login, {}).values())
        return bool(marks) and now - max(since for _, since in marks) < 0.5

    def _probe(self, login_id: int) -> None:
        """A computer did not answer, and may be tried again: by one of the jobs that wait for it."""
        if write.transact(self.core.env, lambda tx: joblist.probe(tx, login_id, PROBE)):
            self.woke = True
            self.core.ring()

    def _start(self, login_id: int) -> None:
        core = self.core
        authinfo = self._authinfo(login_id)
        if authinfo is None:
            return
        pause = self._pause.get(login_id, FIRST)
        interval = max(pause, float(authinfo.computer.get_minimum_job_poll_interval()))
        lease = write.transact(core.env, lambda tx: joblist.take_poll(tx, login_id, core.worker, interval))
        if lease is None:
            return
        self._pause[login_id] = min(pause * 1.5, LONGEST)
        with core.env.store.reading() as connection:
            jobs = joblist.queued_jobs(connection, login_id)
        if not jobs:
            return
        self._under_way.add(login_id)
        asked = [facts.JobInFlight(process=j.process, directory=j.dir, job_id=j.jobid, misses=j.misses) for j in jobs]
        future = threads.start(remote.list_jobs(authinfo, core.pool, asked))
        future.add_done_callback(lambda done: core.tell(lambda: self._listed(lease, jobs, asked, done)))

    def _authinfo(self, login_id: int) -> Any:
        now = self.core.env.clock.monotonic()
        if self._authinfos.get(login_id, (float("-inf"), None))[0] < now - KNOWN:
            with self.core.env.store.reading() as connection:
                computer, user = joblist.login_key(connection, login_id)
            found = orm.AuthInfo.collection.find({"dbcomputer_id": computer, "aiidauser_id": user})
            if not found:
                LOGGER.error(
                    "jobs wait on computer %s, for which user %s is not configured: run `verdi computer configure`",
                    computer,
                    user,
                )
                return None
            self._authinfos[login_id] = (now, found[0])
        return self._authinfos[login_id][1]

    def _listed(
        self, lease: Login, jobs: list[JobRow], asked: list[facts.JobInFlight], done: Future[facts.Listing]
    ) -> None:
        self._under_way.discard(lease.id)
        error = done.exception()
        if error is None and done.result().complete:
            self._write(lease, jobs, asked, done.result())
            return
        if error is not None and not isinstance(error, Exception):
            raise error
        failure = classify(error) if error is not None else Failure(True, done.result().reason)
        self._failed(lease, failure.reason or "the listing failed", unreachable=failure.unreachable)

    def _failed(self, lease: Login, reason: str, *, unreachable: bool) -> None:
        core = self.core

        def delay(failures: int) -> float:
            return retry.delay_after(failures, retry.FOREVER, core.env.dice())

        self._authinfos.pop(lease.id, None)
        wait = write.transact(core.env, lambda tx: joblist.open_breaker(tx, lease.id, delay, reason))
        if unreachable:
            self.breakers[lease.id] = core.env.clock.monotonic() + wait
        level = logging.DEBUG if lease.id in self._told else logging.WARNING
        self._told.add(lease.id)  # an outage of days is worth one line
        LOGGER.log(level, "the jobs of login %d cannot be listed: %s", lease.id, reason)

    def _write(self, lease: Login, jobs: list[JobRow], asked: list[facts.JobInFlight], listing: facts.Listing) -> None:
        """Everything the listing said, if the lease is ours still."""
        core = self.core
        verdicts = [(job, poller.judge(question, listing)) for job, question in zip(jobs, asked, strict=True)]

        def work(tx: Transaction) -> bool:
            if not joblist.holds_poll(tx, lease):
                return False
            woken = False
            for job, verdict in verdicts:
                woken = self._note(tx, job, verdict) or woken
            return woken

        woken = write.transact(core.env, work)
        self._told.discard(lease.id)
        if self.breakers.pop(lease.id, None) is not None or woken:
            self._pause.pop(lease.id, None)
            core.ring()

    def _note(self, tx: Transaction, job: JobRow, verdict: facts.Verdict | None) -> bool:
        if isinstance(verdict, facts.Alive):
            self._show(job, verdict)
            if job.misses:
                joblist.note_miss(tx, job.process, job.jobid, 0)
            return False
        if isinstance(verdict, facts.NotYet):
            joblist.note_miss(tx, job.process, job.jobid, verdict.misses)
            return False
        self._shown.pop(job.process, None)
        self._marks.get(job.login, {}).pop(job.process, None)
        if isinstance(verdict, facts.Ended):
            return joblist.wake_job(tx, job.process, job.jobid, "ended", msgspec.json.encode(verdict).decode())
        return joblist.wake_job(tx, job.process, job.jobid, "look", "")

    def _show(self, job: JobRow, alive: facts.Alive) -> None:
        """The one projection without an event: the scheduler's state, under the login's epoch."""
        if self._shown.get(job.process) == alive.state:
            return
        self._shown[job.process] = alive.state
        patch: dict[str, Any] = {
            "scheduler_state": alive.state,
            "scheduler_lastchecktime": self.core.env.clock.now().isoformat(),
            "process_status": f"Monitoring scheduler: job state {alive.state.upper()}",
        }
        if alive.info:
            patch["last_job_info"] = alive.info
        self.core.env.store.merge_attributes(job.process, patch)
