"""Son of Grid Engine: the public suite against the real one."""

from __future__ import annotations

import time

import pytest

from aiida import load_profile, orm
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.engine import run_get_node
from aiida.schedulers.datastructures import JobState
from aiida.schedulers.exit_codes import OUT_OF_MEMORY, OUT_OF_WALLTIME
from aiida.schedulers.plugins.sge import SgeScheduler, parse_accounting
from aiida.storage.sqlite_temp import SqliteTempBackend
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


@pytest.fixture
def transport(cluster, monkeypatch):
    for name, value in cluster.env.items():
        monkeypatch.setenv(name, value)
    with LocalTransport(machine="localhost", use_login_shell=False) as opened:
        yield opened


def submit(transport, folder, text):
    """Submit a script as it is, and return the scheduler and the id."""
    folder.mkdir()
    (folder / "job.sh").write_text(text)
    scheduler = SgeScheduler()
    scheduler.set_transport(transport)
    return scheduler, scheduler.submit_job(str(folder), "job.sh")


def wait_for_accounting(scheduler, job_id, records=1, seconds=60):
    """Accounting speaks some seconds after the end, of an array once per task."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        info = scheduler.get_detailed_job_info(job_id)
        if len(parse_accounting(info["stdout"])) >= records:
            return info
        time.sleep(0.5)
    raise AssertionError(f"accounting does not know {job_id}: {info}")


#: each of three processes keeps below the limit of the address space, together they are above it
GREEDY = "for i in 1 2 3; do python3 -c 'x = bytearray(b\"x\" * 60_000_000); import time; time.sleep(90)' & done; wait\n"


def test_limits_holds_arrays_and_accounting(transport, tmp_path):
    """One wait for all: a walltime and a memory limit that kill, an exit status, a held job, an array."""
    shell = "#!/bin/bash\n#$ -cwd -S /bin/bash\n"
    scheduler, slow = submit(transport, tmp_path / "slow", f"{shell}#$ -l h_rt=0:0:4\nsleep 120\n")
    _, greedy = submit(transport, tmp_path / "greedy", f"{shell}#$ -l h_vmem=150M,h_rt=0:5:0\n{GREEDY}")
    _, failed = submit(transport, tmp_path / "failed", f"{shell}exit 7\n")
    _, array = submit(transport, tmp_path / "array", f"{shell}#$ -t 1-3 -tc 2\nsleep 3\n")
    _, held = submit(transport, tmp_path / "held", f"{shell}#$ -h\ntrue\n")
    states = {job.job_id: job.job_state for job in scheduler.get_jobs(user="*")}
    assert states[held] is JobState.QUEUED_HELD
    assert array.isdigit() and any(scheduler.same_job(job.job_id, array) for job in scheduler.get_jobs(user="*"))
    assert scheduler.is_job_ended(scheduler.get_detailed_job_info(held)) is None, "no record: nothing is known"
    info = wait_for_accounting(scheduler, failed)
    assert parse_accounting(info["stdout"])[-1]["exit_status"].split()[0] == "7" and scheduler.parse_output(info) is None
    assert scheduler.is_job_ended(info) is True
    assert scheduler.parse_output(wait_for_accounting(scheduler, slow)) == OUT_OF_WALLTIME
    assert scheduler.is_job_ended(wait_for_accounting(scheduler, array, records=3)) is True
    assert scheduler.parse_output(wait_for_accounting(scheduler, greedy)) == OUT_OF_MEMORY
    assert scheduler.kill_job(held)
    assert scheduler.kill_job("999999"), "a job that is gone need not be killed"


@pytest.mark.parametrize("directive", ["-q nowhere.q", "-pe nothing 2", "-l nonsense=1"])
def test_impossible_requests_are_definite(transport, tmp_path, directive):
    (tmp_path / "job.sh").write_text(f"#!/bin/bash\n#$ -cwd {directive}\ntrue\n")
    status, out, err = transport.exec_command_wait("qsub -terse job.sh", workdir=str(tmp_path))
    assert status != 0, "the master refuses what it cannot give"
    assert any(words in f"{out}{err}".lower() for words in SgeScheduler.definite_refusals), (out, err)


def test_a_job_through_the_engine(transport, tmp_path):
    made = SqliteTempBackend.create_profile("sge")
    load_profile(made, allow_switch=True)
    computer = orm.Computer(
        label="sge", hostname="localhost", transport_type="core.local", scheduler_type="core.sge", workdir=str(tmp_path / "work")
    ).store()
    computer.configure(use_login_shell=False)
    computer.set_minimum_job_poll_interval(0.5)
    code = orm.InstalledCode(computer=computer, filepath_executable="/bin/bash", label="bash").store()
    options = {"resources": {"parallel_env": "smp", "tot_num_mpiprocs": 1}, "max_wallclock_seconds": 60}
    results, node = run_get_node(ArithmeticAddCalculation, code=code, x=orm.Int(1), y=orm.Int(2), metadata={"options": options})
    assert node.is_finished_ok and results["sum"].value == 3, (node.exit_status, node.exit_message, node.process_status)


def test_the_master_that_is_away_is_an_outage(tmp_path, monkeypatch):
    monkeypatch.setenv("SGE_QMASTER_PORT", "1")
    (tmp_path / "job.sh").write_text("true\n")
    with LocalTransport(machine="localhost", use_login_shell=False) as transport:
        _, out, err = transport.exec_command_wait("qsub -terse job.sh", workdir=str(tmp_path))
    assert any(words in f"{out}{err}".lower() for words in SgeScheduler.never_reached), (out, err)
