"""SLURM with accounting and four virtual nodes: the public suite, what goes wrong, and jobs through the engine over SSH."""

from __future__ import annotations

import time

import pytest

from aiida import load_profile, orm
from aiida.calculations.arithmetic.add import ArithmeticAddCalculation
from aiida.engine import run_get_node
from aiida.schedulers.plugins.slurm import SlurmScheduler, parse_accounting
from aiida.storage.sqlite_temp import SqliteTempBackend
from aiida.tools.checks.scheduler import check_scheduler
from aiida.transports.plugins.ssh_async import AsyncSshTransport

from . import services

pytestmark = [pytest.mark.real("slurm", "sshd", "root"), pytest.mark.timeout(600)]

RESOURCES = {"num_machines": 1, "num_mpiprocs_per_machine": 1}


@pytest.fixture(scope="module")
def cluster():
    with services.slurm() as running:
        yield running


@pytest.fixture(scope="module")
def server(cluster):
    with services.sshd(**cluster.env) as running:
        yield running


@pytest.fixture
def transport(server):
    with AsyncSshTransport(machine="cluster", ssh_config=server.config, use_login_shell=False, safe_interval=0.0) as opened:
        yield opened


def test_suite(transport, tmp_path):
    check_scheduler(SlurmScheduler(), transport, str(tmp_path), RESOURCES)


def wait_for_state(scheduler, job_id, states, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rows = parse_accounting(scheduler.get_detailed_job_info(job_id)["stdout"])
        if rows and rows[0]["State"].split(" ")[0] in states:
            return rows[0]
        time.sleep(0.5)
    raise AssertionError(f"{job_id} did not come to {states}: {rows}")


def submit(transport, folder, text):
    transport.makedirs(folder)
    transport.exec_command_wait("cat > job.sh", stdin=text, workdir=folder)
    scheduler = SlurmScheduler()
    scheduler.set_transport(transport)
    return scheduler, scheduler.submit_job(folder, "job.sh")


def test_array_is_one_job(transport, tmp_path):
    scheduler, job_id = submit(transport, f"{tmp_path}/array", "#!/bin/bash\n#SBATCH --array=1-6%2\n#SBATCH --mem=100\nsleep 2\n")
    jobs = scheduler.get_jobs([job_id])
    assert jobs and all(scheduler.same_job(job.job_id, job_id) for job in jobs)
    assert scheduler.is_job_ended(scheduler.get_detailed_job_info(job_id)) in (False, None)
    assert scheduler.kill_job(job_id)


def test_accounting_of_a_failure_and_of_a_kill(transport, tmp_path):
    scheduler, failed = submit(transport, f"{tmp_path}/failed", "#!/bin/bash\n#SBATCH --mem=100\nexit 7\n")
    _, killed = submit(transport, f"{tmp_path}/killed", "#!/bin/bash\n#SBATCH --mem=100\nsleep 100\n")
    assert wait_for_state(scheduler, failed, {"FAILED"})["ExitCode"] == "7:0"
    assert scheduler.kill_job(killed)
    wait_for_state(scheduler, killed, {"CANCELLED"})
    for job_id in (failed, killed):
        assert scheduler.is_job_ended(scheduler.get_detailed_job_info(job_id)) is True


def test_found_by_its_directory(transport, tmp_path):
    folder = f"{tmp_path}/it's here"
    scheduler, job_id = submit(transport, folder, "#!/bin/bash\n#SBATCH --mem=100\nsleep 30\n")
    found = scheduler._parse_tag_search(folder, *transport.exec_command_wait(scheduler._get_tag_search_command(folder, None)))
    assert found == [job_id]
    scheduler.kill_job(job_id)


@pytest.mark.parametrize(
    "directive, words",
    [("#SBATCH -p nowhere", "invalid partition"), ("#SBATCH -N 400", ""), ("#SBATCH -p short -t 20:00:00", "requested time limit is invalid")],
)
def test_impossible_requests_are_definite(transport, tmp_path, directive, words):
    folder = f"{tmp_path}/refused"
    transport.makedirs(folder)
    transport.exec_command_wait("cat > job.sh", stdin=f"#!/bin/bash\n{directive}\ntrue\n", workdir=folder)
    status, _, err = transport.exec_command_wait("sbatch job.sh", workdir=folder)
    assert status != 0 and words in err.lower()
    assert any(beginning in err.lower() for beginning in SlurmScheduler.definite_refusals), err


@pytest.fixture(scope="module")
def profile():
    made = SqliteTempBackend.create_profile("slurm")
    load_profile(made, allow_switch=True)
    return made


@pytest.fixture
def computer(profile, server, tmp_path):
    made = orm.Computer(
        label=f"cluster-{tmp_path.name}", hostname="cluster", transport_type="core.ssh_auto", scheduler_type="core.slurm", workdir=str(tmp_path / "work")
    ).store()
    made.configure(safe_interval=0.0, use_login_shell=False, ssh_config=server.config)
    made.set_minimum_job_poll_interval(0.5)
    return made


def test_jobs_through_the_engine(computer, server):
    code = orm.InstalledCode(computer=computer, filepath_executable="/bin/bash", label="bash").store()
    before = server.count_connections()
    for x in range(3):
        options = {"max_memory_kb": 100_000, "max_wallclock_seconds": 60}
        results, node = run_get_node(ArithmeticAddCalculation, code=code, x=orm.Int(x), y=orm.Int(2), metadata={"options": options})
        assert node.is_finished_ok, (node.exit_status, node.exit_message, node.exception)
        assert results["sum"].value == x + 2
        assert node.get_job_id().isdigit()
    assert server.count_connections() == before + 1


def test_the_controller_dies_and_comes_back(computer, cluster):
    """The queue does not answer while the job runs: it is neither lost nor called done; then it ends as ever."""
    import threading

    code = orm.InstalledCode(computer=computer, filepath_executable="/bin/bash", label="bash2").store()
    down = threading.Timer(3, cluster.controller_down)
    up = threading.Timer(9, cluster.controller_up)
    down.start(), up.start()
    options = {"max_memory_kb": 100_000, "max_wallclock_seconds": 60, "sleep": 6}
    results, node = run_get_node(ArithmeticAddCalculation, code=code, x=orm.Int(1), y=orm.Int(2), metadata={"options": options})
    up.join()
    assert node.is_finished_ok, (node.exit_status, node.exit_message, node.exception)
    assert results["sum"].value == 3


def test_the_network_is_cut_and_comes_back(computer, server):
    """Every connection is torn while the job runs: the job waits for the machine, and is fetched when it is there again."""
    import threading

    code = orm.InstalledCode(computer=computer, filepath_executable="/bin/bash", label="bash3").store()
    down, up = threading.Timer(2, server.cut), threading.Timer(6, server.up)
    down.start(), up.start()
    options = {"max_memory_kb": 100_000, "max_wallclock_seconds": 60, "sleep": 5}
    results, node = run_get_node(ArithmeticAddCalculation, code=code, x=orm.Int(3), y=orm.Int(2), metadata={"options": options})
    up.join()
    assert node.is_finished_ok, (node.exit_status, node.exit_message, node.exception)
    assert results["sum"].value == 5
