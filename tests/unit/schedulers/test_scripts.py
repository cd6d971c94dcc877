"""Submit scripts: directives of all six, run lines, quoting, mistakes."""

from __future__ import annotations

import pytest

from aiida.common.datastructures import CodeRunMode
from aiida.plugins import SchedulerFactory
from aiida.schedulers.datastructures import JobTemplate, JobTemplateCodeInfo
from aiida.schedulers.script import clean_job_name, render_code

RESOURCES = {
    "core.sge": {"parallel_env": "mpi", "tot_num_mpiprocs": 4},
    "core.lsf": {"parallel_env": "pe", "tot_num_mpiprocs": 4},
}
ALL = ["core.direct", "core.slurm", "core.pbspro", "core.torque", "core.sge", "core.lsf"]

EXPECTED = {
    "core.slurm": [
        "#SBATCH --no-requeue", '#SBATCH --job-name="aiida-1"', "#SBATCH --get-user-env", "#SBATCH --output=o", "#SBATCH --error=e",
        "#SBATCH --partition=q", "#SBATCH --account=a", "#SBATCH --qos=hi", "#SBATCH --nodes=2", "#SBATCH --ntasks-per-node=3",
        "#SBATCH --cpus-per-task=2", "#SBATCH --time=1-01:01:01", "#SBATCH --mem=1953", "#CUSTOM",
    ],
    "core.pbspro": [
        "#PBS -r n", "#PBS -m n", "#PBS -N aiida-1", "#PBS -V", "#PBS -o o", "#PBS -e e", "#PBS -q q", "#PBS -A a",
        "#PBS -l walltime=25:01:01", "#PBS -l select=2:mpiprocs=3:ncpus=6:mem=2000000kb", "#CUSTOM",
    ],
    "core.torque": [
        "#PBS -r n", "#PBS -m n", "#PBS -N aiida-1", "#PBS -V", "#PBS -o o", "#PBS -e e", "#PBS -q q", "#PBS -A a",
        "#PBS -l nodes=2:ppn=6,walltime=25:01:01,mem=2000000kb", "#CUSTOM",
    ],
    "core.sge": [
        "#$ -cwd", "#$ -S /bin/bash", "#$ -r no", "#$ -m n", "#$ -N aiida-1", "#$ -V", "#$ -o o", "#$ -e e", "#$ -q q", "#$ -P a",
        "#$ -pe mpi 4", "#$ -l h_rt=25:01:01", "#CUSTOM",
    ],
    "core.lsf": [
        "#BSUB -rn", '#BSUB -J "aiida-1"', "#BSUB -o o", "#BSUB -e e", "#BSUB -q q", "#BSUB -G a", "#BSUB -n 4", '#BSUB -m "pe"',
        "#BSUB -W 25:02", "#BSUB -M 2000000", "#CUSTOM",
    ],
    "core.direct": ["#CUSTOM"],
}  # fmt: skip


def template(name, **changes):
    scheduler = SchedulerFactory(name)()
    made = JobTemplate()
    made.job_name, made.sched_output_path, made.sched_error_path = "aiida-1", "o", "e"
    made.queue_name, made.account, made.qos = "q", "a", "hi"
    made.max_memory_kb, made.max_wallclock_seconds, made.custom_scheduler_commands = 2000000, 90061, "#CUSTOM"
    made.import_sys_environment = True
    nodes = {"num_machines": 2, "num_mpiprocs_per_machine": 3, "num_cores_per_machine": 6, "num_cores_per_mpiproc": 2}
    made.job_resource = scheduler.create_job_resource(**RESOURCES.get(name, nodes))
    made.codes_info = [JobTemplateCodeInfo(cmdline_params=["/bin/x"], stdin_name="i", stdout_name="out")]
    made.codes_run_mode = CodeRunMode.SERIAL
    made.update(changes)
    return scheduler, made


@pytest.mark.parametrize("name", ALL)
def test_directives(name):
    scheduler, made = template(name)
    lines = scheduler.get_submit_script(made).splitlines()
    assert lines[0] == "#!/bin/bash"
    assert [line for line in lines[1:] if line.startswith("#")] == EXPECTED[name]


@pytest.mark.parametrize("name", ALL)
def test_order_of_parts(name):
    scheduler, made = template(name, prepend_text="echo before", append_text="echo after", job_environment={"A": "x'y"})
    text = scheduler.get_submit_script(made)
    parts = ["#CUSTOM", "export A='x'\"'\"'y'", "echo before", "'/bin/x' < 'i' > 'out'", "echo after"]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


@pytest.mark.parametrize("name", [name for name in ALL if name != "core.direct"])
@pytest.mark.parametrize("seconds", [0, -1, "a"])
def test_impossible_walltime(name, seconds):
    scheduler, made = template(name, max_wallclock_seconds=seconds)
    with pytest.raises(ValueError, match="max_wallclock_seconds must be a positive integer"):
        scheduler.get_submit_script(made)


def test_rerunnable_is_always_said():
    for name, yes in (("core.slurm", "#SBATCH --requeue"), ("core.pbspro", "#PBS -r y"), ("core.sge", "#$ -r yes"), ("core.lsf", "#BSUB -r")):
        scheduler, made = template(name, rerunnable=True)
        assert yes in scheduler.get_submit_script(made).splitlines()


def test_slurm_less_than_a_megabyte_is_not_all_memory():
    scheduler, made = template("core.slurm", max_memory_kb=500)
    assert "#SBATCH --mem=1" in scheduler.get_submit_script(made).splitlines()


def test_parallel_codes_wait_for_all():
    scheduler, made = template("core.slurm")
    codes = [JobTemplateCodeInfo(cmdline_params=["a"]), JobTemplateCodeInfo(cmdline_params=["b"], stdout_name="o", join_files=True)]
    assert scheduler._get_run_line(codes, CodeRunMode.PARALLEL) == "'a' &\n\n'b'  > 'o' 2>&1 &\n\nwait\n"


def test_wrapped_command_is_one_word():
    code = JobTemplateCodeInfo(
        prepend_cmdline_params=["docker", "run"], cmdline_params=["x y", "$A"], wrap_cmdline_params=True,
        use_double_quotes=[False, True], stdin_name="i",
    )  # fmt: skip
    assert render_code(code) == "'docker' 'run' \"\"'\"'\"x y\"'\"'\" \"'\"'\"$A\"'\"'\" < 'i'  \""


@pytest.mark.parametrize("name, cleaned", [("a b", "ab"), ("1", "j1"), ("***", "j"), ("é a", "a"), ("x" * 200, "x" * 128)])
def test_names(name, cleaned):
    assert clean_job_name(name, longest=128) == cleaned
