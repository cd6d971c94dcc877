"""The table of speeds that is promised can be measured, row by row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = """calcfunction calls|workfunctions with three calcfunctions|in-process WorkChain, ten iterations
WorkChains through the daemon, 1 worker|WorkChains through the daemon, 2 workers|CalcJobs through the daemon, 1 worker
one CalcJob on an idle daemon|submit returns in|fan-out to 200 children|fan-out to ten times as many|idle worker, memory
idle daemon, memory|idle daemon, CPU|start of the daemon until a process runs|submit to first step, p95|beside 1,000,000 finished"""


def benchmarks(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--ours-only", "--folder", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300, check=False)


def test_every_promised_row_is_there() -> None:
    code = "from benchmarks.measure import ROWS; import json; print(json.dumps(list(ROWS)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    assert [part for line in ROWS.splitlines() for part in line.split("|") if not any(part in row for row in rows)] == []


@pytest.mark.parametrize("row", ["submit returns in"])
def test_a_row_is_measured(row: str, tmp_path: Path) -> None:
    done = benchmarks("--only", row, "--record", str(tmp_path / "known.json"), folder=tmp_path)
    assert row in done.stdout, done.stderr
    known = json.loads((tmp_path / "known.json").read_text())
    assert 0 < known[row]["ours"] < 200, done.stderr
