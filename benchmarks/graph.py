"""`python -m benchmarks.graph [--quick] [--only TEXT] [--reference PYTHON] [--postgres PORT] [--folder DIR]`: the provenance store.

Ours on its default (SQLite, every commit durable) beside aiida-core 2.9.4 on SQLite and, with ``--postgres`` (port of a server on this
machine whose user `postgres` needs no password), on PostgreSQL; the ratio is to whichever of the two is quicker. Where the database
itself is the limit, *raw* is the time of SQL that returns the same rows, run on our file by the driver alone.
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
from dataclasses import dataclass
from pathlib import Path

from benchmarks.__main__ import prepare_reference
from benchmarks.bench_graph import OURS_ONLY, ROWS

HERE = Path(__file__).parent

STARTUP = {
    "import aiida.orm": "import aiida.orm; aiida.orm.Int",
    "load_profile() and a first query": "from aiida import load_profile, orm; load_profile(); orm.QueryBuilder().append(orm.Node).first()",
}
# Rows of `measure.py`.
STORING = ("store Int", "store Dict", "store ArrayData", "store SinglefileData 10 kB")


@dataclass
class Side:
    """One implementation on one database."""

    name: str
    python: str
    home: Path
    port: int | None = None

    def run(self, *arguments: str) -> str:
        """Run Python and return what it printed."""
        path = f"{Path(self.python).parent}{os.pathsep}{os.environ['PATH']}"
        more = {"AIIDA_PATH": str(self.home), "PATH": path, "PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore"}
        environment = {**os.environ, **more}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run([self.python, *arguments], env=environment, capture_output=True, text=True, timeout=1800, cwd=self.home, check=False)
        if done.returncode:
            raise RuntimeError(f"{arguments[:3]} failed in {self.name}: {done.stderr.strip().splitlines()[-1:]}")
        return done.stdout

    def set_up(self) -> None:
        """Make a profile."""
        self.home.mkdir(parents=True)
        if self.port is None:
            self.run("-m", "aiida", "presto")
            return
        database = f"bench_{os.getpid()}_{self.home.name.replace('-', '_')}"
        subprocess.run(["createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", database], check=True)
        options = {
            "profile-name": "bench",
            "email": "a@b",
            "first-name": "A",
            "last-name": "B",
            "institution": "C",
            "database-hostname": "127.0.0.1",
            "database-port": str(self.port),
            "database-name": database,
            "database-username": "postgres",
            "database-password": "none",
            "repository-uri": f"file://{self.home}/repository",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.run("-m", "aiida", "profile", "setup", "core.psql_dos", "-n", *words, "--no-use-rabbitmq")

    def measure(self, row: str, quick: bool) -> dict[str, float | None]:
        """Return the value of a row, and the time of raw SQL where there is such."""
        if row in STARTUP:
            times = []
            for _ in range(6):
                started = time.perf_counter()
                self.run("-c", STARTUP[row])
                times.append(time.perf_counter() - started)
            return {"value": statistics.median(times[1:])}
        program = "measure.py" if row in STORING else "bench_graph.py"
        options = [*(["--quick"] if quick else []), *(["--raw"] if self.name == "ours" else [])]
        found = json.loads(self.run(str(HERE / program), row, *options).rpartition("RESULT ")[2])
        return found if isinstance(found, dict) else {"value": found}


def measure_row(row: str, sides: list[Side], quick: bool) -> dict[str, float | None]:
    """Measure a row on every side; what fails is said and left out."""
    values: dict[str, float | None] = {}
    for side in sides:
        if row in OURS_ONLY and not side.name.startswith("ours"):
            continue
        try:
            found = side.measure(row, quick)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{row}: {error}", file=sys.stderr)
            continue
        values[side.name] = found["value"]
        if found.get("raw"):
            values["raw"] = found["raw"]
    return values


def show(row: str, values: dict[str, float | None], names: list[str]) -> None:
    """Print one line of the table."""
    unit, more = ("per s", True) if row in STORING else ("s", False) if row in STARTUP else ROWS[row][1:]
    theirs = [value for name, value in values.items() if name.startswith("aiida-core") and value]
    ours, ratio, limit = values.get("ours"), "", ""
    if ours and theirs:
        ratio = f"{ours / max(theirs) if more else min(theirs) / ours:.1f}x"
    if ours and values.get("raw"):
        limit = f"{ours / (values['raw'] or 1):.2f}x"
    cells = [f"{values[name]:.4g}" if values.get(name) is not None else "" for name in names]
    print(f"{row:54}" + "".join(f"{cell:>18}" for cell in cells) + f"  {unit:5} {ratio:>8} {limit:>8}", flush=True)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.graph", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a graph of 12,000 nodes")
    parser.add_argument("--only", default="", help="only rows that contain this text; several with `|` between them")
    parser.add_argument("--reference", help="interpreter of an environment with aiida-core 2.9.4")
    parser.add_argument("--ours-only", action="store_true", help="measure only this implementation")
    parser.add_argument("--postgres", type=int, help="port of a PostgreSQL server on this machine")
    parser.add_argument("--folder", help="where the throw-away profiles are made; by default in the temporary folder")
    arguments = parser.parse_args()
    pythons = {"ours": sys.executable}
    if not arguments.ours_only:
        pythons["aiida-core"] = prepare_reference(arguments.reference)
    rows = [row for row in [*STARTUP, *STORING, *ROWS] if any(text in row for text in arguments.only.split("|"))]
    with tempfile.TemporaryDirectory(prefix="radames-bench-", dir=arguments.folder) as folder:
        sides = [Side(name, python, Path(folder) / name) for name, python in pythons.items()]
        if arguments.postgres:
            sides += [Side(f"{name} psql", python, Path(folder) / f"{name}-psql", arguments.postgres) for name, python in pythons.items()]
        for side in sides:
            side.set_up()
        names = ["raw", *(side.name for side in sides)]
        print(f"{'':54}" + "".join(f"{name:>18}" for name in names) + f"  {'':5} {'ratio':>8} {'of raw':>8}")
        for row in rows:
            show(row, measure_row(row, sides, arguments.quick), names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
