"""`python measure.py ROW`: measure one row in this environment and print its rate (or seconds) as JSON."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import bench_daemon
import bench_scale
from rates import QUICK, calibrated, rate


def store(make: Callable[[int], object], count: int) -> float:
    make(0).store()  # what is done once per process is not what is asked
    return rate(count, lambda: [make(i).store() for i in range(count)])


def store_int() -> float:
    from aiida import orm

    return store(orm.Int, 200)


def store_dict() -> float:
    from aiida import orm

    return store(lambda i: orm.Dict({"i": i, "nested": {"a": [1, 2, 3], "b": "text"}, "value": i * 0.5}), 200)


def store_array() -> float:
    import numpy as np

    from aiida import orm

    def make(i: int) -> orm.ArrayData:
        node = orm.ArrayData()
        node.set_array("x", np.arange(1000.0) + i)
        return node

    return store(make, 60)


def store_singlefile() -> float:
    from aiida import orm

    return store(lambda i: orm.SinglefileData(io.BytesIO(f"{i}-{time.time()}".encode().ljust(10_000, b"x")), filename="f"), 60)


def store_many() -> float:
    """By the bulk path, where there is one; else one by one in a single transaction."""
    from aiida import orm
    from aiida.manage import get_manager

    count = 2_000 if QUICK else 10_000

    def bulk() -> None:
        nodes = [orm.Int(i) for i in range(count)]
        if hasattr(orm, "store_nodes"):
            orm.store_nodes(nodes)
            return
        with get_manager().get_profile_storage().transaction():
            for node in nodes:
                node.store()

    bulk()
    return rate(count, bulk)


def calcfunctions() -> float:
    from bench_processes import add

    from aiida import orm

    x, y = orm.Int(1).store(), orm.Int(2).store()
    add(x, y)

    def call(count: int) -> None:
        for _ in range(count):
            add(x, y)

    count = calibrated(call, 10, 2_000)
    return rate(count, lambda: call(count))


def workfunctions() -> float:
    from bench_processes import add_three_times

    from aiida import orm

    x, y = orm.Int(1).store(), orm.Int(2).store()
    add_three_times(x, y)

    def call(count: int) -> None:
        for _ in range(count):
            add_three_times(x, y)

    count = calibrated(call, 5, 500)
    return rate(count, lambda: call(count))


def inline_workchain() -> float:
    from bench_processes import Loop

    from aiida import orm
    from aiida.engine import run

    n = orm.Int(1).store()
    run(Loop, n=n)

    def call(count: int) -> None:
        for _ in range(count):
            run(Loop, n=n)

    count = calibrated(call, 2, 200)
    return rate(count, lambda: call(count))


#: row -> (function, unit, whether more is better)
ROWS: dict[str, tuple[Callable[[], float], str, bool]] = {
    "store Int": (store_int, "per s", True),
    "store Dict": (store_dict, "per s", True),
    "store ArrayData": (store_array, "per s", True),
    "store SinglefileData 10 kB": (store_singlefile, "per s", True),
    "store 10,000 nodes (ours: bulk path)": (store_many, "per s", True),
    "calcfunction calls": (calcfunctions, "per s", True),
    "workfunctions with three calcfunctions": (workfunctions, "per s", True),
    "in-process WorkChain, ten iterations": (inline_workchain, "per s", True),
    **bench_daemon.ROWS,
    **bench_scale.ROWS,
}
#: rows that say how one implementation grows, and are not measured in the other
OURS_ONLY = {*bench_daemon.OURS_ONLY, *bench_scale.ROWS}


def main() -> None:
    """Measure the row named on the command line."""
    import warnings

    warnings.simplefilter("ignore")
    from aiida import load_profile

    load_profile()
    value = ROWS[sys.argv[1]][0]()
    print("RESULT " + json.dumps(value))


if __name__ == "__main__":
    main()
