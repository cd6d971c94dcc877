"""A worker killed before or after any commit: another goes on, and the graph is that of an undisturbed run."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common.exceptions import UnreachableStorage
from aiida.storage import journal
from tests.durability import flows
from tests.durability.harness import Crash, House, canon, house, lose_reply

Moment = tuple[int, str]  # which commit, before or after

SCENES: dict[str, tuple[Any, dict[str, int]]] = {
    "leaf": (flows.Leaf, {"x": 3}),
    "tree": (flows.Tree, {"n": 2}),
    "chain": (flows.Chain, {"depth": 3}),
    "raises": (flows.Raises, {"x": 1}),
}


def undisturbed(name: str, *, grouped: bool = False) -> tuple[Any, int]:
    """The graph, and how many commits it took."""
    cls, inputs = SCENES[name]
    with house() as built:
        built.grouped = grouped
        node = built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()})
        with built.crashing(set()):
            worker = built.worker()
            built.run(worker)
        commits = built.commits
        built.bury(worker)
        built.sweep()
        built.check()
        return canon(orm.load_node(node.pk)), commits


def live_and_die(built: House, at: Sequence[Moment]) -> bool:
    """One worker after the other dies at its moment of its own life; whether the last of them came that far."""
    died = False
    for moment in at:
        worker, died = built.worker(), False
        with built.crashing({moment}):
            try:
                built.run(worker)
            except Crash:
                died = True
        built.bury(worker)
        built.sweep()
    built.recover()
    built.check()
    return died


def killed(name: str, at: Sequence[Moment], *, grouped: bool = False) -> tuple[Any, bool]:
    """The graph after a kill at each of these moments, each of another life; whether the last one was reached."""
    cls, inputs = SCENES[name]
    with house() as built:
        built.grouped = grouped
        node = built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()})
        died = live_and_die(built, at)
        return canon(orm.load_node(node.pk)), died


def pairs(first: Moment, try_pair: Callable[[Moment, Moment], bool]) -> int:
    """Kill at `first`, and then at every moment of the second life, until that outlives them; how many pairs there were."""
    count = 0
    for number in range(1, 1000):
        for when in ("before", "after"):
            if not try_pair(first, (number, when)):
                return count
            count += 1
    raise AssertionError("the second life has no end")


def moments(commits: int, count: int, rng: random.Random) -> list[Moment]:
    every = [(number, when) for number in range(1, commits + 1) for when in ("before", "after")]
    return every if len(every) <= count else sorted(rng.sample(every, count))


@pytest.mark.parametrize("name", ["leaf", "raises", "chain"])
def test_kill_at_every_commit(name: str) -> None:
    expected, commits = undisturbed(name)
    for moment in moments(commits, 1000, random.Random(0)):
        assert killed(name, [moment])[0] == expected, f"killed {moment[1]} commit {moment[0]} of {commits}"


@pytest.mark.parametrize("grouped", [False, True], ids=["alone", "in groups"])
def test_kill_at_some_commits_of_a_tree(rng: random.Random, grouped: bool) -> None:
    expected, commits = undisturbed("tree", grouped=grouped)
    for moment in moments(commits, 20, rng):
        assert killed("tree", [moment], grouped=grouped)[0] == expected, f"killed {moment[1]} commit {moment[0]} of {commits}"


@pytest.mark.proof
@pytest.mark.parametrize("grouped", [False, True], ids=["alone", "in groups"])
def test_kill_at_every_commit_of_a_tree(grouped: bool) -> None:
    expected, commits = undisturbed("tree", grouped=grouped)
    for moment in moments(commits, 10_000, random.Random(0)):
        assert killed("tree", [moment], grouped=grouped)[0] == expected, f"killed {moment[1]} commit {moment[0]} of {commits}"


def test_two_kills(rng: random.Random) -> None:
    expected, commits = undisturbed("tree")
    every = moments(commits, 10_000, rng)
    for _ in range(10):
        pair = [rng.choice(every), rng.choice(every[: len(every) // 2])]
        assert killed("tree", pair)[0] == expected, f"killed at {pair} of {commits}"


@pytest.mark.proof
@pytest.mark.parametrize("name", ["leaf", "chain", "raises"])
def test_every_pair_of_kills(name: str) -> None:
    expected, commits = undisturbed(name)

    def try_pair(first: Moment, second: Moment) -> bool:
        graph, died = killed(name, [first, second])
        assert graph == expected, f"killed at {first} of {commits}, and in the life after that at {second}"
        return died

    count = sum(pairs(first, try_pair) for first in moments(commits, 10_000, random.Random(0)))
    print(f"\n{name}: {commits} commits, {count} pairs of kills")
    assert count > commits**2


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


def run_jobs(folder: Path, at: Sequence[Moment], flow: Any = flows.JobTree, jobs: int = 3) -> tuple[Any, int, bool]:
    """Real jobs of this machine, with kills: the graph, the commits of the first life, whether the last kill was reached.

    The parser of each job asserts that its payload ran once, and so do the traces that the payloads leave.
    """
    with house() as built:
        code = flows.make_code(str(folder))
        node = built.submit(flow, code=code)
        died = live_and_die(built, at or [(0, "never")])
        fresh = orm.load_node(node.pk)
        assert fresh.is_finished_ok, fresh.exception or fresh.exit_message
        ran = [path.read_text() for path in folder.rglob("ran.txt")]
        assert ran == ["run\n"] * jobs, "a payload ran twice, or twice in two directories"
        return canon(fresh), built.most_commits, died


def test_kill_at_some_commits_of_jobs(tmp_path: Path, rng: random.Random) -> None:
    expected, commits, _ = run_jobs(tmp_path / "undisturbed", [])
    for i, moment in enumerate(moments(commits, 12, rng)):
        assert run_jobs(tmp_path / str(i), [moment])[0] == expected, f"killed at {moment} of {commits}"


@pytest.mark.proof
def test_kill_at_every_commit_of_jobs(tmp_path: Path) -> None:
    expected, commits, _ = run_jobs(tmp_path / "undisturbed", [])
    for i, moment in enumerate(moments(commits, 10_000, random.Random(0))):
        assert run_jobs(tmp_path / str(i), [moment])[0] == expected, f"killed at {moment} of {commits}"


def test_two_kills_of_nested_work_chains_functions_and_a_job(tmp_path: Path, rng: random.Random) -> None:
    """The small size of the proof below."""
    expected, commits, _ = run_jobs(tmp_path / "undisturbed", [], flows.Mixed, 1)
    every = moments(commits, 10_000, rng)
    for i in range(6):
        pair = [rng.choice(every), rng.choice(every[: len(every) // 2])]
        assert run_jobs(tmp_path / str(i), pair, flows.Mixed, 1)[0] == expected, f"killed at {pair} of {commits}"


def restarted(built: House, node: Any, at: int) -> tuple[Any, bool]:
    """The graph when the daemon is told to stop before its `at`-th transaction, in whatever step that is: its leases go back and
    another worker, perhaps of the next release, goes on. Whether it came that far."""
    worker, count = built.worker(), 0

    def between() -> None:
        nonlocal count
        count += 1
        if count == at:
            built.store.between = None
            worker._give_back_queue()
            worker._give_back_rest()
            raise Crash  # the step was longer than the grace, so it is abandoned

    built.store.between = between
    try:
        built.run(worker)
    except Crash:
        pass
    built.store.between = None
    with built.store.reading() as connection:
        tasks = journal.snapshot(connection).tasks.values()
    assert not any(task["deaths"] for task in tasks), "a restart was taken for a death"
    built.bury(worker)
    built.recover()
    built.check()
    return canon(orm.load_node(node.pk)), count >= at


@pytest.mark.parametrize("name", ["leaf", "raises", "chain"])
def test_a_restart_in_the_middle_of_any_step_changes_nothing(name: str) -> None:
    expected, _ = undisturbed(name)
    assert restart_everywhere(name, expected, 1) > 5


@pytest.mark.proof
def test_a_restart_in_the_middle_of_any_step_of_a_tree_changes_nothing() -> None:
    expected, _ = undisturbed("tree")
    assert restart_everywhere("tree", expected, 1) > 50


def restart_everywhere(name: str, expected: Any, step: int) -> int:
    """Before every transaction; how many there were."""
    cls, inputs = SCENES[name]
    for at in range(1, 1000, step):
        with house() as built:
            node = built.submit(cls, **{k: orm.Int(v) for k, v in inputs.items()})
            graph, reached = restarted(built, node, at)
        assert graph == expected, f"restarted before transaction {at}"
        if not reached:
            return at
    raise AssertionError("no end")


@pytest.mark.proof
def test_a_restart_in_the_middle_of_any_step_of_jobs_changes_nothing(tmp_path: Path) -> None:
    expected, _, _ = run_jobs(tmp_path / "undisturbed", [], flows.Mixed, 1)
    for at in range(1, 1000):
        folder = tmp_path / str(at)
        with house() as built:
            node = built.submit(flows.Mixed, code=flows.make_code(str(folder)))
            graph, reached = restarted(built, node, at)
        assert graph == expected, f"restarted before transaction {at}"
        assert [path.read_text() for path in folder.rglob("ran.txt")] == ["run\n"]
        if not reached:
            return
