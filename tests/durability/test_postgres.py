"""The same on PostgreSQL: kills at every commit, workers in turns, and three workers that really run at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aiida import orm
from aiida.graph.records import UserRow
from aiida.storage.psql_dos.backend import PsqlDosBackend
from tests.contract.conftest import make_profile
from tests.durability import flows
from tests.durability import test_interleaving as interleaving
from tests.durability.harness import Crash, Faulty, StatementTurns, canon, house
from tests.durability.test_kill_anywhere import live_and_die, moments
from tests.postgres_server import Server, postgres_server  # noqa: F401

pytestmark = pytest.mark.real("postgres")


class FaultyPostgres(Faulty, PsqlDosBackend):
    """PostgreSQL with the same hooks."""


@pytest.fixture
def open_store(postgres_server: Server, tmp_path: Path) -> Iterator[Callable[[], Any]]:  # noqa: F811
    """A fresh store each time."""
    number = 0

    def fresh() -> Any:
        nonlocal number
        number += 1
        store = FaultyPostgres(make_profile("core.psql_dos", postgres_server.make_storage(tmp_path / str(number))))
        store.insert([UserRow(email="test@localhost")])
        return store

    yield fresh


def test_kill_at_every_commit_of_a_leaf(open_store: Callable[[], Any], rng: random.Random) -> None:
    with house(open_store()) as built:
        node = built.submit(flows.Leaf, x=orm.Int(3))
        with built.crashing(set()):
            worker = built.worker()
            built.run(worker)
        commits, expected = built.commits, canon(orm.load_node(node.pk))
    for moment in moments(commits, 12, rng):
        with house(open_store()) as built:
            node = built.submit(flows.Leaf, x=orm.Int(3))
            worker = built.worker()
            with built.crashing({moment}):
                try:
                    built.run(worker)
                except Crash:
                    pass
            built.bury(worker)
            built.recover()
            built.check()
            assert canon(orm.load_node(node.pk)) == expected, moment


class Free:
    """No turns: whoever can, goes on."""

    def join(self, who: int) -> None:
        return

    leave = change = join


def play(
    store: Any, seed: int, workers: int, *, free: bool = False, statements: bool = False, control: bool = False
) -> tuple[list[Any], interleaving.Play]:
    """The graphs after a run: in turns between transactions, between statements, or without any."""
    with house(store) as built:
        nodes = [built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()}) for cls, inputs in interleaving.SCENES]
        run = interleaving.Play(built, seed, workers, control=control)
        if free:
            run.turns = Free()  # type: ignore[assignment]
        if statements:
            run.turns = StatementTurns(run.rng, workers)
            sa.event.listen(store._engine, "do_execute", lambda *args: by_turns(run, *args))
        run.run(workers)
        built.check()
        return [canon(orm.load_node(node.pk)) for node in nodes], run


def by_turns(run: interleaving.Play, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """SQLAlchemy is about to run a statement: when it is this thread's turn."""
    run.statement(lambda: cursor.execute(statement, parameters))
    return True


@pytest.mark.parametrize("workers", [2, 3])
def test_turns_between_any_two_statements(open_store: Callable[[], Any], seed: int, workers: int) -> None:
    """Small size of the proof below."""
    wanted = interleaving.expected()
    graphs, run = play(open_store(), seed, workers, statements=True)
    assert graphs == wanted, f"seed {seed}: {run.crashes} crashes, {run.stops} stops, {run.lost} lost replies"


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("block", range(4))
def test_many_turns_between_any_two_statements(open_store: Callable[[], Any], seed: int, block: int) -> None:
    """Two and three workers; in every other run processes are paused and played meanwhile."""
    wanted, told = interleaving.expected(), {"crashes": 0, "stops": 0, "lost": 0, "waited": 0}
    for number in range(seed + 2000 + block * 15, seed + 2000 + block * 15 + 15):
        graphs, run = play(open_store(), number, 2 + number % 2, statements=True, control=number % 4 < 2)
        assert graphs == wanted, f"seed {number}: {run.crashes} crashes, {run.stops} stops, {run.lost} lost replies"
        told = {key: told[key] + getattr(run if key != "waited" else run.turns, key) for key in told}
    print(f"\nPostgreSQL, statement by statement, 15 seeds from {seed + 2000 + block * 15}: {told}")
    assert min(told.values()) > 0, "nothing went wrong, so nothing was shown"


@pytest.mark.proof
def test_every_kill_of_a_tree(open_store: Callable[[], Any], rng: random.Random) -> None:
    """As on SQLite, at a third of the moments."""
    with house(open_store()) as built:
        node = built.submit(flows.Tree, n=orm.Int(2))
        with built.crashing(set()):
            worker = built.worker()
            built.run(worker)
        commits, expected = built.commits, canon(orm.load_node(node.pk))
    for moment in moments(commits, commits * 2 // 3, rng):
        with house(open_store()) as built:
            node = built.submit(flows.Tree, n=orm.Int(2))
            live_and_die(built, [moment])
            assert canon(orm.load_node(node.pk)) == expected, moment


@pytest.mark.parametrize("free", [False, True], ids=["in turns", "at once"])
def test_three_workers(open_store: Callable[[], Any], seed: int, free: bool) -> None:
    wanted = interleaving.expected()
    for number in range(3):
        graphs, run = play(open_store(), seed + number, 3, free=free)
        assert graphs == wanted, (
            f"seed {seed + number}: {run.crashes} crashes, {run.stops} stops, {run.lost} lost replies"
        )
