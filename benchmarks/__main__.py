"""`make bench`, or `python -m benchmarks [--quick] [--only TEXT] [--reference PYTHON] [--folder DIR] [--record FILE] [--known FILE]`.

Makes a throw-away profile in each of the two environments, measures each row in both one after the other, and prints the
ratios. aiida-core 2.9.4 is installed from the package index into an environment of its own, unless ``--reference`` names
the interpreter of one that has it. What was measured of it may be kept (``--record``) and used again (``--known``).
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

from benchmarks.measure import OURS_ONLY, ROWS

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
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
    done = subprocess.run([python, *arguments], env=environment, capture_output=True, text=True, timeout=1200, cwd=home, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed in {python}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def measure(python: str, row: str, home: str, quick: bool) -> float:
    """Return the value of one row in one environment."""
    if row in STARTUP:
        times = []
        for _ in range(6):
            started = time.perf_counter()
            run(python, STARTUP[row], home)
            times.append(time.perf_counter() - started)
        return statistics.median(times[1:])
    output = run(python, [str(HERE / "measure.py"), row, *(["--quick"] if quick else [])], home)
    return float(json.loads(output.rpartition("RESULT ")[2]))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--only", default="", help="only rows that contain this text; several with `|` between them")
    parser.add_argument("--reference", help="interpreter of an environment with aiida-core 2.9.4")
    parser.add_argument("--ours-only", action="store_true", help="measure only this implementation")
    parser.add_argument("--reference-only", action="store_true", help="measure only aiida-core")
    parser.add_argument("--folder", help="where the throw-away profiles are made; by default in the temporary folder")
    parser.add_argument("--record", type=Path, help="add what was measured to this file")
    parser.add_argument("--known", type=Path, help="take what is known of aiida-core from such a file")
    return parser.parse_args()


def record(path: Path | None, row: str, values: dict[str, float | None]) -> None:
    """Keep the values of a row."""
    if path is None:
        return
    known = json.loads(path.read_text()) if path.exists() else {}
    known.setdefault(row, {}).update({name: value for name, value in values.items() if value is not None})
    path.write_text(json.dumps(known, indent=1))


def try_to_measure(name: str, python: str, row: str, home: str, quick: bool) -> float | None:
    """Measure a row, or say why it cannot be measured."""
    try:
        return measure(python, row, home, quick)
    except (RuntimeError, subprocess.TimeoutExpired) as exception:
        print(f"{row}: {name}: {exception}", file=sys.stderr)
        return None


def show(row: str, values: dict[str, float | None]) -> None:
    """Print one line of the table."""
    unit, more = ("s", False) if row in STARTUP else ROWS[row][1:]
    ours, theirs = values.get("ours"), values.get("aiida-core")
    ratio = "" if not ours or not theirs else f"{(ours / theirs if more else theirs / ours):.1f}x"
    text = lambda value: "" if value is None else f"{value:.4g}"
    print(f"{row:54} {text(ours):>10} {text(theirs):>11} {unit:6} {ratio:>7}", flush=True)


def main() -> int:
    """Measure and print the table."""
    arguments = parse()
    known = json.loads(arguments.known.read_text()) if arguments.known else {}
    pythons = {} if arguments.reference_only else {"ours": sys.executable}
    if not arguments.ours_only:
        pythons["aiida-core"] = prepare_reference(arguments.reference)
    rows = [row for row in [*STARTUP, *ROWS] if any(text in row for text in arguments.only.split("|"))]
    with tempfile.TemporaryDirectory(prefix="radames-bench-", dir=arguments.folder) as folder:
        homes = {name: str(Path(folder) / name) for name in pythons}
        for name, python in pythons.items():
            Path(homes[name]).mkdir()
            run(python, ["-m", "aiida", "presto"], homes[name])
        print(f"{'':54} {'ours':>10} {'aiida-core':>11} {'':6} {'ratio':>7}")
        for row in rows:
            values: dict[str, float | None] = {}
            for name, python in pythons.items():
                if name == "aiida-core" and (row in OURS_ONLY or "aiida-core" in known.get(row, {})):
                    continue
                values[name] = try_to_measure(name, python, row, homes[name], arguments.quick)
            record(arguments.record, row, values)
            if row not in OURS_ONLY and "aiida-core" in known.get(row, {}):
                values["aiida-core"] = known[row]["aiida-core"]
            show(row, values)
    return 0


if __name__ == "__main__":
    sys.exit(main())
