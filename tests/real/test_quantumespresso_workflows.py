"""aiida-quantumespresso's own work chains over SSH on SLURM, through the daemon: on ours and on aiida-core, number by number."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REFERENCE

from . import services

ROOT = Path(__file__).resolve().parents[2]
FLOWS = ROOT / "compat" / "real_workflows" / "flows.py"
PLUGINS = ("aiida-quantumespresso==5.1.0", "aiida-pseudo==1.10.0")
#: where a job ends when it is stopped depends on the load of the machine: there the way differs, not where it leads
BY_THE_CLOCK = {"walltime-Ni", "killed-Ni"}

pytestmark = [
    pytest.mark.real("slurm", "sshd", "root", "pw.x", "aiida-core"),
    pytest.mark.proof,
    pytest.mark.timeout(3000),
]


def environment(folder: Path, *distributions: object) -> Path:
    """Make an environment with these distributions; returns the folder of its programs."""
    venv.create(folder, with_pip=True)
    words = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *map(str, distributions)]
    subprocess.run(words, check=True, timeout=900)
    return folder / "bin"


def version_of(programs: Path, package: str) -> str:
    """Return the version of a package in an environment."""
    words = [str(programs / "python"), "-W", "ignore", "-c", f"import {package}; print({package}.__version__)"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def run_flows(programs: Path, folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Run all flows in one of the two environments."""
    folder.mkdir()
    variables = {**os.environ, "AIIDA_PATH": str(folder), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"}
    variables.pop("PYTHONPATH", None)
    subprocess.run(["verdi", "presto"], env=variables, check=True, capture_output=True, timeout=120)
    mine = {**settings, "workdir": str(folder / "work")}
    (folder / "settings.json").write_text(json.dumps(mine))
    done = subprocess.run(
        [str(programs / "python"), str(FLOWS), "settings.json", "result.json"], cwd=folder, env=variables, text=True, capture_output=True, timeout=1400
    )
    assert (folder / "result.json").exists(), done.stdout[-3000:] + done.stderr[-3000:]
    print(programs, done.stdout, sep="\n")
    return json.loads((folder / "result.json").read_text())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("flows")
    theirs = environment(folder / "theirs", f"aiida-core=={version_of(REFERENCE, 'aiida')}", *PLUGINS)
    same = f"seekpath=={version_of(theirs, 'seekpath')}"  # its result has other keys from one release to the next
    ours = environment(folder / "ours", ROOT, ROOT / "compat" / "aiida-core", same, *PLUGINS)
    with services.slurm() as cluster, services.sshd(**cluster.env) as server:
        settings = {
            "hostname": server.address,
            "transport": "core.ssh",
            "scheduler": "core.slurm",
            "environment": {**os.environ, **cluster.env},
            "configure": {
                "username": server.user, "port": server.port, "key_filename": str(server.folder / "id"), "look_for_keys": False, "allow_agent": False,
                "load_system_host_keys": False, "key_policy": "AutoAddPolicy", "use_login_shell": False,
            },
        }  # fmt: skip
        return run_flows(ours, folder / "o", settings), run_flows(theirs, folder / "t", settings)


def test_all_finish_as_there(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, theirs = both
    assert {name: result["exit_status"] for name, result in ours.items()} == dict.fromkeys(theirs, 0)
    assert {name: result["exit_status"] for name, result in theirs.items()} == dict.fromkeys(theirs, 0)


def test_the_same_was_called(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, theirs = both
    for name in theirs.keys() - BY_THE_CLOCK:
        assert ours[name]["tree"] == theirs[name]["tree"], name
    for side in both:
        for name in BY_THE_CLOCK:
            statuses = [child[1] for child in side[name]["tree"][2] if child[0] == "PwCalculation"]
            assert len(statuses) > 1 and statuses[0] != 0 and statuses[-1] == 0, (name, statuses)


def test_every_number_agrees(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, theirs = both
    compared = 0
    for name in theirs.keys() - BY_THE_CLOCK:
        compared += compare(ours[name]["outputs"], theirs[name]["outputs"], name, 0.0)
    assert compared > 2000, compared
    for name in BY_THE_CLOCK:
        energies = [side[name]["outputs"]["output_parameters"]["energy"] for side in both]
        assert math.isclose(*energies, abs_tol=1e-4), (name, energies)
    print(f"{compared} numbers are equal", file=sys.stderr)


def compare(ours: Any, theirs: Any, where: str, tolerance: float) -> int:
    """Assert that two trees of values are equal; returns how many numbers they hold."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), where
        return sum(compare(ours[key], value, f"{where}.{key}", tolerance) for key, value in theirs.items())
    if isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        return sum(compare(mine, value, f"{where}[{i}]", tolerance) for i, (mine, value) in enumerate(zip(ours, theirs, strict=True)))
    if isinstance(theirs, float) and isinstance(ours, float):
        assert math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=1e-9), (where, ours, theirs)
        return 1
    assert ours == theirs, (where, ours, theirs)
    return isinstance(theirs, int)
