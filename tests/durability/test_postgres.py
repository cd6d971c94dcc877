"""The same on PostgreSQL: kills at every commit, workers in turns, and three workers that really run at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.graph.records import UserRow
from aiida.storage.psql_dos.backend import PsqlDosBackend
from tests.contract.conftest import make_profile
from tests.durability import flows
from tests.durability import test_interleaving as interleaving
from tests.durability.harness import Crash, Faulty, canon, house
from tests.durability.test_kill_anywhere import moments
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


def play(store: Any, seed: int, workers: int, *, free: bool) -> tuple[list[Any], interleaving.Play]:
    """The graphs after a run."""
    with house(store) as built:
        nodes = [built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()}) for cls, inputs in interleaving.SCENES]
        run = interleaving.Play(built, seed, workers, control=False)
        if free:
            run.turns = Free()  # type: ignore[assignment]
        run.run(workers)
        built.check()
        return [canon(orm.load_node(node.pk)) for node in nodes], run


@pytest.mark.parametrize("free", [False, True], ids=["in turns", "at once"])
def test_three_workers(open_store: Callable[[], Any], seed: int, free: bool) -> None:
    wanted = interleaving.expected()
    for number in range(3):
        graphs, run = play(open_store(), seed + number, 3, free=free)
        assert graphs == wanted, (
            f"seed {seed + number}: {run.crashes} crashes, {run.stops} stops, {run.lost} lost replies"
        )
