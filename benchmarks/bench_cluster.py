"""`python bench_cluster.py PLAN`: a hundred trivial jobs through the daemon of this environment; public API only, for both implementations."""

from __future__ import annotations

import json
import sys
import time
import warnings


def make_code(plan: dict) -> object:
    """The computer as a user sets it up, and a shell as the code."""
    from aiida import orm

    ssh = plan["kind"] == "ssh"
    computer = orm.Computer(
        label=plan["kind"],
        hostname="127.0.0.1" if ssh else "localhost",
        workdir=plan["workdir"],
        transport_type="core.ssh" if ssh else "core.local",
        scheduler_type="core.slurm" if ssh else "core.direct",
    ).store()
    computer.set_minimum_job_poll_interval(plan["interval"])
    computer.set_default_mpiprocs_per_machine(1)
    computer.configure(use_login_shell=False, safe_interval=plan["interval"], **plan["settings"])
    return orm.InstalledCode(
        label="bash", computer=computer, filepath_executable="/bin/bash", default_calc_job_plugin="core.arithmetic.add"
    ).store()


def wait_all(nodes: list) -> None:
    """Wait for the end of all."""
    from aiida import orm

    ended = {"in": ["finished", "excepted", "killed"]}
    query = orm.QueryBuilder().append(
        orm.ProcessNode, filters={"id": {"in": [node.pk for node in nodes]}, "attributes.process_state": ended}
    )
    while query.count() < len(nodes):
        time.sleep(0.05)
    bad = [node.pk for node in nodes if orm.load_node(node.pk).exit_status != 0]
    if bad:
        raise SystemExit(f"jobs failed: {bad[:5]}")


def main() -> None:
    """Measure."""
    warnings.simplefilter("ignore")
    from aiida import load_profile, orm
    from aiida.engine import get_daemon_client, submit
    from aiida.plugins import CalculationFactory

    plan = json.loads(sys.argv[1])
    load_profile()
    code, calculation = make_code(plan), CalculationFactory("core.arithmetic.add")
    options = {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}, "max_memory_kb": 20_000, "import_sys_environment": False}
    x, y = orm.Int(1).store(), orm.Int(2).store()
    client = get_daemon_client()
    client.start_daemon(plan["workers"])
    launch = lambda: submit(calculation, code=code, x=x, y=y, metadata={"options": dict(options)})
    try:
        wait_all([launch()])  # what is done once per worker is not asked
        begun = time.perf_counter()
        wait_all([launch() for _ in range(plan["count"])])
        took = time.perf_counter() - begun
    finally:
        client.stop_daemon(wait=True)
    print("RESULT " + json.dumps(plan["count"] / took))


if __name__ == "__main__":
    main()
