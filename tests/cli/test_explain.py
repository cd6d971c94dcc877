"""Every reason why nothing happens, named right: the table of issue 4."""

from __future__ import annotations

from typing import Any

import pytest

from aiida.cmdline.utils.explain import Facts, judge
from aiida.journal import fold, phases
from aiida.storage import joblist
from aiida.storage.limits import Limit, Place

TASK: dict[str, Any] = {"process": 5, "ready": 1, "paused": 0, "due_at": None, "awaiting": 0, "home": None, "lane": 0, "owner": None, "priority": 0}


class Job:
    """A job in flight."""

    jobid = "77"
    login = 1


def facts(task: dict[str, Any] | None = None, state: dict[str, Any] | None = None, **known: Any) -> Facts:
    """Return what is known of a process, with the rest as usual: a daemon with a worker, nobody at work on it."""
    usual = {"workers": 1, "daemon_runs": True, "computer": "cluster"}
    return Facts(5, "P", {**TASK, **(task or {})}, fold.ProcessState(**(state or {})), **{**usual, **known})


HELD = {"ready": 0, "owner": 3}
HOLDER = (3, "here", 4242, "daemon")

SITUATIONS = {
    "no daemon": (facts(workers=0, daemon_runs=False), "No daemon is running: `verdi daemon start`"),
    "daemon without workers": (facts(workers=0), "The daemon has no workers: `verdi daemon incr`"),
    "free to run": (facts(), "is taken up by the next free worker"),
    "never submitted": (Facts(5, "P", None, fold.ProcessState()), "never submitted or run"),
    "made by hand": (Facts(5, "P", None, fold.ProcessState(), journal_is_missing=True), "has no journal"),
    "paused by a user": (facts(state={"paused": True, "pause_reason": "by me"}), "is paused (by me): `verdi process play 5`"),
    "paused after failures": (
        facts(state={"paused": True, "failures": 5, "last_failure": "disk full there", "failed_effect": "upload"}),
        "is paused after 5 failures to do `upload`: disk full there",
    ),
    "backing off": (
        facts({"ready": 0}, {"failures": 2, "last_failure": "no route", "failed_effect": "submit"}, due_in=40.0),
        "could not do `submit` (2 times): no route. It is tried again in 40 s.",
    ),
    "computer unreachable": (
        facts({"ready": 0}, job=Job(), breaker=joblist.Breaker(3, 0.0, 0.0, "connection refused"), waiting_jobs=312),
        "cluster unreachable since 1970-01-01 00:00, 312 jobs wait, it is tried now (connection refused). All jobs there go on by themselves then.",
    ),
    "queued behind a limit": (
        facts({"lane": 2}, place=Place(12, 340, Limit(1, "kind:relax", 20, 20))),
        "is queued: 12 of 340, limit 20 on `relax`, of which 20 run now",
    ),
    "job pending, with the reason": (
        facts({"ready": 0}, {"phase": phases.WITHSCHEDULER}, job=Job(), scheduler_state="queued", scheduler_reason="Priority"),
        "job 77 on `cluster`, which is in the queue of the scheduler: Priority",
    ),
    "job held": (
        facts({"ready": 0}, {"phase": phases.WITHSCHEDULER}, job=Job(), scheduler_state="queued held", scheduler_reason="JobHeldUser"),
        "is held in the queue: JobHeldUser",
    ),
    "class not importable": (
        facts({"ready": 0}, {"failures": 1, "failed_effect": "import", "last_failure": "No module named 'gone'"}, due_in=60.0),
        "no worker can import its class. No module named 'gone'. Install or correct",
    ),
    "a step running for an hour": (facts(HELD, holder=HOLDER, age=3700.0), "is at a step since 1h:01m. That is long for a step"),
    "a worker died": (facts(HELD, holder=HOLDER, holder_gone=True), "which has died; another one takes it over"),
    "a worker stopped": (facts(HELD, holder=HOLDER, holder_stopped=True), "which is stopped (SIGSTOP)"),
    "killed, waiting for its jobs": (facts({"ready": 0}, {"kill_asked": True}), "its jobs are being cancelled first"),
    "killed, jobs cannot be reached": (
        facts({"ready": 0}, {"kill_asked": True, "last_failure": "no route"}, due_in=10.0),
        "which failed: no route. It is tried again in 10 s. `verdi process kill -F 5` ends it without",
    ),
    "live state in one interpreter": (facts({"home": 9}), "the one interpreter that holds its live state"),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_reason_is_named(name: str) -> None:
    known, expected = SITUATIONS[name]
    assert expected in (judge(known) or "")


def test_waiting_for_others_is_left_to_what_they_wait_for() -> None:
    assert judge(facts({"ready": 0, "awaiting": 1}, alive=[6])) is None
