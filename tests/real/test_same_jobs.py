"""Jobs of many kinds, made by aiida-core and by us: the same submit script, records, repository, attributes, links and exit codes.

Dry runs for all six schedulers with options drawn by a seed, and real runs on this machine. What is meant to differ stands in `same`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REFERENCE

pytestmark = [pytest.mark.real("aiida-core")]

SCRIPT = Path(__file__).parent / "same" / "jobs.py"


def make(python: Path, folder: Path, seed: int, count: int) -> dict[str, Any]:
    """What one side makes of the jobs of a seed."""
    (folder / "home").mkdir(parents=True)
    settings = {name: value for name, value in os.environ.items() if name != "AIIDA_PROFILE"} | {
        "AIIDA_PATH": str(folder / "home")
    }
    command = [str(python), str(SCRIPT), str(folder / "out.json"), str(seed), str(count)]
    done = subprocess.run(command, env=settings, cwd=folder, check=False, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return found


def same(told: dict[str, Any]) -> dict[str, Any]:
    """Without what is meant to differ: the class of an error, the layout of the lists of a dry run, the shell words around LSF's copying."""
    if "error" in told:
        return {"error": "some", "asked": told.get("asked")}
    if "script" in told:
        files = told["files"]
        for name in files:
            if name.startswith("_aiida_remote_"):
                files[name] = re.sub(r"\s", "", files[name])
        script = files[told["script"]].replace('if [ ! -z "$LSB_OUTDIR" ]\nthen', 'if [ -n "$LSB_OUTDIR" ]; then')
        files[told["script"]] = re.sub(r" +cp -R (\./)?\*", "  cp -R *", script)
    return told


def compare(tmp_path: Path, seed: int, count: int) -> dict[str, Any]:
    """Make both at once; each job is the same."""
    with ThreadPoolExecutor() as pool:
        theirs = pool.submit(make, REFERENCE / "python", tmp_path / "theirs", seed, count)
        ours = make(Path(sys.executable), tmp_path / "ours", seed, count)
    expected = theirs.result()
    assert list(ours) == list(expected)
    for name in expected:
        assert same(ours[name]) == same(expected[name]), name
    return ours


def test_jobs_are_the_same(tmp_path: Path) -> None:
    made = compare(tmp_path, 1, 3)
    assert sum("script" in told for told in made.values()) >= 9
    assert sum(name.startswith("run ") and "state" in told for name, told in made.items()) == 15


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(4))
def test_hundreds_of_jobs_are_the_same(tmp_path: Path, seed: int) -> None:
    made = compare(tmp_path, 100 + seed, 25)
    assert sum("script" in told for told in made.values()) > 60
