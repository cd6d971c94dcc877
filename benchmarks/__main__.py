"""`make bench`, or `python -m benchmarks [--quick] [--only TEXT] [--reference PYTHON]`.

Makes a throw-away profile in each of the two environments, measures each row in both one after the other, and prints the
ratios. aiida-core 2.9.4 is installed from the package index into an environment of its own, unless ``--reference`` names
the interpreter of one that has it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from benchmarks.measure import ROWS

HERE = Path(__file__).parent
STARTUP = {
    "verdi --version": ["-m", "aiida", "--version"],
    "verdi process list": ["-m", "aiida", "process", "list"],
    "import aiida.orm": ["-c", "import aiida.orm; aiida.orm.Int"],
}


def prepare_reference(given: str | None) -> str:
    """Return an interpreter that has aiida-core 2.9.4."""
    if given:
        return given
    folder = Path(tempfile.gettempdir()) / "radames-bench-aiida-core"
    python = folder / "bin" / "python"
    if not python.exists():
        print("installing aiida-core 2.9.4 beside ours …", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "aiida-core==2.9.4"], check=True)
    return str(python)


def run(python: str, arguments: list[str], home: str) -> str:
    """Run one command of one implementation and return what it printed."""
    path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "AIIDA_PATH": home, "PATH": path, "PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([python, *arguments], env=environment, capture_output=True, text=True, timeout=1200, cwd=home, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed in {python}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def measure(python: str, row: str, home: str, quick: bool) -> float:
    """Return the value of one row in one environment."""
    if row in STARTUP:
        times = []
        for _ in range(5):
            started = time.perf_counter()
            run(python, STARTUP[row], home)
            times.append(time.perf_counter() - started)
        return statistics.median(times)
    output = run(python, [str(HERE / "measure.py"), row, *(["--quick"] if quick else [])], home)
    return float(json.loads(output.rpartition("RESULT ")[2]))


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--only", default="", help="only rows that contain this text")
    parser.add_argument("--reference", help="interpreter of an environment with aiida-core 2.9.4")
    parser.add_argument("--ours-only", action="store_true", help="measure only this implementation")
    arguments = parser.parse_args()
    pythons = {"ours": sys.executable}
    if not arguments.ours_only:
        pythons["aiida-core"] = prepare_reference(arguments.reference)
    rows = [row for row in [*STARTUP, *ROWS] if arguments.only in row]
    with tempfile.TemporaryDirectory(prefix="radames-bench-") as folder:
        homes = {name: str(Path(folder) / name) for name in pythons}
        for name, python in pythons.items():
            Path(homes[name]).mkdir()
            run(python, ["-m", "aiida", "presto"], homes[name])
        print(f"{'':44} {'ours':>10} {'aiida-core':>11} {'':6} {'ratio':>7}")
        for row in rows:
            unit, more = ("s", False) if row in STARTUP else ROWS[row][1:]
            values: dict[str, float | None] = {}
            for name, python in pythons.items():
                try:
                    values[name] = measure(python, row, homes[name], arguments.quick)
                except (RuntimeError, subprocess.TimeoutExpired) as exception:
                    values[name] = None
                    print(f"{row}: {name}: {exception}", file=sys.stderr)
            ours, theirs = values["ours"], values.get("aiida-core")
            ratio = "" if not ours or not theirs else f"{(ours / theirs if more else theirs / ours):.1f}x"
            show = lambda value: "" if value is None else f"{value:.4g}"
            print(f"{row:44} {show(ours):>10} {show(theirs):>11} {unit:6} {ratio:>7}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
