"""Son of Grid Engine: the public suite against the real one."""

from __future__ import annotations

import pytest

from aiida.schedulers.plugins.sge import SgeScheduler
from aiida.tools.checks.scheduler import check_scheduler
from aiida.transports.plugins.local import LocalTransport

from . import services

pytestmark = [pytest.mark.real("sge", "root"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def cluster():
    with services.sge() as running:
        yield running


def test_suite(cluster, tmp_path, monkeypatch):
    for name, value in cluster.env.items():
        monkeypatch.setenv(name, value)
    with LocalTransport(machine="localhost", use_login_shell=False) as transport:
        check_scheduler(SgeScheduler(), transport, str(tmp_path), {"parallel_env": "smp", "tot_num_mpiprocs": 1})


def test_found_by_its_directory(cluster, tmp_path, monkeypatch):
    for name, value in cluster.env.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "job.sh").write_text("#!/bin/bash\n#$ -cwd\nsleep 20\n")
    with LocalTransport(machine="localhost", use_login_shell=False) as transport:
        scheduler = SgeScheduler()
        scheduler.set_transport(transport)
        job_id = scheduler.submit_job(str(folder), "job.sh")
        found = scheduler._parse_tag_search(str(folder), *transport.exec_command_wait(scheduler._get_tag_search_command(str(folder), None)))
        assert found == [job_id]
        assert scheduler.kill_job(job_id)
