"""The login host of a simulated cluster: it understands the commands that the engine sends, and gives all others to the shell.

What the guard, the look, the revocation and the listing do in a real shell is done here in Python on the same files. That both do the
same is tested (`tests/unit/jobs/test_simulator.py` runs each text both ways).
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from aiida.engine.processes.calcjobs.asking import _QUEUE, _STATUS
from aiida.schedulers import guard
from aiida.schedulers.guard import MARKS

from .cluster import QUEUED, Job, SimulatedCluster

__all__ = ("answer",)

Reply = tuple[int, str, str]

_BEGIN, _ERRORS, _END = guard._BEGIN, guard._ERRORS, guard._STATUS
_HEAD = f"printf '\\n%s\\n' {_BEGIN}\n"
_GUARD = re.compile(
    r"\nln -s (?P<me>\S+) \.aiida/lock 2>/dev/null\n.*?\n\{ (?P<command>.*?)\n\} < /dev/null", re.DOTALL
)
_REVOKE = re.compile(r"\nln -s (?P<who>revoked:\d+) \.aiida/fence")
_LETTERS = {"%i": "job_id", "%Z": "directory", "%j": "name"}


def answer(cluster: SimulatedCluster, command: str, folder: str) -> Reply | None:
    """What the command prints, or None: let a shell run it."""
    text = command
    if text.startswith("exec sh -c "):
        text = shlex.split(text)[3]
    if text.startswith(_HEAD):
        return _guarded(cluster, text)
    if text.startswith("aiida_look() {"):
        return _listing(cluster, text, folder)
    return run(cluster, text, folder)


def run(cluster: SimulatedCluster, command: str, folder: str) -> Reply | None:
    """A command of the scheduler; None: it is none."""
    words = command.split()
    if words[:1] == ["sbatch"]:
        status, said = cluster.submit(folder, shlex.split(command)[1])
        return (status, said, "") if status == 0 else (status, "", said)
    if words[:1] == ["scancel"]:
        return (
            (0, "", "")
            if cluster.cancel(words[1])
            else (1, "", "scancel: error: Kill job error on job id: Invalid job id specified")
        )
    if command.startswith(("SLURM_TIME_FORMAT='standard' squeue", "squeue --noheader -o")):
        return _squeue(cluster, command)
    if words[:1] == ["sacct"]:
        return _sacct(cluster, command.rpartition("=")[2])
    if command.startswith("me=$(id -un); squeue"):
        return _tags(cluster)
    return None


# --- the engine's own scripts --------------------------------------------------------------------------------------------------


def _guarded(cluster: SimulatedCluster, text: str) -> Reply:
    directory = shlex.split(text.splitlines()[1])[2]
    marks = Path(directory, MARKS)
    said = f"\n{_BEGIN}\n"
    if not marks.is_dir():
        return guard.NO_DIRECTORY, said, ""
    submission, revocation = _GUARD.search(text), _REVOKE.search(text)
    if submission is not None:
        return _submit(cluster, directory, marks, submission["me"], submission["command"], said)
    if revocation is not None:
        _link(revocation["who"], marks / "fence")
        return 0, f"{said}{os.readlink(marks / 'fence')}\n", ""
    receipt = marks / "receipt"
    fence = os.readlink(marks / "fence") if os.path.islink(marks / "fence") else ""
    return 0, f"{said}{fence}\n{receipt.read_text() if receipt.is_file() else ''}", ""


def _submit(cluster: SimulatedCluster, directory: str, marks: Path, me: str, command: str, said: str) -> Reply:
    _link(me, marks / "lock")
    receipt = marks / "receipt"
    if receipt.is_file():
        return 0, said + receipt.read_text(), ""
    if os.readlink(marks / "lock") != me:
        return guard.UNKNOWN_ANSWER, said, ""
    if os.path.islink(marks / "fence"):
        return guard.REVOKED, said, ""
    status, out, err = run(cluster, command.strip(), directory) or (127, "", f"{command}: command not found")
    receipt.write_text(f"{out}\n{_ERRORS}\n{err}\n{_END} {status}\n")
    return 0, said + receipt.read_text(), ""


def _link(target: str, path: Path) -> None:
    try:
        os.symlink(target, path)
    except FileExistsError:
        pass


def _listing(cluster: SimulatedCluster, text: str, folder: str) -> Reply:
    """The marks first, then, perhaps a moment later, the queue."""
    script, _, queue = text.partition(f"echo {_QUEUE}\n")
    said = "".join(_mark(*shlex.split(line)[1:3]) for line in script.splitlines() if line.startswith("aiida_look "))
    if not queue:
        return 0, said, ""
    command = queue.removeprefix("{ ").partition("\n}\necho ")[0]
    if cluster.faults.list_fails:
        cluster.advance(cluster.dice.uniform(0, 2))
    status, out, err = run(cluster, command, folder) or (127, "", f"{command}: command not found")
    return 0, f"{said}{_QUEUE}\n{out}{_STATUS} {status}\n", err


def _mark(process: str, marks: str) -> str:
    if not os.path.isdir(marks):
        return f"aiida-gone {process}\n"
    last = ""
    for name in sorted(os.listdir(marks)):
        if name.startswith("begun."):
            try:
                with open(os.path.join(marks, f"ended.{name[6:]}")) as handle:
                    last = handle.readline().strip()
            except FileNotFoundError:
                return ""
    return f"aiida-mark {process} {last}\n" if last else ""


# --- the scheduler's commands ----------------------------------------------------------------------------------------------------


def _squeue(cluster: SimulatedCluster, command: str) -> Reply:
    cluster.count("squeue")
    if cluster.throw(cluster.faults.list_fails):
        return 1, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    words = shlex.split(command)
    wanted = words[words.index("-o") + 1]
    separator = "^^^" if "^^^" in wanted else "|"
    letters = wanted.split(separator)
    asked = next((word.partition("=")[2].split(",") for word in words if word.startswith("--jobs=")), None)
    ids = asked if asked is not None else [job.job_id for jobs in cluster.alive.values() for job in jobs]
    shown = cluster.show(ids)
    if not shown and asked is not None and len(asked) == 1:
        return 1, "", "slurm_load_jobs error: Invalid job id specified"
    return 0, "".join(separator.join(_field(job, letter) for letter in letters) + "\n" for job in shown), ""


def _field(job: Job, letter: str) -> str:
    if letter in _LETTERS:
        return str(getattr(job, _LETTERS[letter]))
    pending = job.state == QUEUED
    plain = {
        "%t": "PD" if pending else "R",
        "%r": "Priority" if pending else "None",
        "%R": "(Priority)" if pending else "node1",
    }
    return plain.get(letter, {"%D": "1", "%C": "1", "%l": "1-00:00:00", "%M": "0:00", "%P": "debug"}.get(letter, "N/A"))


def _sacct(cluster: SimulatedCluster, job_id: str) -> Reply:
    cluster.count("sacct")
    state = cluster.account(job_id)
    row = (
        ""
        if state is None
        else f"{job_id}|{state}|{cluster.jobs[job_id].exit_status}:0|{cluster.jobs[job_id].directory}|\n"
    )
    return 0, f"JobID|State|ExitCode|WorkDir|\n{row}", ""


def _tags(cluster: SimulatedCluster) -> Reply:
    """Ids and directories of all jobs, in the queue (which may leave something out) and in accounting."""
    cluster.count("search")
    alive = [
        job for jobs in cluster.alive.values() for job in jobs if not cluster.throw(cluster.faults.list_is_partial)
    ]
    return 0, "".join(f"{job.job_id}|{job.directory}\n" for job in alive), ""
