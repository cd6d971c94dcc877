"""`make demo`, without the installing: twice, in a folder of its own, with the code that this machine has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


def run_demo(folder: Path) -> str:
    """Run it as the Makefile does, and return what it printed."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "AIIDA_PATH": "/nonexistent"}
    command = [sys.executable, "-m", "radames_demo"]
    done = subprocess.run(command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(500)
def test_demo_runs_twice(tmp_path: Path) -> None:
    """A bulk modulus, two pictures, the daemon stopped; the second run says what it reused, and gives the same numbers."""
    first = run_demo(tmp_path)
    modulus = re.search(r"^bulk modulus: ([\d.]+) GPa$", first, re.M)
    assert modulus and 50 < float(modulus[1]) < 250, first
    assert "reused:       nothing" in first and "the daemon is stopped" in first
    assert first.count("Finished [0]") == 16  # the work chain, seven jobs, seven scalings, the fit
    for picture in ("energy-volume.png", "provenance.png"):
        assert (tmp_path / "demo-output" / picture).read_bytes().startswith(b"\x89PNG")
    second = run_demo(tmp_path)
    assert modulus[0] in second
    assert "reused:       nothing" not in second and "reused:" in second
    assert not Path("/nonexistent").exists()
