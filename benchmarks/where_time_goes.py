"""`python -m benchmarks.where_time_goes [--count N] [--statements]`: where the time of one process goes.

For one calcfunction, one work chain of three steps with a calcfunction, and one calculation job, each from the call or the
submission to the end: statements, commits, and milliseconds of CPU by part. It takes seconds, makes a throw-away profile, and
drives a worker in its own interpreter, so that everything can be seen; the daemon's workers run the same loop.

CPU time and not the clock's, so that a machine that does other things too gives about the same numbers. What each part has is
taken from a profile (`cProfile`, which slows Python down but not the database) and scaled to the time without it.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PARTS = (
    ("sqlalchemy", "SQLAlchemy"),
    ("aiida/storage", "aiida.storage: rows, statements of the journal"),
    ("aiida/journal", "aiida.journal: events, fold"),
    ("aiida/engine/runtime", "aiida.engine.runtime: the loop"),
    ("aiida/engine/processes/calcjobs", "aiida.engine: jobs"),
    ("aiida/engine", "aiida.engine: processes, ports, outlines"),
    ("aiida/orm", "aiida.orm: nodes, links, queries"),
    ("aiida/repository", "aiida.repository and its container"),
    ("disk_objectstore", "aiida.repository and its container"),
    ("aiida/transports", "aiida.transports, aiida.schedulers"),
    ("aiida/schedulers", "aiida.transports, aiida.schedulers"),
    ("aiida/", "aiida: all else"),
    ("bench_processes", "the user's code"),
)
DATABASE, OTHERS, REST = "the database itself (statements, commits)", "other threads (files and commands of jobs)", "Python's own modules"
CHILDREN = "commands that were started, the job itself included"


def part_of(function: tuple[str, int, str]) -> str | None:
    """The part that a profiled function belongs to; None: whoever called it."""
    path, _, name = function
    if path == "~":
        return DATABASE if "sqlite3" in name else None
    return next((title for words, title in PARTS if words in path), REST)


def by_part(profile: cProfile.Profile) -> Counter[str]:
    """Seconds by part; what is built in counts for its callers."""
    spent: Counter[str] = Counter()
    for function, (_, _, own, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        part = part_of(function)
        if part is not None:
            spent[part] += own
            continue
        for caller, numbers in callers.items():
            spent[part_of(caller) or REST] += numbers[2]
    return spent


def children_seconds() -> float:
    """CPU of everything that this process started, and of what that started."""
    import psutil

    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return total


class Count:
    """Statements and commits of a store."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.statements: Counter[str] = Counter()

    @contextmanager
    def on(self) -> Iterator[None]:
        """Count meanwhile."""
        import sqlalchemy as sa

        def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            self.statements[" ".join(statement.split())] += 1

        sa.event.listen(self._store._engine, "before_cursor_execute", note)
        before = self._store.commits
        try:
            yield
        finally:
            self.commits = self._store.commits - before
            sa.event.remove(self._store._engine, "before_cursor_execute", note)


def show(title: str, store: Any, work: Callable[[int], None], count: int, *, statements: bool) -> None:
    """Run it `count` times three ways: to count, to time, to profile."""
    work(count)  # what is done once per interpreter is not asked
    counted = Count(store)
    with counted.on():
        work(count)
    best, children = float("inf"), 0.0
    for _ in range(3):
        before, begun = children_seconds(), time.process_time()
        work(count)
        spent = time.process_time() - begun
        if spent < best:
            best, children = spent, children_seconds() - before
    profile = cProfile.Profile(time.thread_time)
    all_before, mine_before = time.process_time(), time.thread_time()
    profile.runcall(work, count)
    mine, everything = time.thread_time() - mine_before, time.process_time() - all_before
    parts = by_part(profile)
    parts[OTHERS] = sum(parts.values()) * (everything - mine) / mine
    database, scale = parts.pop(DATABASE), 1.0
    if parts:
        scale = max(best - database, 0.0) / sum(parts.values())
    total = sum(counted.statements.values())
    print(f"\n{title}: {total / count:.1f} statements, {counted.commits / count:.1f} commits, {best / count * 1e3:.2f} ms of CPU")
    rows = [(DATABASE, database), *((part, seconds * scale) for part, seconds in parts.most_common())]
    for part, seconds in [*rows, (CHILDREN, children)]:
        if seconds / count >= 5e-6:
            print(f"    {part:52} {seconds / count * 1e3:8.3f} ms")
    if statements:
        for text, number in counted.statements.most_common():
            print(f"    {number / count:6.2f} × {text[:150]}")


def main() -> None:
    """Make a profile, measure, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.where_time_goes", description=__doc__)
    parser.add_argument("--count", type=int, default=30, help="processes per measurement")
    parser.add_argument("--statements", action="store_true", help="list the statements")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="radames-bench-") as folder:
        os.environ["AIIDA_PATH"] = folder
        subprocess.run([sys.executable, "-m", "aiida", "presto"], check=True, capture_output=True)
        sys.path.insert(0, str(Path(__file__).parent))
        measure(arguments.count, statements=arguments.statements)


def measure(count: int, *, statements: bool) -> None:
    """Print the three tables for the profile in AIIDA_PATH."""
    import bench_processes
    from bench_daemon import arithmetic_inputs

    from aiida import load_profile, orm
    from aiida.common.slots import current_settings, current_store
    from aiida.engine import submit
    from aiida.engine.runtime.worker import make_worker
    from aiida.plugins import CalculationFactory

    load_profile()
    store, x = current_store.get(), orm.Int(1).store()
    worker = make_worker(store, current_settings.get(), threads=0, grouped=True)  # as a daemon's workers do
    worker.core.liveness.register()
    job, inputs = CalculationFactory("core.arithmetic.add"), arithmetic_inputs()

    def call(number: int) -> None:
        for _ in range(number):
            bench_processes.add(x, x)

    def through_worker(launch: Callable[[], Any]) -> Callable[[int], None]:
        def work(number: int) -> None:
            nodes = [launch() for _ in range(number)]
            worker.run_until_idle()
            if not all(node.is_finished_ok for node in nodes):
                raise SystemExit(f"processes failed: {[node.pk for node in nodes if not node.is_finished_ok]}")

        return work

    show("calcfunction of two stored inputs", store, call, count, statements=statements)
    chain = through_worker(lambda: submit(bench_processes.ThreeSteps, n=x))
    show("WorkChain of 3 steps with one calcfunction", store, chain, count, statements=statements)
    show("CalcJob (core.arithmetic.add, local, direct)", store, through_worker(lambda: submit(job, **inputs)), count, statements=statements)
    worker.close()


if __name__ == "__main__":
    main()
