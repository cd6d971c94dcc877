"""The simulator's login host does to the same files what a shell does: each text of the engine is run both ways."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aiida.engine.processes.calcjobs.asking import render_marks, render_queue
from aiida.engine.processes.calcjobs.facts import JobInFlight
from aiida.schedulers import guard
from aiida.schedulers.plugins.slurm import SlurmScheduler
from aiida.tools.fakes import login
from aiida.tools.fakes.cluster import SimulatedCluster

SBATCH = "#!/bin/sh\necho 'Submitted batch job 1001'\n"


class Sides:
    """One folder for a shell with a stub of sbatch, one for the simulator."""

    def __init__(self, folder: Path) -> None:
        self.shell, self.simulated = folder / "shell" / "it's", folder / "simulated" / "it's"
        for place in (self.shell, self.simulated):
            (place / guard.MARKS).mkdir(parents=True)
            (place / "job.sh").write_text("#!/bin/bash\necho\n")
        stub = folder / "bin" / "sbatch"
        stub.parent.mkdir()
        stub.write_text(SBATCH)
        stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
        self.path = f"{stub.parent}:{os.environ['PATH']}"
        self.cluster = SimulatedCluster(folder)

    def ask(self, render: Any) -> tuple[int, str]:
        """Run what `render(directory)` gives on both sides; the status and the text, which must be the same."""
        told = []
        done = subprocess.run(
            ["sh", "-c", render(str(self.shell))],
            env={**os.environ, "PATH": self.path},
            capture_output=True,
            text=True,
            check=False,
        )
        told.append((done.returncode, done.stdout))
        answer = login.answer(self.cluster, render(str(self.simulated)), "/")
        assert answer is not None
        told.append(answer[:2])
        assert told[0] == told[1]
        for name in ("lock", "fence"):
            marks = [place / guard.MARKS / name for place in (self.shell, self.simulated)]
            assert len({os.readlink(mark) if mark.is_symlink() else None for mark in marks}) == 1
        return told[0]


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    return Sides(tmp_path)


def submission(me: str) -> Any:
    command = SlurmScheduler()._get_submit_command("job.sh")
    return lambda directory: guard.render_guard(directory, me, command, patience=0)


def test_the_guard(sides: Sides) -> None:
    assert guard.parse_guard(*sides.ask(submission("a-1")), "").out == "Submitted batch job 1001\n"
    assert "Submitted" in sides.ask(submission("a-1"))[1] and sides.cluster.counts["sbatch"] == 1
    for place in (sides.shell, sides.simulated):
        (place / guard.MARKS / "receipt").unlink()
    assert sides.ask(submission("b-2"))[0] == guard.UNKNOWN_ANSWER


def test_look_and_revocation(sides: Sides) -> None:
    assert guard.parse_look(*sides.ask(guard.render_look)) == ("", None)
    assert guard.parse_revoke(*sides.ask(lambda directory: guard.render_revoke(directory, 7))) == "revoked:7"
    assert guard.parse_revoke(*sides.ask(lambda directory: guard.render_revoke(directory, 8))) == "revoked:7"
    assert sides.ask(submission("a-1"))[0] == guard.REVOKED
    assert guard.parse_look(*sides.ask(guard.render_look)) == ("revoked:7", None)


def test_a_directory_that_is_gone(sides: Sides) -> None:
    for render in (submission("a-1"), guard.render_look, lambda directory: guard.render_revoke(directory, 1)):
        assert sides.ask(lambda directory, render=render: render(directory + "-gone"))[0] == guard.NO_DIRECTORY


def test_marks_and_queue(sides: Sides) -> None:
    def render(directory: str) -> str:
        jobs = [
            JobInFlight(process=n, directory=f"{directory}{end}", job_id=str(n)) for n, end in ((1, ""), (2, "-gone"))
        ]
        return render_marks(jobs) + "exit 0\n"

    assert sides.ask(render)[1] == "aiida-gone 2\n"
    for name, content in (("begun.0", ""), ("begun.1", ""), ("ended.0", "1 0 0\n")):
        for place in (sides.shell, sides.simulated):
            (place / guard.MARKS / name).write_text(content)
    assert sides.ask(render)[1] == "aiida-gone 2\n"  # one task of the array is not over
    for place in (sides.shell, sides.simulated):
        (place / guard.MARKS / "ended.1").write_text("1 0 3\n")
    assert sides.ask(render)[1] == "aiida-mark 1 1 0 3\naiida-gone 2\n"


def test_the_queue_is_read_by_the_plugin(tmp_path: Path) -> None:
    """Each command of the plugin is answered, in the form that the plugin reads."""
    cluster, plugin = SimulatedCluster(tmp_path), SlurmScheduler()
    work = tmp_path / "ab" / "cd" / "ef"
    (work / guard.MARKS).mkdir(parents=True)
    (work / "job.sh").write_text('#!/bin/bash\n#SBATCH --job-name="mine"\n')
    assert login.run(cluster, f"cd {shlex.quote(str(work))}", "/") is None
    job_id = plugin._parse_submit_output(*login.run(cluster, plugin._get_submit_command("job.sh"), str(work)))
    queue = render_queue(plugin._get_joblist_command(jobs=[job_id]))
    answer = login.answer(cluster, render_marks([]) + queue, "/")
    assert answer is not None and f"{job_id}^^^PD" in answer[1]
    (info,) = plugin._parse_joblist_output(*login.run(cluster, plugin._get_joblist_command(jobs=[job_id]), "/"))
    assert (info.job_id, info.title, info.job_state.value) == (job_id, "mine", "queued")
    search = plugin._get_tag_search_command(str(work), None)
    assert plugin._parse_tag_search(str(work), *login.run(cluster, search, "/")) == [job_id]
    assert plugin._parse_kill_output(*login.run(cluster, plugin._get_kill_command(job_id), "/"))
    said = login.run(cluster, plugin._get_detailed_job_info_command(job_id), "/")
    detailed = {"retval": said[0], "stdout": said[1], "stderr": said[2]}
    assert plugin.is_job_ended(detailed) and plugin.is_about(detailed, str(work))
    assert not plugin.is_about(detailed, f"{tmp_path}/ab/cd/other")
