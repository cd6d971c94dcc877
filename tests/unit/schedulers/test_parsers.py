"""What schedulers print, read; in the forms that manuals print."""

from __future__ import annotations

import pytest

from aiida.schedulers.datastructures import JobState
from aiida.schedulers.plugins.direct import DirectScheduler
from aiida.schedulers.plugins.lsf import LsfScheduler
from aiida.schedulers.plugins.pbspro import PbsproScheduler
from aiida.schedulers.plugins.sge import SgeScheduler
from aiida.schedulers.plugins.slurm import SlurmScheduler
from aiida.schedulers.plugins.torque import TorqueScheduler
from aiida.schedulers.scheduler import SchedulerError

from . import samples


def by_id(jobs):
    return {job.job_id: job for job in jobs}


def test_slurm_queue():
    jobs = by_id(SlurmScheduler()._parse_joblist_output(0, samples.SQUEUE, ""))
    assert [job.job_state.value for job in jobs.values()] == [
        "queued", "running", "running", "queued held", "queued", "running", "suspended", "running",
    ]  # fmt: skip
    running = jobs["862567"]
    assert (running.num_machines, running.num_mpiprocs, running.queue_name) == (7, 224, "normal")
    assert running.requested_wallclock_time_seconds == 86340 and running.wallclock_time_seconds == 53084
    assert running.allocated_machines_raw == "nid0[0099,0156-0157]"
    assert running.dispatch_time.isoformat() == "2013-05-23T11:18:44"
    assert jobs["863553"].title == "bash^^^x"  # the separator inside a name
    assert jobs["863100_[1-4%2]"].requested_wallclock_time_seconds == 2147483647


def test_slurm_arrays_belong_to_their_job():
    scheduler = SlurmScheduler()
    assert scheduler.same_job("863100_[1-4%2]", "863100") and not scheduler.same_job("86310", "863100_7")


@pytest.mark.parametrize("error", ["Unable to contact slurm controller", "Socket timed out on send/recv operation", ""])
def test_slurm_failed_listing_is_no_listing(error):
    with pytest.raises(SchedulerError):
        SlurmScheduler()._parse_joblist_output(1, "", f"slurm_load_jobs error: {error}")


def test_slurm_forgotten_id_is_an_empty_listing():
    assert SlurmScheduler()._parse_joblist_output(1, "", "slurm_load_jobs error: Invalid job id specified") == []


def test_slurm_submit():
    scheduler = SlurmScheduler()
    assert scheduler._parse_submit_output(0, "Submitted batch job 11 on cluster c\n", "") == "11"
    refused = scheduler._parse_submit_output(1, "", "sbatch: error: Invalid account or account/partition combination specified")
    assert refused.status == 131
    with pytest.raises(SchedulerError):
        scheduler._parse_submit_output(1, "", "sbatch: error: Socket timed out")
    with pytest.raises(SchedulerError):
        scheduler._parse_submit_output(0, "garbage", "")


@pytest.mark.parametrize(
    "state, status, ended",
    [
        ("COMPLETED", None, True), ("OUT_OF_MEMORY", 110, True), ("TIMEOUT", 120, True), ("NODE_FAIL", 140, True),
        ("CANCELLED by 0", None, True), ("RUNNING", None, False), ("PENDING", None, False), ("REQUEUED", None, False),
    ],
)  # fmt: skip
def test_slurm_accounting(state, status, ended):
    scheduler, info = SlurmScheduler(), {"retval": 0, "stdout": samples.SACCT.format(state=state), "stderr": ""}
    code = scheduler.parse_output(info, "", "")
    assert (code.status if code else None) == status
    assert scheduler.is_job_ended(info) is ended


def test_slurm_accounting_that_knows_nothing():
    assert SlurmScheduler().is_job_ended({"retval": 0, "stdout": "JobID|State|\n", "stderr": ""}) is None
    assert SlurmScheduler().is_job_ended({"retval": 1, "stdout": "", "stderr": "no database"}) is None


def test_slurm_oom_that_accounting_calls_failed():
    info = {"retval": 0, "stdout": samples.SACCT.format(state="FAILED"), "stderr": ""}
    said = "slurmstepd: error: Job 5 exceeded memory limit (512000 > 409600), being killed"
    assert SlurmScheduler().parse_output(info, "", said).status == 110


@pytest.mark.parametrize(
    "text, seconds",
    [("1-2:3:4", 93784), ("UNLIMITED", 2147483647), ("NOT_SET", None), ("5:06", 306), ("3:04:05", 11045), ("12", 720), ("1-0", 86400)],
)
def test_slurm_times(text, seconds):
    assert SlurmScheduler()._convert_time(text) == seconds


def test_pbspro_queue():
    jobs = by_id(PbsproScheduler()._parse_joblist_output(0, samples.QSTAT_PBSPRO, ""))
    assert [job.job_state.value for job in jobs.values()] == ["queued", "running", "running", "done"]
    waiting, running = jobs["68350.mycluster"], jobs["74165.mycluster"]
    assert waiting.annotation.startswith("Not Running") and waiting.job_owner == "usernum1"
    assert waiting.requested_wallclock_time_seconds == 3600 and waiting.num_mpiprocs == 15
    assert [(m.name, m.num_cpus) for m in running.allocated_machines] == [("b141", 2), ("b142", 2)]
    assert running.wallclock_time_seconds == 511 and running.cpu_time == 1804
    assert running.dispatch_time.isoformat() == "2013-04-12T15:22:01"
    assert jobs["74170.mycluster"].exit_status == 5


def test_torque_queue():
    jobs = by_id(TorqueScheduler()._parse_joblist_output(0, samples.QSTAT_TORQUE, ""))
    assert [(m.name, m.num_cpus) for m in jobs["55.torque.host.net"].allocated_machines] == [("node1", 2), ("node2", 2)]
    assert jobs["56.torque.host.net"].job_state is JobState.QUEUED_HELD


def test_pbs_unknown_ids_and_a_server_that_is_down():
    scheduler = PbsproScheduler()
    assert scheduler._parse_joblist_output(153, "", "qstat: Unknown Job Id 99999.pbshost") == []
    with pytest.raises(SchedulerError):
        scheduler._parse_joblist_output(255, "", "qstat: cannot connect to server pbshost (errno=15010)")


def test_pbs_ids():
    scheduler = PbsproScheduler()
    assert scheduler._parse_submit_output(0, "2[].pbshost\n", "") == "2[].pbshost"
    assert scheduler.same_job("2[].pbshost", "2[7].pbshost.domain") and not scheduler.same_job("2.pbshost", "22.pbshost")


def test_pbs_tag_search_joins_continued_lines():
    found = PbsproScheduler()._parse_tag_search("/home/usernum1/scratch/cptest", 0, samples.QSTAT_PBSPRO, "")
    assert found == ["68350.mycluster"]


@pytest.mark.parametrize(
    "said, status",
    [
        ("=>> PBS: job killed: walltime 3630 exceeded limit 3600", 120),
        ("=>> PBS: job killed: mem 2097160kb exceeded limit 2097152kb", 110),
        ("all is well", None),
    ],
)
def test_pbs_reasons(said, status):
    code = TorqueScheduler().parse_output({"stdout": ""}, said, "")
    assert (code.status if code else None) == status


def test_pbs_logs_tell_the_end_unless_the_job_was_requeued():
    scheduler = PbsproScheduler()
    assert scheduler.is_job_ended({"stdout": "Job Run at request\nExit_status=0 resources"}) is True
    assert scheduler.is_job_ended({"stdout": "Exit_status=-11\nRequeueing job"}) is False
    assert scheduler.is_job_ended({"stdout": "Job Queued"}) is None


def test_sge_queue():
    jobs = by_id(SgeScheduler()._parse_joblist_output(0, samples.QSTAT_SGE, ""))
    assert [job.job_state.value for job in jobs.values()] == ["running", "queued", "undetermined"]
    assert jobs["1212299"].queue_name == "serial.q@node080"
    assert jobs["1212263"].submission_time.isoformat() == "2013-06-18T12:00:57"


@pytest.mark.parametrize("text", ["", "<a>", "<a/>"])
def test_sge_truncated_listing_is_no_listing(text):
    with pytest.raises(SchedulerError):
        SgeScheduler()._parse_joblist_output(0, text, "")


@pytest.mark.parametrize(
    "failed, wallclock, status, ended",
    [("0", "12", None, True), ("37  : qmaster enforced h_rt limit", "121.0", 120, True), ("25  : rescheduling", "1", None, False)],
)
def test_sge_accounting(failed, wallclock, status, ended):
    info = {"retval": 0, "stdout": samples.QACCT.format(failed=failed, status=0, wallclock=wallclock), "stderr": ""}
    code = SgeScheduler().parse_output(info, "", "")
    assert (code.status if code else None) == status
    assert SgeScheduler().is_job_ended(info) is ended


def test_sge_accounting_that_knows_nothing_yet():
    assert SgeScheduler().is_job_ended({"retval": 1, "stdout": "", "stderr": "error: job id 12 not found"}) is None


def test_sge_submit_gives_the_array():
    assert SgeScheduler()._parse_submit_output(0, "12.1-5:1\n", "") == "12"


def test_lsf_queue():
    jobs = by_id(LsfScheduler()._parse_joblist_output(0, samples.BJOBS, ""))
    assert [job.job_state.value for job in jobs.values()] == ["done", "queued", "running", "suspended"]
    running = jobs["764254593"]
    assert running.requested_wallclock_time_seconds == 3600 and running.wallclock_time_seconds == 1440
    assert running.title == "aiida 10|44" and running.num_machines == 2


def test_lsf_forgotten_ids():
    assert LsfScheduler()._parse_joblist_output(255, "", "Job <12> is not found") == []
    with pytest.raises(SchedulerError):
        LsfScheduler()._parse_joblist_output(255, "", "LSF is down. Please wait ...")


@pytest.mark.parametrize(
    "state, reason, status, ended",
    [("EXIT", "TERM_MEMLIMIT", 110, True), ("EXIT", "TERM_RUNLIMIT", 120, True), ("DONE", "", None, True), ("RUN", "", None, False)],
)
def test_lsf_long_form(state, reason, status, ended):
    info = {"retval": 0, "stdout": samples.BJOBS_LONG.format(state=state, reason=reason), "stderr": ""}
    code = LsfScheduler().parse_output(info, "", "")
    assert (code.status if code else None) == status
    assert LsfScheduler().is_job_ended(info) is ended


def test_direct_reads_the_kernel():
    text = "boot 28f3213f\nuptime 1000.00\nproc 12 (a (b) c) R 1 12 12 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 90000 0 0\n"
    (job,) = DirectScheduler()._parse_joblist_output(0, text, "")
    assert job.job_id == "12:90000:28f3213f" and job.job_state is JobState.RUNNING
    assert job.wallclock_time_seconds == 100 and job.cpu_time == 2


def test_direct_identity():
    scheduler = DirectScheduler()
    assert scheduler.same_job("12:90000:28f3213f", "12:90000:28f3213f")
    assert not scheduler.same_job("12:90000:28f3213f", "12:90001:28f3213f")  # the pid is another process's now
    assert scheduler.same_job("12", "12:90001:28f3213f")  # as other programs record jobs
    with pytest.raises(SchedulerError):
        scheduler._get_kill_command("12; rm -rf /")


def test_direct_reads_ps():
    jobs = DirectScheduler()._parse_joblist_output(0, " 21259 S+   user  0:00.04\n 87619 Z+   user  1-01:00:44\n", "")
    assert [job.job_state.value for job in jobs] == ["running", "done"]
    assert jobs[1].wallclock_time_seconds == 90044
