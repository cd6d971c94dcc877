"""Between polls a job that waits costs no statement and no coroutine: three of them or thirty, it is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from aiida.engine.processes.calcjobs import effects as remote
from aiida.engine.processes.calcjobs import facts
from aiida.engine.runtime.worker import Worker
from aiida.transports.loop import shared_loop
from tests.unit.engine.test_jobs import code, start, stepper  # noqa: F401


@contextmanager
def counting(store: Any) -> Iterator[list[str]]:
    """The statements meanwhile."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(store._engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(store._engine, "before_cursor_execute", note)


def tasks() -> int:
    """Coroutines that are under way on the loop, this question apart."""

    async def ask() -> int:
        return len(asyncio.all_tasks()) - 1

    return asyncio.run_coroutine_threadsafe(ask(), shared_loop()).result(10)


def idle_rounds(worker: Worker, store: Any) -> list[str]:
    """What ten rounds of a worker that has nothing to do ask of the database."""
    with counting(store) as seen:
        for _ in range(10):
            worker.core.poller._next = 0.0
            worker.core.poller.tick()
            worker._claim()
    return seen


@pytest.fixture
def accepted(monkeypatch: pytest.MonkeyPatch, code: Any) -> list[int]:  # noqa: F811
    """A scheduler that takes every job and shows it running; how many jobs each listing asked for."""
    asked: list[int] = []

    async def submit(process: Any, *args: Any) -> Any:
        return facts.Accepted(job_id=f"job{process.node.pk}")

    async def list_jobs(authinfo: Any, pool: Any, jobs: Any) -> Any:
        asked.append(len(jobs))
        return facts.Listing(complete=True, jobs={job.job_id: {"job_id": job.job_id, "job_state": "running"} for job in jobs})

    monkeypatch.setattr(remote, "submit", submit)
    monkeypatch.setattr(remote, "list_jobs", list_jobs)
    code.computer.set_minimum_job_poll_interval(600)
    return asked


def test_a_waiting_job_costs_no_statement_and_no_coroutine(stepper: Worker, store: Any, code: Any, accepted: list[int]) -> None:  # noqa: F811
    for _ in range(3):
        start(code)
    stepper.run_until_idle()
    few, sleeping = idle_rounds(stepper, store), tasks()
    nodes = [start(code) for _ in range(27)]
    stepper.run_until_idle()
    many = idle_rounds(stepper, store)
    assert nodes[-1].get_state().value == "withscheduler"
    assert len(many) == len(few) and set(many) == set(few)
    assert tasks() == sleeping == 0
    assert len(stepper.core.held) == 0, "no instance is kept either"
    assert accepted and len(accepted) <= 2, "nothing is listed before the interval is over"


def test_submitting_is_not_bound_to_the_interval_of_polls(stepper: Worker, store: Any, code: Any, accepted: list[int]) -> None:  # noqa: F811
    nodes = [start(code) for _ in range(5)]
    stepper.run_until_idle(20)
    assert all(node.get_job_id() == f"job{node.pk}" for node in nodes) and len(accepted) <= 1
