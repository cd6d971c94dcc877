"""What one process costs, in numbers that no machine changes: statements that the driver sees, and commits (issue 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aiida import orm
from aiida.engine import submit
from aiida.storage.store import Transaction
from tests.durability import flows

FREE = ("BEGIN", "COMMIT", "ROLLBACK")


class Cost:
    """Statements and commits since the last reset."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.commits = 0

    def reset(self) -> None:
        self.statements, self.commits = [], 0


@pytest.fixture
def cost(store: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cost]:
    counted = Cost()

    def seen(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(FREE):
            counted.statements.append(" ".join(statement.split()))

    commit = store._commit

    def committing(transaction: Transaction) -> None:
        counted.commits += 1
        commit(transaction)

    sa.event.listen(store._engine, "before_cursor_execute", seen)
    monkeypatch.setattr(store, "_commit", committing)
    yield counted
    sa.event.remove(store._engine, "before_cursor_execute", seen)


LOOKS = (
    ("SELECT EXISTS (SELECT 1 FROM task WHERE due_at", "WITH c AS"),
    ("SELECT l.id, CASE WHEN l.open_after", "UPDATE login SET owner"),
)
"""(look, what it found): looks that found nothing are idle, and not counted."""


POLL = ("UPDATE login SET owner", "SELECT j.process", "UPDATE login SET failures")
"""A listing belongs to a login and an interval, not to a process: those after the first, which found the job still running, are not its cost."""


def extra_polls(statements: list[str], part: str) -> int:
    """How many more than one."""
    return max(0, sum(s.startswith(part) for s in statements) - 1)


def idle_looks(statements: list[str]) -> int:
    """How many looks led to nothing."""
    return sum(extra_polls(statements, part) for part in POLL) + sum(
        max(0, sum(s.startswith(look) for s in statements) - sum(s.startswith(found) for s in statements))
        for look, found in LOOKS
    )


@contextmanager
def at_most(cost: Cost, statements: int, commits: int) -> Iterator[None]:
    cost.reset()
    yield
    listing = "\n".join(cost.statements)
    spent = len(cost.statements) - idle_looks(cost.statements)
    assert spent <= statements, f"{spent} statements:\n{listing}"
    polls = extra_polls(cost.statements, POLL[0]) + extra_polls(cost.statements, POLL[2])
    assert cost.commits - polls <= commits, f"{cost.commits} commits:\n{listing}"


def test_a_calcfunction_of_two_stored_inputs(cost: Cost, engine: Any) -> None:
    x, y = orm.Int(1).store(), orm.Int(2).store()
    flows.add(x, y)
    with at_most(cost, 12, 2):
        flows.add(x, y)


def test_a_work_chain_of_three_steps_and_a_calcfunction(cost: Cost, worker: Callable[[], None]) -> None:
    x = orm.Int(1).store()
    submit(flows.Leaf, x=x)
    worker()
    with at_most(cost, 36, 8):
        node = submit(flows.Leaf, x=x)
        worker()
    assert node.is_finished_ok


def test_a_job(cost: Cost, worker: Callable[[], None], tmp_path: Path) -> None:
    x, code = orm.Int(1).store(), flows.make_code(str(tmp_path))
    submit(flows.AddJob, code=code, x=x, y=x)
    worker()
    with at_most(cost, 48, 11):
        node = submit(flows.AddJob, code=code, x=x, y=x)
        worker()
    assert node.is_finished_ok
