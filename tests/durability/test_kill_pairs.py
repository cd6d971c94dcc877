"""Every pair of kills of a workflow with nested work chains, calcfunctions and a job: in a file of its own, as it takes longest."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.durability import flows
from tests.durability.test_kill_anywhere import Moment, moments, pairs, run_jobs

PARTS = 6


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_pair_of_kills_of_nested_work_chains_functions_and_a_job(tmp_path: Path, part: int) -> None:
    expected, commits, _ = run_jobs(tmp_path / "undisturbed", [], flows.Mixed, 1)

    def try_pair(first: Moment, second: Moment) -> bool:
        folder = tmp_path / "pair"
        graph, _, died = run_jobs(folder, [first, second], flows.Mixed, 1)
        assert graph == expected, f"killed at {first} of {commits}, and in the life after that at {second}"
        shutil.rmtree(folder)
        return died

    mine = moments(commits, 10_000, random.Random(0))[part::PARTS]
    count = sum(pairs(first, try_pair) for first in mine)
    print(f"\n{commits} commits; part {part + 1} of {PARTS}: {count} pairs of kills")
    assert count > commits * len(mine) // 2
