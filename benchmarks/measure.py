"""`python measure.py ROW`: measure one row in this environment and print its rate (or seconds) as JSON."""

from __future__ import annotations

import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

QUICK = "--quick" in sys.argv
REPEATS = 3 if QUICK else 5


def rate(count: int, action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return how many of ``count`` happen per second: the median of several rounds."""
    results = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        results.append(count / (time.perf_counter() - started))
    return statistics.median(results)


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
    return rate(40, lambda: [add(x, y) for _ in range(40)])


def workfunctions() -> float:
    from bench_processes import add_three_times

    from aiida import orm

    x, y = orm.Int(1).store(), orm.Int(2).store()
    add_three_times(x, y)
    return rate(10, lambda: [add_three_times(x, y) for _ in range(10)])


def inline_workchain() -> float:
    from bench_processes import Loop

    from aiida import orm
    from aiida.engine import run

    n = orm.Int(1).store()
    run(Loop, n=n)
    return rate(3, lambda: [run(Loop, n=n) for _ in range(3)])


def wait_all(nodes: list) -> None:
    from aiida import orm

    pks = {node.pk for node in nodes}
    while True:
        query = orm.QueryBuilder().append(
            orm.ProcessNode,
            filters={"id": {"in": list(pks)}, "attributes.process_state": {"in": ["finished", "excepted", "killed"]}},
        )
        if query.count() == len(pks):
            break
        time.sleep(0.005)
    bad = [node.pk for node in nodes if orm.load_node(node.pk).exit_status != 0]
    if bad:
        raise SystemExit(f"processes failed: {bad[:5]}")


def through_daemon(count: int, launch: Callable[[], object], workers: int = 1, repeats: int = 3) -> float:
    from aiida.engine import get_daemon_client

    client = get_daemon_client()
    client.start_daemon(number_workers=workers)
    try:
        wait_all([launch() for _ in range(2)])
        return rate(count, lambda: wait_all([launch() for _ in range(count)]), repeats)
    finally:
        client.stop_daemon(wait=True)


def daemon_workchains(workers: int = 1) -> float:
    from bench_processes import ThreeSteps

    from aiida import orm
    from aiida.engine import submit

    n = orm.Int(1).store()
    return through_daemon(20 if QUICK else 60, lambda: submit(ThreeSteps, n=n), workers)


def daemon_workchains_2() -> float:
    return daemon_workchains(2)


def arithmetic_inputs() -> dict:
    from aiida import orm
    from aiida.common import NotExistent

    try:
        code = orm.load_code("bash@localhost")
    except NotExistent:
        computer = orm.load_computer("localhost")
        computer.set_minimum_job_poll_interval(0)
        code = orm.InstalledCode(
            label="bash", computer=computer, filepath_executable="/bin/bash", default_calc_job_plugin="core.arithmetic.add"
        ).store()
    return {
        "code": code,
        "x": orm.Int(1).store(),
        "y": orm.Int(2).store(),
        "metadata": {"options": {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}}},
    }


def calcjobs() -> float:
    from aiida.engine import submit
    from aiida.plugins import CalculationFactory

    inputs = arithmetic_inputs()
    calculation = CalculationFactory("core.arithmetic.add")
    return through_daemon(20 if QUICK else 50, lambda: submit(calculation, **inputs))


def calcjob_latency() -> float:
    from aiida.engine import submit
    from aiida.plugins import CalculationFactory

    inputs = arithmetic_inputs()
    calculation = CalculationFactory("core.arithmetic.add")
    return 1 / through_daemon(1, lambda: submit(calculation, **inputs), repeats=7)


def submit_returns() -> float:
    from bench_processes import ThreeSteps

    from aiida import orm
    from aiida.engine import get_daemon_client, submit

    n = orm.Int(1).store()
    client = get_daemon_client()
    client.start_daemon()
    try:
        submit(ThreeSteps, n=n)
        times = []
        for _ in range(20):
            started = time.perf_counter()
            submit(ThreeSteps, n=n)
            times.append(time.perf_counter() - started)
        return statistics.median(times)
    finally:
        client.stop_daemon(wait=True)


def fan_out() -> float:
    from bench_processes import FanOut

    from aiida import orm
    from aiida.engine import submit

    n = orm.Int(50 if QUICK else 200).store()
    return 1 / through_daemon(1, lambda: submit(FanOut, children=n), repeats=1)


def daemon_start() -> float:
    from aiida.engine import get_daemon_client

    client = get_daemon_client()
    times = []
    for _ in range(3):
        started = time.perf_counter()
        client.start_daemon()
        times.append(time.perf_counter() - started)
        client.stop_daemon(wait=True)
    return statistics.median(times)


def idle_memory() -> float:
    """Return the proportional set size of the whole idle daemon in MB."""
    import psutil

    from aiida.engine import get_daemon_client

    client = get_daemon_client()
    client.start_daemon()
    try:
        time.sleep(5)
        supervisor = psutil.Process(client.get_daemon_pid())
        family = [supervisor, *supervisor.children(recursive=True)]
        return sum(process.memory_full_info().pss for process in family) / 1e6
    finally:
        client.stop_daemon(wait=True)


#: row -> (function, unit, whether more is better)
ROWS = {
    "store Int": (store_int, "per s", True),
    "store Dict": (store_dict, "per s", True),
    "store ArrayData": (store_array, "per s", True),
    "store SinglefileData 10 kB": (store_singlefile, "per s", True),
    "store 10,000 nodes (ours: bulk path)": (store_many, "per s", True),
    "calcfunction calls": (calcfunctions, "per s", True),
    "workfunctions with three calcfunctions": (workfunctions, "per s", True),
    "in-process WorkChain, ten iterations": (inline_workchain, "per s", True),
    "WorkChains through the daemon, 1 worker": (daemon_workchains, "per s", True),
    "WorkChains through the daemon, 2 workers": (daemon_workchains_2, "per s", True),
    "CalcJobs through the daemon, 1 worker": (calcjobs, "per s", True),
    "one CalcJob on an idle daemon": (calcjob_latency, "s", False),
    "submit returns in": (submit_returns, "s", False),
    "fan-out to 200 children (--quick: 50)": (fan_out, "s", False),
    "start of the daemon": (daemon_start, "s", False),
    "idle daemon, memory": (idle_memory, "MB", False),
}


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
