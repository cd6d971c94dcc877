"""The checker of PROTOCOL section 12 notices: each rule is broken by hand, and named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aiida import orm
from aiida.engine.runtime import invariants
from aiida.storage import journal
from tests.durability import flows
from tests.durability.harness import House, house


@pytest.fixture
def built() -> Iterator[House]:
    """One process that has ended (pk 2, with a child), one that waits to be run, and whatever a test breaks."""
    with house() as made:
        made.submit(flows.Leaf, x=orm.Int(1))
        worker = made.worker()
        made.run(worker)
        made.bury(worker)
        made.submit(flows.Leaf, x=orm.Int(2))
        made.check_nothing = invariants.check(made.store)  # type: ignore[attr-defined]
        yield made


BROKEN = {
    "UPDATE task SET ready=FALSE": "nothing will ever make it ready",
    "UPDATE task SET awaiting=1, ready=FALSE": "awaiting is 1, but 0 living targets",
    "UPDATE task SET owner=99": "owner 99 is no living worker",
    "UPDATE task SET home=99": "home 99 is no living worker",
    "UPDATE task SET rides=2": "rides on process 2, which has ended",
    "UPDATE task SET seq=7": "task.seq is 7",
    "UPDATE task SET paused=TRUE": "paused is False in the journal",
    "DELETE FROM task": "these are one thing",
    "DELETE FROM event WHERE process=(SELECT process FROM task)": "a task row and no journal",
    "DELETE FROM event WHERE process=2 AND seq=2": "seq is not dense",
    "UPDATE event SET epoch=9 WHERE process=2 AND seq=1": "epochs decrease",
    "UPDATE event SET kind='Killed', data='{}' WHERE process=2 AND seq=2": "process 2: ",
    "UPDATE event SET data=replace(data, '\"uuid\":\"', '\"uuid\":\"x') WHERE process=2 AND seq=1": "the node is",
    "UPDATE db_dbnode SET attributes=json_set(attributes, '$.process_state', 'killed') WHERE id=2": "the node shows killed",
    "UPDATE db_dbnode SET attributes=json_set(attributes, '$.exit_status', 7) WHERE id=2": "exit_status is 7 on the node",
    "UPDATE db_dbnode SET attributes=json_remove(attributes, '$.sealed') WHERE id=2": "these are one thing",
    "DELETE FROM db_dblink WHERE type='call_calc'": "but its CALL links go to []",
    "INSERT INTO inbox (process, command, data, at) VALUES (2, 'kill', '{}', 0)": "mail for process 2, which has ended",
    "INSERT INTO job (process, login, attempt, dir, jobid, state, misses) VALUES (2, 1, 1, '/', '7', 'queued', 0)": "its job is followed still",
}


@pytest.mark.parametrize("sql", BROKEN)
def test_a_broken_rule_is_named(built: House, sql: str) -> None:
    found: Any = built.check_nothing  # type: ignore[attr-defined]
    assert found == []
    with built.store.transaction() as tx:
        assert journal.run(tx.connection, sql).rowcount > 0
    assert any(BROKEN[sql] in line for line in invariants.check(built.store)), invariants.check(built.store)
