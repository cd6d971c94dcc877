"""What users look at and what they get wrong, over SSH on a real SLURM: live files of a running job, and one clear message for each mistake."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.home import Home, make_home

from . import services
from .cluster import Cluster, cluster

pytestmark = [pytest.mark.real("slurm", "sshd", "root", "netns"), pytest.mark.timeout(600)]
HEAD = "from tests.real.cluster_processes import *"


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    """The cluster."""
    with cluster(cpus=2) as made:
        yield made


@pytest.fixture(scope="module")
def home(running: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A profile in which the cluster is set up, and a daemon."""
    with make_home() as made:
        made.verdi("config", "set", "transport.task_retry_initial_interval", "1")
        made.verdi("config", "set", "transport.task_maximum_attempts", "2")
        work = tmp_path_factory.mktemp("work")
        made.script(
            HEAD,
            f"""
            computer = make_computer({running.sshd.config!r}, {str(work)!r}, 1.0)
            orm.InstalledCode(label="bash", computer=computer, filepath_executable="/bin/bash").store()
            get_daemon_client().start_daemon(2)
            """,
        )
        yield made


def test_a_running_job_is_watched_through_the_connection_of_the_daemon(running: Cluster, home: Home) -> None:
    pk = home.script(
        HEAD,
        """
        node = submit_sums(orm.load_code("bash"), 1, "/dev/null", 0, prepend="echo one > live; echo two >> live; while ! test -e go; do sleep 0.2; done")[0]
        wait_until(lambda: node.get_remote_workdir() and os.path.exists(node.get_remote_workdir() + "/live"), 60, "the job's first line")
        result = node.pk
        """,
    )
    job, before = str(pk), running.sshd.count_connections()
    assert home.verdi("calcjob", "tail", job, "live", "-n", "1").stdout == "two\n"
    assert home.verdi("calcjob", "remotecat", job, "live").stdout == "one\ntwo\n"
    assert "_aiidasubmit.sh" in home.verdi("calcjob", "inputls", job).stdout
    assert "echo one > live" in home.verdi("calcjob", "inputcat", job, "_aiidasubmit.sh").stdout
    missing = home.verdi("calcjob", "remotecat", job, "nothing", check=False)
    assert missing.returncode and "nothing" in missing.stderr and "cluster" in missing.stderr and "Traceback" not in missing.stderr
    assert running.sshd.count_connections() == before, "no connection but the daemon's was used"
    early = home.verdi("calcjob", "outputls", job, check=False)
    assert early.returncode and "process explain" in early.stderr
    home.script(f"node = orm.load_node({pk})\nopen(node.get_remote_workdir() + '/go', 'w').close()\nwait_ended(node)\nassert node.is_finished_ok")
    assert "aiida.out" in home.verdi("calcjob", "outputls", job).stdout
    assert home.verdi("calcjob", "outputcat", job).stdout.strip() == "1"
    assert json.loads(home.verdi("calcjob", "res", job, "-f", "json", check=False).stdout or "{}") is not None
    folder = Path(home.script(f"result = orm.load_node({pk}).get_remote_workdir()"))
    assert (folder / "live").exists()
    home.verdi("calcjob", "cleanworkdir", "-f", job)
    assert not (folder / "live").exists()


def test_the_shell_of_gotocomputer_is_in_the_folder_of_the_job(home: Home) -> None:
    command = home.script(
        """
        node = orm.QueryBuilder().append(orm.CalcJobNode).first(flat=True)
        result = [node.get_transport().gotocomputer_command(node.get_remote_workdir()), node.get_remote_workdir()]
        """
    )
    assert command[0].startswith("ssh -t cluster") and command[1] in command[0]


def test_the_test_of_a_computer_passes(home: Home) -> None:
    assert "tests succeeded" in home.verdi("computer", "test", "cluster").stdout


TROUBLE = """
computer = orm.load_computer("cluster")
if plan.get("workdir"):
    computer = make_computer(plan["config"], plan["workdir"], 0.5, label=plan["label"])
    for key, value in plan.get("settings", {}).items():
        computer.set_property(key, value)
code = orm.InstalledCode(label=plan["label"], computer=computer, filepath_executable=plan.get("executable", "/bin/bash")).store()
node = submit_sums(code, 1, "/dev/null", 0, **plan.get("options", {}))[0]
if plan.get("until"):
    wait_until(lambda: node.get_remote_workdir() and os.path.exists(node.get_remote_workdir() + "/begun"), 60, "the job's begin")
    import shutil
    shutil.rmtree(node.get_remote_workdir())
wait_until(lambda: node.is_terminated or node.paused, 90, f"the end of {node.process_status}")
result = {"pk": node.pk, "paused": node.paused, "status": node.process_status, "exit": node.exit_status, "message": node.exit_message,
          "log": [log.message for log in orm.Log.collection.get_logs_for(node)]}
if node.paused:
    from aiida.engine.processes import control
    control.kill_processes([node], timeout=10)
"""


def meet(home: Home, label: str, **plan: Any) -> dict[str, Any]:
    """What a job comes to that meets this trouble."""
    return dict(home.script(HEAD, f"plan = json.loads({json.dumps(json.dumps({'label': label, **plan}))})", TROUBLE))


@pytest.mark.parametrize(
    "name, options, words",
    [
        ("nodes", {"resources": {"num_machines": 400, "num_mpiprocs_per_machine": 1}}, "more processors requested"),
        ("queue", {"queue_name": "nowhere"}, "invalid partition"),
        pytest.param("time", {"queue_name": "short", "max_wallclock_seconds": 100_000}, "time limit", marks=pytest.mark.proof),
        pytest.param("memory", {"max_memory_kb": 10**9}, "memory", marks=pytest.mark.proof),
    ],
)
def test_an_impossible_request_pauses_with_the_words_of_the_scheduler(home: Home, name: str, options: dict[str, Any], words: str) -> None:
    seen = meet(home, name, options={"more": options})
    assert seen["paused"] and words in seen["status"].lower() and "refused" in seen["status"], seen


def test_an_executable_that_is_missing(home: Home) -> None:
    seen = meet(home, "missing", executable="/opt/nothing/code.x")
    assert not seen["paused"] and seen["exit"], seen
    assert "/opt/nothing/code.x" in f"{seen['message']} {seen['log']}", seen


def test_a_disk_that_is_full(running: Cluster, home: Home, tmp_path: Path) -> None:
    image, mount = tmp_path / "image", tmp_path / "disk"
    mount.mkdir()
    with image.open("wb") as handle:
        handle.truncate(3_000_000)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=True)
    try:
        with open(mount / "filler", "wb") as handle, pytest.raises(OSError):
            while True:
                handle.write(b"x" * 4096)
                handle.flush()
        seen = meet(home, "full", config=running.sshd.config, workdir=str(mount / "work"))
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)
    assert seen["paused"] and "disk is full" in seen["status"], seen


def test_a_folder_that_vanished_while_the_job_ran(home: Home) -> None:
    seen = meet(home, "vanished", options={"prepend": "touch begun; sleep 3"}, until="begun")
    assert seen["paused"] and "evidence of the job is gone" in seen["status"] or seen["exit"], seen


def test_a_scheduler_whose_commands_are_not_on_the_path(home: Home, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name not in ("sbatch", "squeue", "sacct", "scancel"):
            (programs / program.name).symlink_to(program)
    with services.sshd(PATH=str(programs)) as bare:
        seen = meet(home, "nopath", config=bare.config, workdir=str(tmp_path / "work"))
    assert seen["paused"] and "PATH" in seen["status"] and "sbatch" in seen["status"], seen
