"""`verdi process explain`: why is nothing happening?

Two halves. `gather` reads rows: the task, the journal folded, who holds it, the limit, the job, the login. `judge` is a pure
list of questions in order; the first that applies gives the answer. For a process that waits, the answer goes on with what
it waits for, down to the one that is really the matter.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from aiida import engine, orm
from aiida.common import exceptions, timezone
from aiida.common.utils import str_timedelta
from aiida.engine.runtime import liveness
from aiida.journal import fold, phases
from aiida.storage import joblist, journal, limits

__all__ = ("Facts", "describe_outage", "explain", "gather", "judge", "list_outages")

LONG_STEP = 60.0  # seconds after which a step that is still running is worth mentioning


@dataclass
class Facts:
    """What is known of a process that has not ended."""

    pk: int
    label: str
    task: dict[str, Any] | None
    state: fold.ProcessState
    age: float = 0.0  # seconds since the last event
    alive: list[int] = field(default_factory=list)  # targets that have not ended
    asked_by_others: dict[int, bool] = field(default_factory=dict)
    holder: tuple[int, str, int, str] | None = None  # worker id, host, process id, kind
    holder_stopped: bool = False
    holder_gone: bool = False
    workers: int = 0
    daemon_runs: bool = False
    place: limits.Place | None = None
    job: Any = None
    scheduler_state: str = ""
    scheduler_reason: str = ""
    computer: str = ""
    breaker: joblist.Breaker = field(default_factory=joblist.Breaker)
    waiting_jobs: int = 0
    due_in: float | None = None
    journal_is_missing: bool = False


def explain(process: orm.ProcessNode) -> str:
    """Return the paragraph for a process."""
    name = f"{process.process_label or type(process).__name__}<{process.pk}>"
    if process.is_terminated:
        return f"{name} has ended: it is {process.process_state.value}{_how(process)}. `verdi process report {process.pk}` shows what it said."
    facts = gather(process.backend, int(process.pk))
    return f"{name} {follow(process.backend, int(process.pk), [], facts)}{_lost(facts)}"


def _how(process: orm.ProcessNode) -> str:
    if process.is_finished:
        return f" with exit status {process.exit_status}" + (f" ({process.exit_message})" if process.exit_message else "")
    return f": {(process.exception or '').strip().splitlines()[0]}" if process.is_excepted and process.exception else ""


def _lost(f: Facts) -> str:
    """Return the sentence about what no snapshot holds."""
    if not f.state.lost:
        return ""
    keys = ", ".join(f"`{key}`: {reason}" for key, reason in f.state.lost.items())
    return f" It cannot be recovered past its last step, since what it keeps cannot be stored ({keys}): should its worker end, it goes on from the step before."


def follow(store: Any, pk: int, path: list[int], facts: Facts | None = None) -> str:
    """Return why a process stands still; of one that waits, why its target does."""
    facts = facts or gather(store, pk)
    text = judge(facts)
    if text is not None:
        return text
    if not facts.alive:
        return "waits, but all that it waited for has ended: it will be taken up at once" + (" by the daemon" if facts.daemon_runs else "") + "."
    first, others = facts.alive[0], len(facts.alive) - 1
    more = f" (and {others} more)" if others else ""
    child = orm.load_node(first)
    name = f"{child.process_label or type(child).__name__}<{first}>{more}"
    words = "waits for" if first not in facts.asked_by_others or not facts.asked_by_others[first] else "waits for another's process,"
    if first in path or first == pk:
        return f"{words} {name}, which waits for it in turn: a ring of waits, which can only be cut by `verdi process kill {first}`."
    return f"{words} {name}, which {follow(store, first, [*path, pk])}"


def gather(store: Any, pk: int) -> Facts:
    """Read all that may matter."""
    node = orm.load_node(pk)
    with store.reading() as connection:
        task = journal.find_task(connection, pk)
        timeline = journal.load_timeline(connection, pk)
        state = fold.fold(event for _, _, _, event in timeline)
        facts = Facts(pk, node.process_label or type(node).__name__, task, state, journal_is_missing=not timeline)
        if timeline:
            facts.age = max(0.0, timezone.now().timestamp() - timeline[-1][1])
        facts.alive = sorted(journal.which_alive(connection, state.targets)) if state.targets else []
        _gather_workers(store, facts, journal.list_workers(connection))
        if task is not None:
            _gather_limits(facts, connection, task)
            facts.due_in = None if task["due_at"] is None else max(0.0, float(task["due_at"]) - timezone.now().timestamp())
        facts.job = joblist.find_job(connection, pk)
        if facts.job is not None:
            facts.breaker = joblist.find_breaker(connection, facts.job.login)
            facts.waiting_jobs = joblist.count_jobs(connection, facts.job.login)
    for target in facts.alive:
        caller = orm.load_node(target).caller
        facts.asked_by_others[target] = caller is None or caller.pk != pk
    _gather_node(facts, node)
    return facts


def _gather_workers(store: Any, facts: Facts, rows: Sequence[tuple[int, str, int, int, str]]) -> None:
    """Note who holds the task, whether it moves, and how many workers there are."""
    here = liveness.host_name()
    for worker, host, pid, _beat, kind in rows:
        is_gone = liveness.is_dead_here(store, worker, host, pid)
        facts.workers += kind == "daemon" and not is_gone
        if facts.task is not None and facts.task["owner"] == worker:
            facts.holder, facts.holder_gone = (worker, host, pid, kind), is_gone
            if host == here and not is_gone:
                facts.holder_stopped = psutil.Process(pid).status() == psutil.STATUS_STOPPED
    try:
        facts.daemon_runs = engine.get_daemon_client().is_daemon_running
    except exceptions.AiidaException:
        facts.daemon_runs = False


def _gather_limits(facts: Facts, connection: Any, task: dict[str, Any]) -> None:
    """Note which limit holds it back, and its place in the queue behind it."""
    if task["lane"] and task["owner"] is None:
        facts.place = limits.find_places(connection).get(facts.pk)


def _gather_node(facts: Facts, node: orm.ProcessNode) -> None:
    """Note what only the node knows: what the scheduler said of its job."""
    if isinstance(node, orm.CalcJobNode):
        facts.computer = node.computer.label if node.computer is not None else ""
        info = node.get_last_job_info()
        state = node.get_scheduler_state()
        facts.scheduler_state = str(getattr(state, "value", state) or "")
        facts.scheduler_reason = str(getattr(info, "annotation", "") or "") if info is not None else ""


def _never_run(f: Facts) -> str | None:
    if f.task is not None:
        return None
    if f.journal_is_missing:
        return "is not in the queue and has no journal: it was made by hand, or by another program. It is data; nothing here will run it."
    return "is not in the queue: it was instantiated, but never submitted or run."


def _killed(f: Facts) -> str | None:
    if not f.state.kill_asked:
        return None
    if f.state.last_failure:
        return f"was told to end, and its job on `{f.computer}` must be cancelled first, which failed: {f.state.last_failure}. {_again(f)} `verdi process kill -F {f.pk}` ends it without."
    return "was told to end; the processes that it called and its jobs are being cancelled first." + _nobody(f)


def _paused(f: Facts) -> str | None:
    if not f.state.paused:
        return None
    reason = f" ({f.state.pause_reason})" if f.state.pause_reason else ""
    if f.state.failures and f.state.last_failure:
        return f"is paused after {f.state.failures} failures to do `{f.state.failed_effect}`: {f.state.last_failure}. See to it, then `verdi process play {f.pk}`."
    return f"is paused{reason}: `verdi process play {f.pk}` lets it go on."


def _unreachable(f: Facts) -> str | None:
    if not f.breaker.failures:
        return None
    return f"waits for its computer: {describe_outage(f.computer, f.breaker, f.waiting_jobs)}. All jobs there go on by themselves then.{_nobody(f)}"


def describe_outage(computer: str, breaker: joblist.Breaker, jobs: int) -> str:
    """Return the line about a computer that does not answer, in local time."""
    now = timezone.now()
    since = _clock(datetime.fromtimestamp(breaker.since, tz=UTC), now)
    wait = max(0.0, breaker.wait or 0.0)
    again = f"next try {_clock(now + timedelta(seconds=wait), now)}" if wait > 0 else "it is tried now"
    number = "1 job waits" if jobs == 1 else f"{jobs} jobs wait"
    return f"{computer} unreachable since {since}, {number}, {again} ({breaker.reason or 'no reason was given'})"


def list_outages(store: Any) -> list[str]:
    """Return a line for each computer that does not answer."""
    with store.reading() as connection:
        found = joblist.list_breakers(connection)
    return [describe_outage(orm.load_computer(pk=computer).label, breaker, jobs) for computer, breaker, jobs in found]


def _clock(moment: datetime, now: datetime) -> str:
    """Return hours and minutes; the day too if it is another one."""
    local, today = moment.astimezone(), now.astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")


def _backs_off(f: Facts) -> str | None:
    if not f.state.last_failure:
        return None
    return f"could not do `{f.state.failed_effect}` ({f.state.failures} time{'s' if f.state.failures > 1 else ''}): {f.state.last_failure}. {_again(f)}{_nobody(f)}"


def _again(f: Facts) -> str:
    return "It is tried again at once." if not f.due_in else f"It is tried again in {f.due_in:.0f} s."


def _stopped(f: Facts) -> str | None:
    if f.holder is None or not f.holder_stopped:
        return None
    _, host, pid, _ = f.holder
    return f"is held by worker {pid} on {host}, which is stopped (SIGSTOP). Its lease runs out by itself and another worker takes over; `kill -CONT {pid}` wakes it."


def _died(f: Facts) -> str | None:
    if f.holder is None or not f.holder_gone:
        return None
    _, host, pid, _ = f.holder
    return f"was held by worker {pid} on {host}, which has died; another one takes it over within seconds.{_nobody(f)}"


def _running(f: Facts) -> str | None:
    if f.holder is None:
        return None
    _, host, pid, kind = f.holder
    where = f"worker {pid} on {host}" if kind == "daemon" else f"the interpreter {pid} on {host} that runs it"
    since = _duration(f.age)
    if f.state.has_job or f.alive:
        return None
    long = " That is long for a step: see what the worker does in `verdi daemon logshow`." if f.age > LONG_STEP else ""
    return f"is running: {where} is at a step since {since}.{long}"


def _in_queue(f: Facts) -> str | None:
    if f.job is None or f.state.phase != phases.WITHSCHEDULER:
        return None
    reason = f": {f.scheduler_reason}" if f.scheduler_reason else ""
    words = {"queued": "is in the queue of the scheduler", "queued held": "is held in the queue", "running": "is running", "suspended": "is suspended"}
    said = words.get(f.scheduler_state.lower().replace("_", " "), "was submitted, and the scheduler has not been heard of it yet")
    return f"waits for its job {f.job.jobid} on `{f.computer}`, which {said}{reason}.{_nobody(f)}"


def _limited(f: Facts) -> str | None:
    if f.place is None:
        return None
    limit = f.place.limit
    return (
        f"is queued: {f.place.number} of {f.place.of}, limit {limit.maximum} on {_name_limit(limit.name)}, of which {limit.taken} run now. "
        f"`verdi process limit` changes it, `verdi process priority` its place.{_nobody(f)}"
    )


def _name_limit(name: str) -> str:
    """Return a limit in words: groups and computers by their labels."""
    kind, _, what = name.partition(":")
    uuid, _, more = what.partition(":")
    with contextlib.suppress(exceptions.AiidaException):
        if kind == "group":
            return f"the group `{orm.load_group(uuid=uuid).label}`"
        if kind != "kind":
            label = orm.load_computer(uuid=uuid).label
            return f"the {kind} `{more}` of `{label}`" if more else f"the computer `{label}`"
    return f"`{what}`"


def _class_missing(f: Facts) -> str | None:
    """Answer from what the workers found; whether the class can be imported in this interpreter says nothing of theirs."""
    if f.state.failed_effect != "import" or f.holder is not None:
        return None
    return (
        f"cannot be run: no worker can import its class. {f.state.last_failure}. Install or correct the plugin where the workers run, then "
        f"`verdi daemon restart`. {_again(f)}{_nobody(f)}"
    )


def _at_home(f: Facts) -> str | None:
    if f.task is None or f.task["home"] is None or not f.task["ready"] or f.holder is not None:
        return None
    return "waits to be taken up by the one interpreter that holds its live state."


def _ready(f: Facts) -> str | None:
    if f.task is None or not f.task["ready"] or f.holder is not None:
        return None
    missing = _nobody(f)
    return f"has something to do and waits to be taken up.{missing}" if missing else "has something to do and is taken up by the next free worker."


def _alarm(f: Facts) -> str | None:
    return None if f.due_in is None or f.alive else f"sleeps until its next look in {f.due_in:.0f} s.{_nobody(f)}"


def _nobody(f: Facts) -> str:
    """Return the sentence about nobody being there to work."""
    if not f.daemon_runs and not f.workers:
        return " No daemon is running: `verdi daemon start` starts one."
    if not f.workers:
        return " The daemon has no workers: `verdi daemon incr` adds one."
    return ""


def _duration(seconds: float) -> str:
    return str_timedelta(timedelta(seconds=seconds), max_num_fields=2, short=True).removesuffix(" ago")


QUESTIONS: tuple[Callable[[Facts], str | None], ...] = (
    _never_run, _killed, _paused, _died, _stopped, _unreachable, _class_missing, _backs_off, _running, _in_queue, _limited, _at_home, _ready, _alarm,
)  # fmt: skip


def judge(facts: Facts) -> str | None:
    """Return the answer of the first question that applies; None: it waits for other processes."""
    return next((text for question in QUESTIONS if (text := question(facts)) is not None), None)

