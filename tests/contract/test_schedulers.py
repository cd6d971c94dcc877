"""The public suite of schedulers, with direct execution on this machine."""

from __future__ import annotations

import time

from aiida.schedulers.plugins.direct import DirectScheduler
from aiida.tools.checks.scheduler import check_scheduler
from aiida.transports.plugins.local import LocalTransport


def test_direct(tmp_path):
    with LocalTransport(machine="localhost") as transport:
        resources = {"num_machines": 1, "num_mpiprocs_per_machine": 1}
        check_scheduler(DirectScheduler(), transport, str(tmp_path), resources, wait=lambda: time.sleep(0.05))
