"""`python -m benchmarks.cluster [--count N] [--workers N] [--interval S] [--only local|ssh] [--reference PYTHON] [--ours-only]`.

A hundred trivial jobs through the daemon, of both implementations one after the other: local and direct, and over SSH to a real SLURM
(an sshd on the loopback, slurmctld and four virtual nodes, started here as root). The same plugins and settings on both sides. Printed
are jobs per second and how many logins the sshd has seen.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.__main__ import prepare_reference, run

HERE = Path(__file__).parent


@contextlib.contextmanager
def machines() -> Any:
    """The sshd in front of SLURM."""
    sys.path.insert(0, str(HERE.parent))
    from tests.real import services

    with services.slurm() as slurm, services.sshd(**slurm.env) as sshd:
        yield sshd


def measure(python: str, plan: dict[str, Any], sshd: Any) -> tuple[float, int]:
    """Jobs per second, and logins."""
    before = sshd.count_connections() if sshd is not None else 0
    with tempfile.TemporaryDirectory(prefix="radames-bench-", ignore_cleanup_errors=True) as home:
        run(python, ["-m", "aiida", "presto"], home)
        plan = {**plan, "workdir": f"{home}/work"}
        output = run(python, [str(HERE / "bench_cluster.py"), json.dumps(plan)], home)
    return float(output.rpartition("RESULT ")[2]), (sshd.count_connections() - before if sshd is not None else 0)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster", description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between polls, and between openings of a connection")
    parser.add_argument("--only", choices=("local", "ssh"))
    parser.add_argument("--reference", help="interpreter of an environment with aiida-core 2.9.4")
    parser.add_argument("--ours-only", action="store_true")
    arguments = parser.parse_args()
    pythons = {"ours": sys.executable} | ({} if arguments.ours_only else {"aiida-core": prepare_reference(arguments.reference)})
    for kind in ("local", "ssh"):
        if arguments.only not in (None, kind):
            continue
        with machines() if kind == "ssh" else contextlib.nullcontext() as sshd:
            settings = {} if sshd is None else {
                "username": sshd.user, "port": sshd.port, "key_filename": f"{sshd.folder}/id", "key_policy": "AutoAddPolicy",
                "look_for_keys": False, "allow_agent": False, "timeout": 60, "compress": False, "gss_auth": False, "gss_kex": False,
                "gss_deleg_creds": False, "gss_host": "127.0.0.1", "load_system_host_keys": False,
            }  # fmt: skip
            # Locally an interval would be all that is measured.
            interval = arguments.interval if kind == "ssh" else 0.0
            plan = {"kind": kind, "count": arguments.count, "workers": arguments.workers, "interval": interval, "settings": settings}
            rates = {}
            for name, python in pythons.items():
                rates[name], logins = measure(python, plan, sshd)
                print(f"{kind:6} {name:11} {rates[name]:8.2f} jobs per s, {logins} logins", flush=True)
            if len(rates) == 2:
                print(f"{kind:6} ratio {rates['ours'] / rates['aiida-core']:.1f}x", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
