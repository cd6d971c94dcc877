"""Jobs in flight, poll leases, circuit breakers and limits: PROTOCOL.md section 8, statement by statement.

One query per login and interval over all workers: who takes the lease reads the job set *first*, then lists, then writes
under that epoch. A listing says nothing about jobs submitted after it began.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import sqlalchemy as sa

from aiida.storage.journal import Connected, JobRow, run

UNLIMITED = 2**31 - 1


class Login(msgspec.Struct, frozen=True):
    """A poll lease in our hands."""

    id: int
    computer: int
    user: int
    epoch: int


def login_for(tx: Connected, computer: int, user: int) -> int:
    """The row of this login, made when first needed."""
    sql = 'INSERT INTO login (computer, "user") VALUES (:c, :u) ON CONFLICT DO NOTHING'
    find = 'SELECT id FROM login WHERE computer=:c AND "user"=:u'
    found = run(tx.connection, find, c=computer, u=user).scalar_one_or_none()
    if found is None:
        run(tx.connection, sql, c=computer, u=user)
        found = run(tx.connection, find, c=computer, u=user).scalar_one()
    return int(found)


def login_key(connection: sa.Connection, login: int) -> tuple[int, int]:
    """(computer, user) of a login."""
    row = run(connection, 'SELECT computer, "user" FROM login WHERE id=:l', l=login).one()
    return row[0], row[1]


def put_job(
    tx: Connected, process: int, login: int | None, attempt: int, directory: str, jobid: str, state: str
) -> None:
    """The row of a job between intent and end. How many listings in a row missed it stays as it is while the job is the same one."""
    sql = """INSERT INTO job (process, login, attempt, dir, jobid, state, misses) VALUES (:p, :l, :a, :d, :j, :s, 0)
        ON CONFLICT (process) DO UPDATE SET login=:l, attempt=:a, dir=:d, jobid=:j, state=:s,
            misses=CASE WHEN job.jobid=:j AND job.attempt=:a THEN job.misses ELSE 0 END"""
    run(tx.connection, sql, p=process, l=login, a=attempt, d=directory, j=jobid, s=state)


def find_job(connection: sa.Connection, process: int) -> JobRow | None:
    """The row of one job."""
    sql = "SELECT process, login, attempt, dir, jobid, state, misses FROM job WHERE process=:p"
    row = run(connection, sql, p=process).one_or_none()
    return None if row is None else JobRow(*row)


WAITING = "('waits', 'intended', 'probe')"
"""States of jobs that rest until their computer answers: before the intent and after the end, or with a scheduler that may know them; the
one that was told to try is the probe."""


class DueLogin(msgspec.Struct, frozen=True):
    """A login at which something is to be asked."""

    id: int
    wait: float
    has_jobs: bool


def due_logins(connection: sa.Connection) -> tuple[list[DueLogin], float | None]:
    """Logins that have jobs with the scheduler, or an open breaker and jobs that wait for it, and may be asked now; and
    seconds until the next one may."""
    queued = "EXISTS (SELECT 1 FROM job j JOIN task t ON t.process=j.process WHERE j.login=l.id AND j.state='queued')"
    sql = f"""SELECT l.id, CASE WHEN l.open_after IS NOT NULL AND l.open_after > l.next_poll THEN l.open_after ELSE l.next_poll END - {{NOW}},
            {queued}
        FROM login l WHERE {queued} OR (l.open_after IS NOT NULL AND EXISTS (
            SELECT 1 FROM job j JOIN task t ON t.process=j.process WHERE j.login=l.id AND j.state IN {WAITING}))"""
    logins = [DueLogin(row[0], row[1], bool(row[2])) for row in run(connection, sql)]
    later = [login.wait for login in logins if login.wait > 0]
    return [login for login in logins if login.wait <= 0], min(later, default=None)


def take_poll(tx: Connected, login: int, worker: int, interval: float) -> Login | None:
    """The poll lease, if nobody has asked within the interval and the breaker is closed."""
    sql = """UPDATE login SET owner=:w, epoch=epoch+1, next_poll={NOW} + :interval
        WHERE id=:l AND next_poll <= {NOW} AND (open_after IS NULL OR open_after <= {NOW}) RETURNING id, computer, "user", epoch"""
    row = run(tx.connection, sql, w=worker, l=login, interval=interval).one_or_none()
    return None if row is None else Login(*row)


def queued_jobs(connection: sa.Connection, login: int) -> list[JobRow]:
    """The jobs to ask for: read before the listing begins."""
    sql = """SELECT j.process, j.login, j.attempt, j.dir, j.jobid, j.state, j.misses FROM job j JOIN task t ON t.process=j.process
        WHERE j.login=:l AND j.state='queued' ORDER BY j.process"""
    return [JobRow(*row) for row in run(connection, sql, l=login)]


def holds_poll(tx: Connected, lease: Login) -> bool:
    """Whether the result of a listing may still be written: the epoch is ours. Also closes the breaker."""
    sql = "UPDATE login SET failures=failures WHERE id=:l AND epoch=:e RETURNING failures"
    row = run(tx.connection, sql, l=lease.id, e=lease.epoch).one_or_none()
    if row is not None and row[0]:
        close_breaker(tx, lease.id)
    return row is not None


# --- the breaker -----------------------------------------------------------------------------------------------------


class Breaker(msgspec.Struct, frozen=True):
    """What is known of a login that does not answer."""

    failures: int = 0
    since: float = 0.0
    wait: float | None = None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Nobody should try now."""
        return self.failures > 0 and (self.wait or 0.0) > 0


def open_breaker(
    tx: Connected, login: int, delay: Callable[[int], float], reason: str, *, probed: bool = False
) -> float:
    """The login does not answer: one row for all its jobs, one decision when to try again; seconds until then.

    `delay` tells from the number of failures how long to wait. Whoever finds the breaker open already and was not its probe changes
    nothing: the row is locked all the same, so that nobody closes it before the caller has written that its job waits.
    """
    now = "SELECT failures, open_after - {NOW}, reason, {NOW} FROM login WHERE id=:l {LOCK}"
    failures, wait, before, at = run(tx.connection, now, l=login).one()
    if failures and wait is not None and wait > 0 and not probed:
        return float(wait)
    seconds = delay(failures + 1)
    since = str(before).partition("|")[0] if failures and "|" in str(before) else f"{at:.0f}"
    sql = "UPDATE login SET failures=failures+1, open_after={NOW} + :d, reason=:r WHERE id=:l"
    run(tx.connection, sql, l=login, d=seconds, r=f"{since}|{reason[:1000]}")
    return seconds


def close_breaker(tx: Connected, login: int) -> None:
    """It answers again: everything that waited for it is ready."""
    run(tx.connection, "UPDATE login SET failures=0, open_after=NULL, reason=NULL WHERE id=:l", l=login)
    sql = f"""UPDATE task SET ready=TRUE, due_at=NULL WHERE owner IS NULL
        AND process IN (SELECT process FROM job WHERE login=:l AND state IN {WAITING})"""
    run(tx.connection, sql, l=login)


def probe(tx: Connected, login: int, patience: float) -> bool:
    """The breaker may be tried: one of those that wait goes first, the others wait on; whether it was ours to say."""
    sql = "UPDATE login SET open_after={NOW} + :d WHERE id=:l AND open_after <= {NOW}"
    if run(tx.connection, sql, l=login, d=patience).rowcount != 1:
        return False
    sql = f"""UPDATE job SET state='probe' WHERE process = (SELECT min(t.process) FROM task t JOIN job j ON j.process=t.process
        WHERE j.login=:l AND j.state IN {WAITING} AND t.owner IS NULL AND NOT t.paused) RETURNING process"""
    chosen = run(tx.connection, sql, l=login).one_or_none()
    if chosen is None:
        return False
    run(tx.connection, "UPDATE task SET ready=TRUE, due_at=NULL WHERE process=:p", p=chosen[0])
    return True


def find_breaker(connection: sa.Connection, login: int, *, lock: bool = False) -> Breaker:
    """What is known of a login; with `lock`, nobody changes it before the end of the transaction."""
    sql = f"SELECT failures, open_after - {{NOW}}, reason FROM login WHERE id=:l {'{LOCK}' if lock else ''}"
    row = run(connection, sql, l=login).one_or_none()
    if row is None or not row[0]:
        return Breaker()
    since, _, reason = str(row[2] or "|").partition("|")
    return Breaker(row[0], float(since) if since.isdigit() else 0.0, row[1], reason)


def count_jobs(connection: sa.Connection, login: int) -> int:
    """How many jobs are in flight, or wait, at a login."""
    sql = "SELECT count(*) FROM job j JOIN task t ON t.process=j.process WHERE j.login=:l"
    return int(run(connection, sql, l=login).scalar_one())


def list_breakers(connection: sa.Connection) -> list[tuple[int, Breaker, int]]:
    """(computer, breaker, how many jobs wait) of every login that does not answer."""
    logins = run(connection, "SELECT id, computer FROM login WHERE failures > 0 ORDER BY id").all()
    return [(row[1], find_breaker(connection, row[0]), count_jobs(connection, row[0])) for row in logins]


# --- what a listing said ---------------------------------------------------------------------------------------------


def note_miss(tx: Connected, process: int, jobid: str, misses: int) -> None:
    """What the listing said of a job that goes on."""
    run(tx.connection, "UPDATE job SET misses=:m WHERE process=:p AND jobid=:j", m=misses, p=process, j=jobid)


def wake_job(tx: Connected, process: int, jobid: str, state: str, verdict: str) -> bool:
    """The job ended or needs a closer look: its task is ready; the verdict waits in `job.state`."""
    sql = "UPDATE job SET state=:s WHERE process=:p AND jobid=:j AND state='queued'"
    if run(tx.connection, sql, s=f"{state}:{verdict}" if verdict else state, p=process, j=jobid).rowcount != 1:
        return False
    sql = f"UPDATE task SET ready=TRUE, slot=CASE WHEN {_KEEPS_SLOT} THEN slot ELSE 0 END WHERE process=:p"
    return (
        run(
            tx.connection, sql if state == "ended" else "UPDATE task SET ready=TRUE WHERE process=:p", p=process
        ).rowcount
        == 1
    )


# A limit on jobs is held until the job is over, one on kinds and groups to the end of the process.
_KEEPS_SLOT = """EXISTS (SELECT 1 FROM lane_bound lb JOIN bound b ON b.id = lb.bound
    WHERE lb.lane = task.slot AND (b.name LIKE 'kind:%' OR b.name LIKE 'group:%'))"""


# --- limits ----------------------------------------------------------------------------------------------------------


def list_bounds(connection: sa.Connection) -> list[tuple[int, str, int, int]]:
    """(id, name, max, taken) of every limit."""
    sql = """SELECT b.id, b.name, b.max, (SELECT count(*) FROM task t JOIN lane_bound lb ON lb.lane=t.slot WHERE lb.bound=b.id AND t.slot<>0)
        FROM bound b ORDER BY b.id"""
    return [tuple(row) for row in run(connection, sql)]


def has_bounds(connection: sa.Connection) -> bool:
    """Whether there is any limit at all."""
    return bool(run(connection, "SELECT EXISTS (SELECT 1 FROM bound)").scalar_one())


def set_bound(tx: Connected, name: str, maximum: int | None) -> None:
    """Make, change or (None) lift a limit; evicts nobody. Lanes keep the bound's id, so it is lifted by a very large number."""
    sql = "INSERT INTO bound (name, max) VALUES (:n, :m) ON CONFLICT (name) DO UPDATE SET max=:m"
    run(tx.connection, sql, n=name, m=UNLIMITED if maximum is None else maximum)


def lane_for(tx: Connected, names: list[str]) -> int:
    """The lane of a process to which the limits of these names apply; 0: none does."""
    if not names:
        return 0
    marks = ", ".join(f":n{i}" for i in range(len(names)))
    found: Any = run(
        tx.connection,
        f"SELECT id FROM bound WHERE name IN ({marks}) ORDER BY id",
        **{f"n{i}": n for i, n in enumerate(names)},
    )
    bounds = [row[0] for row in found]
    if not bounds:
        return 0
    key = ",".join(map(str, bounds))
    lane = run(tx.connection, "SELECT id FROM lane WHERE bounds=:b", b=key).scalar_one_or_none()
    if lane is None:
        lane = run(tx.connection, "INSERT INTO lane (bounds) VALUES (:b) RETURNING id", b=key).scalar_one()
        for bound in bounds:
            run(tx.connection, "INSERT INTO lane_bound (lane, bound) VALUES (:l, :b)", l=lane, b=bound)
    return int(lane)
