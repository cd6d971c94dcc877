"""What a process asks of the database costs the same in a database of a million others: no statement goes through a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from aiida import orm
from aiida.engine import submit
from tests.durability import flows

GROWING = ("db_dbnode", "db_dblink", "event")
"""Tables that grow with what was ever run; all others hold what is alive, or less."""

WIDE = ("_type", "_label", "ctime", "mtime", "user_id", "_dbcomputer_id")
"""Endings of indexes under each of whose keys stands a good part of the table."""


def plans_of(store: Any, work: Callable[[], None]) -> dict[str, list[str]]:
    """statement -> the steps of its plan, of everything that is run meanwhile."""
    seen: dict[str, Any] = {}

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.setdefault(statement, parameters)

    sa.event.listen(store._engine, "before_cursor_execute", note)
    work()
    sa.event.remove(store._engine, "before_cursor_execute", note)
    with store.reading() as connection:
        driver = connection.connection.dbapi_connection
        return {
            statement: [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in seen.items()
            if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"))
        }


def wide_steps(statement: str, plan: list[str]) -> list[str]:
    """Steps that touch more the more there is in the database."""
    return [
        step
        for step in plan
        if (
            step.startswith("SCAN ")
            and any(f" {table} " in f" {statement} " for table in GROWING)
            and step.split()[1] in ("l", "n", "e", *GROWING)
        )
        or (" USING " in step and step.rpartition(" (")[0].endswith(WIDE))
    ]


def test_no_statement_of_a_process_grows_with_the_database(
    store: Any, worker: Callable[[], None], tmp_path: Path
) -> None:
    x, code = orm.Int(1).store(), flows.make_code(str(tmp_path))

    def work() -> None:
        nodes = [submit(flows.Leaf, x=x), submit(flows.AddJob, code=code, x=x, y=x), submit(flows.Tree, n=orm.Int(2))]
        worker()
        assert all(node.is_finished_ok for node in nodes)

    plans = plans_of(store, work)
    assert len(plans) > 20
    wide = {statement: steps for statement, plan in plans.items() if (steps := wide_steps(statement, plan))}
    assert not wide, wide
