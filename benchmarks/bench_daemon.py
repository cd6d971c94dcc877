"""What goes through a daemon: throughput, latency, start, and what one costs that has nothing to do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rates import QUICK, REPEATS, calibrated, rate

LOOK = 0.002  # seconds between looks where one process is waited for
LOOK_AT_MANY = 0.05  # and where hundreds are: the looks must not take the core that the workers need
ENDED = ["finished", "excepted", "killed"]


def wait_all(nodes: list[Any], look: float = LOOK_AT_MANY) -> None:
    """Return when all have ended; each must have ended well."""
    from aiida import orm

    pks = [node.pk for node in nodes]
    while True:
        query = orm.QueryBuilder().append(
            orm.ProcessNode, filters={"id": {"in": pks}, "attributes.process_state": {"in": ENDED}}
        )
        if query.count() == len(pks):
            break
        time.sleep(look)
    query = orm.QueryBuilder().append(orm.ProcessNode, filters={"id": {"in": pks}}, project=["id", "attributes.exit_status"])
    if bad := [pk for pk, status in query.all() if status != 0]:
        raise SystemExit(f"processes failed: {bad[:5]}")


@contextmanager
def daemon(workers: int = 1) -> Iterator[Any]:
    """Run a daemon meanwhile."""
    from aiida.engine import get_daemon_client

    client = get_daemon_client()
    client.start_daemon(number_workers=workers)
    try:
        yield client
    finally:
        client.stop_daemon(wait=True, timeout=60)


def throughput(launch: Callable[[], object], workers: int = 1, least: int = 20, most: int = 1_000) -> float:
    """Return processes per second, from the first submission to the last end."""

    def work(count: int) -> None:
        wait_all([launch() for _ in range(count)])

    with daemon(workers):
        work(4)
        count = calibrated(work, least, most)
        return rate(count, lambda: work(count))


def one_by_one(launch: Callable[[], Any], repeats: int) -> list[float]:
    """Return the seconds that each took from its submission to its end, on a daemon that has nothing else to do."""
    times = []
    with daemon():
        for _ in range(2):
            wait_all([launch()], LOOK)
        for _ in range(repeats):
            started = time.perf_counter()
            wait_all([launch()], LOOK)
            times.append(time.perf_counter() - started)
    return times


def launch_three_steps() -> Callable[[], Any]:
    """Return what submits a work chain of three steps."""
    from bench_processes import ThreeSteps

    from aiida import orm
    from aiida.engine import submit

    n = orm.Int(1).store()
    return lambda: submit(ThreeSteps, n=n)


def workchains(workers: int = 1) -> float:
    return throughput(launch_three_steps(), workers)


def workchains_2() -> float:
    return workchains(2)


def arithmetic_inputs() -> dict[str, Any]:
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


def launch_job() -> Callable[[], Any]:
    """Return what submits a job."""
    from aiida.engine import submit
    from aiida.plugins import CalculationFactory

    inputs, calculation = arithmetic_inputs(), CalculationFactory("core.arithmetic.add")
    return lambda: submit(calculation, **inputs)


def calcjobs() -> float:
    return throughput(launch_job(), most=200)


def calcjob_latency() -> float:
    return statistics.median(one_by_one(launch_job(), 5 if QUICK else 11))


def submit_returns() -> float:
    launch, times = launch_three_steps(), []
    with daemon():
        launch()
        for _ in range(20):
            started = time.perf_counter()
            launch()
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def wait_started(node: Any) -> None:
    """Return when its first step has run."""
    from aiida import orm

    query = orm.QueryBuilder().append(orm.ProcessNode, filters={"id": node.pk}, project="attributes.process_state")
    while query.first(flat=True) == "created":
        time.sleep(LOOK)


def starts_within() -> float:
    """Return the 95th percentile of the time from the call of `submit` until the first step of the process has run."""
    launch, times = launch_three_steps(), []
    with daemon():
        wait_all([launch()])
        for _ in range(20 if QUICK else 100):
            time.sleep(0.1)
            started = time.perf_counter()
            wait_started(launch())
            times.append(time.perf_counter() - started)
    return sorted(times)[int(0.95 * len(times))]


def fan_out_seconds(children: int, repeats: int) -> float:
    from bench_processes import FanOut

    from aiida import orm
    from aiida.engine import submit

    n, times = orm.Int(children).store(), []
    with daemon():
        wait_all([launch_three_steps()()], LOOK)
        for _ in range(repeats):
            started = time.perf_counter()
            wait_all([submit(FanOut, children=n)])
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def fan_out() -> float:
    return fan_out_seconds(50 if QUICK else 200, 1)


def fan_out_growth() -> float:
    """Return how much longer a child takes among ten times as many: 1 is linear."""
    few = 50 if QUICK else 200
    return fan_out_seconds(10 * few, 1 if QUICK else 3) / (10 * fan_out_seconds(few, 3))


def daemon_start() -> float:
    """Return the seconds until what was submitted the moment the call returned has begun: then the daemon is ready indeed."""
    from aiida.engine import get_daemon_client

    launch, client, times = launch_three_steps(), get_daemon_client(), []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        client.start_daemon()
        node = launch()
        wait_started(node)
        times.append(time.perf_counter() - started)
        wait_all([node])
        client.stop_daemon(wait=True, timeout=60)
    return statistics.median(times[1:])


def start_returns() -> float:
    """Return the seconds that the call takes, whether or not a worker can do anything then."""
    from aiida.engine import get_daemon_client

    client, times = get_daemon_client(), []
    for _ in range(REPEATS):
        started = time.perf_counter()
        client.start_daemon()
        times.append(time.perf_counter() - started)
        client.stop_daemon(wait=True, timeout=60)
    return statistics.median(times)


def family(client: Any) -> tuple[Any, list[Any], list[Any]]:
    """Return the supervisor, the first worker with all that it started, and everything."""
    import psutil

    supervisor = psutil.Process(client.get_daemon_pid())
    workers = [psutil.Process(int(pid)) for pid in client.get_worker_info()["info"]]
    worker = [workers[0], *workers[0].children(recursive=True)]
    return supervisor, worker, [supervisor, *supervisor.children(recursive=True)]


def proportional(processes: list[Any]) -> float:
    """Return the memory of processes in MB, what they share counted once."""
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def idle(measure: Callable[[Any, list[Any], list[Any]], float]) -> float:
    launch = launch_three_steps()
    with daemon() as client:
        wait_all([launch()])
        time.sleep(5)
        return measure(*family(client))


def idle_worker() -> float:
    return idle(lambda supervisor, worker, everything: proportional(worker))


def idle_memory() -> float:
    return idle(lambda supervisor, worker, everything: proportional(everything))


def idle_cpu() -> float:
    """Return the percentage of one core that an idle daemon uses, over 20 seconds."""

    def spent(processes: list[Any]) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in processes)

    def measure(supervisor: Any, worker: list[Any], everything: list[Any]) -> float:
        before, began = spent(everything), time.perf_counter()
        time.sleep(20)
        return 100 * (spent(everything) - before) / (time.perf_counter() - began)

    return idle(measure)


#: row -> (function, unit, whether more is better)
ROWS = {
    "WorkChains through the daemon, 1 worker": (workchains, "per s", True),
    "WorkChains through the daemon, 2 workers": (workchains_2, "per s", True),
    "CalcJobs through the daemon, 1 worker": (calcjobs, "per s", True),
    "one CalcJob on an idle daemon": (calcjob_latency, "s", False),
    "submit returns in": (submit_returns, "s", False),
    "idle daemon: submit to first step, p95": (starts_within, "s", False),
    "fan-out to 200 children (--quick: 50)": (fan_out, "s", False),
    "fan-out to ten times as many, per child": (fan_out_growth, "times", False),
    "start of the daemon until a process runs": (daemon_start, "s", False),
    "start of the daemon returns in": (start_returns, "s", False),
    "idle worker, memory": (idle_worker, "MB", False),
    "idle daemon, memory": (idle_memory, "MB", False),
    "idle daemon, CPU": (idle_cpu, "%", False),
}
OURS_ONLY = {"fan-out to ten times as many, per child"}
