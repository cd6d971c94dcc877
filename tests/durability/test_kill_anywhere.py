"""A worker killed before or after any commit: another goes on, and the graph is that of an undisturbed run."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common.exceptions import UnreachableStorage
from tests.durability import flows
from tests.durability.harness import Crash, canon, house, lose_reply

SCENES: dict[str, tuple[Any, dict[str, int]]] = {
    "leaf": (flows.Leaf, {"x": 3}),
    "tree": (flows.Tree, {"n": 2}),
    "chain": (flows.Chain, {"depth": 3}),
    "raises": (flows.Raises, {"x": 1}),
}


def undisturbed(name: str) -> tuple[Any, int]:
    """The graph, and how many commits it took."""
    cls, inputs = SCENES[name]
    with house() as built:
        node = built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()})
        with built.crashing(set()):
            worker = built.worker()
            built.run(worker)
        commits = built.commits
        built.bury(worker)
        built.sweep()
        built.check()
        return canon(orm.load_node(node.pk)), commits


def killed(name: str, at: set[tuple[int, str]]) -> Any:
    """The graph after a kill at each of these moments."""
    cls, inputs = SCENES[name]
    with house() as built:
        node = built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()})
        for moment in sorted(at):
            worker = built.worker()
            with built.crashing({moment}):
                try:
                    built.run(worker)
                except Crash:
                    pass
            built.bury(worker)
            built.sweep()
        built.recover()
        built.check()
        return canon(orm.load_node(node.pk))


def moments(commits: int, count: int, rng: random.Random) -> list[tuple[int, str]]:
    every = [(number, when) for number in range(1, commits + 1) for when in ("before", "after")]
    return every if len(every) <= count else sorted(rng.sample(every, count))


@pytest.mark.parametrize("name", ["leaf", "raises", "chain"])
def test_kill_at_every_commit(name: str) -> None:
    expected, commits = undisturbed(name)
    for moment in moments(commits, 1000, random.Random(0)):
        assert killed(name, {moment}) == expected, f"killed {moment[1]} commit {moment[0]} of {commits}"


def test_kill_at_some_commits_of_a_tree(rng: random.Random) -> None:
    expected, commits = undisturbed("tree")
    for moment in moments(commits, 40, rng):
        assert killed("tree", {moment}) == expected, f"killed {moment[1]} commit {moment[0]} of {commits}"


@pytest.mark.proof
def test_kill_at_every_commit_of_a_tree() -> None:
    expected, commits = undisturbed("tree")
    for moment in moments(commits, 10_000, random.Random(0)):
        assert killed("tree", {moment}) == expected, f"killed {moment[1]} commit {moment[0]} of {commits}"


def test_two_kills(rng: random.Random) -> None:
    expected, commits = undisturbed("tree")
    every = moments(commits, 10_000, rng)
    for _ in range(15):
        pair = set(rng.sample(every, 2))
        assert killed("tree", pair) == expected, f"killed at {sorted(pair)} of {commits}"


@pytest.mark.proof
def test_every_pair_of_kills() -> None:
    expected, commits = undisturbed("leaf")
    every = moments(commits, 10_000, random.Random(0))
    for i, first in enumerate(every):
        for second in every[i + 1 :]:
            assert killed("leaf", {first, second}) == expected, f"killed at {first} and {second}"


def test_five_deaths_in_one_step_pause_the_process() -> None:
    with house() as built:
        node = built.submit(flows.Leaf, x=orm.Int(1))
        for _ in range(5):
            worker = built.worker()
            with built.crashing({(3, "before")}), pytest.raises(Crash):
                built.run(worker)
            built.bury(worker)
            built.sweep()
        worker = built.worker()
        built.run(worker)
        fresh = orm.load_node(node.pk)
        assert fresh.paused and not fresh.is_terminated
        assert "died 5 times" in fresh.process_status


@pytest.mark.parametrize("name", ["leaf", "tree"])
def test_lost_commit_replies(name: str, rng: random.Random) -> None:
    expected, _ = undisturbed(name)
    cls, inputs = SCENES[name]
    for _ in range(6):
        chance = random.Random(rng.random())
        with house() as built:
            node = built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()})

            def hook(moment: str, chance: random.Random = chance) -> None:
                if chance.random() < 0.08:
                    lose_reply()

            worker = built.worker()
            built.store.hook = hook
            for _ in range(200):
                try:
                    built.run(worker)
                    break
                except UnreachableStorage:
                    continue
            built.store.hook = None
            built.bury(worker)
            built.recover()
            built.check()
            assert canon(orm.load_node(node.pk)) == expected


def run_jobs(folder: Path, at: set[tuple[int, str]]) -> tuple[Any, int]:
    """Three real jobs of this machine, with kills; the parser of each asserts that its payload ran once."""
    with house() as built:
        code = flows.make_code(str(folder))
        node = built.submit(flows.JobTree, code=code)
        commits = 0
        for moment in sorted(at) or [(0, "never")]:
            worker = built.worker()
            with built.crashing({moment}):
                try:
                    built.run(worker)
                except Crash:
                    pass
                commits = built.commits
            built.bury(worker)
            built.sweep()
        built.recover()
        built.check()
        fresh = orm.load_node(node.pk)
        assert fresh.is_finished_ok, fresh.exception or fresh.exit_message
        assert fresh.outputs.sum.value == 20
        ran = [path.read_text() for path in folder.rglob("ran.txt")]
        assert ran == ["run\n"] * 3, "a payload ran twice, or twice in two directories"
        return canon(fresh), commits


def test_kill_at_some_commits_of_jobs(tmp_path: Path, rng: random.Random) -> None:
    _, commits = run_jobs(tmp_path / "undisturbed", set())
    for i, moment in enumerate(moments(commits, 12, rng)):
        run_jobs(tmp_path / str(i), {moment})


@pytest.mark.proof
def test_kill_at_every_commit_of_jobs(tmp_path: Path) -> None:
    _, commits = run_jobs(tmp_path / "undisturbed", set())
    for i, moment in enumerate(moments(commits, 10_000, random.Random(0))):
        run_jobs(tmp_path / str(i), {moment})
