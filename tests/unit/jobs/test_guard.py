"""The guard and the fence, run by a real shell in a real directory: the scheduler is a script of ours."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiida.schedulers import guard
from aiida.schedulers.guard import FenceTerms

AWKWARD = "it's $HOME\n`id` \"x\""


@pytest.fixture(params=["plain", AWKWARD], ids=["plain", "awkward"])
def directory(request, tmp_path):
    path = tmp_path / request.param
    (path / guard.MARKS).mkdir(parents=True)
    return path


@pytest.fixture(params=["sh", "bash"])
def shell(request):
    return request.param


def ask(shell, directory, me, command, patience=1):
    done = subprocess.run([shell, "-c", guard.render_guard(str(directory), me, command, patience=patience)], capture_output=True, text=True)
    return guard.parse_guard(done.returncode, done.stdout, done.stderr)


def run_job(shell, directory, env=None, text="echo ran >> ran\n", terms=None, rerunnable=False):
    terms = terms or FenceTerms(run="$JOB", restarts="${RESTARTS:-0}", task="${TASK:-0}")
    script, payload = guard.add_fence(f"#!/bin/{shell}\n#DIRECTIVE\n\n{text}", str(directory), terms, rerunnable=rerunnable)
    assert payload is None
    (directory / "job.sh").write_text(script)
    done = subprocess.run([shell, "job.sh"], cwd=directory, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    return done.returncode


def runs(directory):
    return (directory / "ran").read_text().count("ran") if (directory / "ran").exists() else 0


def mark(directory, task=0):
    return (directory / guard.MARKS / f"ended.{task}").read_text().split()


def test_one_submit_command_per_directory_for_ever(shell, directory):
    command = "echo called >> calls; echo 'Submitted batch job 7'; echo warned >&2"
    first = ask(shell, directory, "w1-1", command)
    again = ask(shell, directory, "w2-5", command)
    assert first.code is None and first.status == 0
    assert (first.out, first.err) == (again.out, again.err) == ("Submitted batch job 7\n", "warned\n")
    assert (directory / "calls").read_text() == "called\n"


def test_many_at_once_submit_once(shell, directory):
    command = "echo called >> calls; sleep 0.2; echo 12"
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda i: ask(shell, directory, f"w{i}", command, patience=5), range(8)))
    assert [reply.out for reply in replies] == ["12\n"] * 8
    assert (directory / "calls").read_text() == "called\n"


def test_asked_without_a_receipt_is_unknown(shell, directory):
    os.symlink("somebody-else", directory / guard.MARKS / "lock")
    assert ask(shell, directory, "me", "echo 1", patience=0).code == guard.UNKNOWN_ANSWER


def test_revoked_is_not_submitted(shell, directory):
    os.symlink("revoked:3", directory / guard.MARKS / "fence")
    assert ask(shell, directory, "me", "touch called").code == guard.REVOKED
    assert not (directory / "called").exists()


def test_a_directory_that_vanished(shell, tmp_path):
    assert ask(shell, tmp_path / "gone", "me", "echo 1").code == guard.NO_DIRECTORY


def test_a_refusal_keeps_its_status(shell, directory):
    reply = ask(shell, directory, "me", "echo no >&2; (exit 9)")
    assert (reply.code, reply.status, reply.err) == (None, 9, "no\n")


def test_noise_of_a_login_shell_is_skipped():
    reply = guard.parse_guard(0, "Welcome!\n\n=====aiida-guard=====\n12\n\n=====aiida-errors=====\n\n=====aiida-status===== 0\n", "motd")
    assert (reply.code, reply.out) == (None, "12\n")


@pytest.mark.parametrize("cut", ["", "Welcome", "\n=====aiida-guard=====\n", "\n=====aiida-guard=====\n12", "\n=====aiida-guard=====\n12\n\n=====aiida-errors=====\n"])
def test_a_reply_that_was_cut_is_unknown(cut):
    assert guard.parse_guard(0, cut, "").code == guard.UNKNOWN_ANSWER


def test_a_maker_cannot_inject():
    with pytest.raises(ValueError):
        guard.render_guard("/d", "me; rm -rf /", "true")


def test_the_payload_runs_once_and_leaves_a_mark(shell, directory):
    assert run_job(shell, directory, {"JOB": "7"}) == 0
    assert runs(directory) == 1 and mark(directory) == ["7", "0", "0"]
    assert os.readlink(directory / guard.MARKS / "fence") == "7"


def test_another_job_is_turned_away_without_a_trace(shell, directory):
    run_job(shell, directory, {"JOB": "7"})
    before = sorted(os.listdir(directory / guard.MARKS))
    assert run_job(shell, directory, {"JOB": "8"}) == 0
    assert runs(directory) == 1 and mark(directory)[0] == "7" and sorted(os.listdir(directory / guard.MARKS)) == before


def test_a_requeue_passes_if_rerunnable(shell, directory):
    run_job(shell, directory, {"JOB": "7"}, rerunnable=True)
    assert run_job(shell, directory, {"JOB": "7", "RESTARTS": "1"}, rerunnable=True) == 0
    assert runs(directory) == 2 and mark(directory) == ["7", "1", "0"]


def test_a_requeue_ends_at_once_if_not_rerunnable(shell, directory):
    run_job(shell, directory, {"JOB": "7"})
    assert run_job(shell, directory, {"JOB": "7", "RESTARTS": "1"}) == guard.NOT_RERUNNABLE
    assert runs(directory) == 1


def test_a_revoked_directory_runs_nothing(shell, directory):
    done = subprocess.run([shell, "-c", guard.render_revoke(str(directory), 4)], capture_output=True, text=True)
    assert guard.parse_revoke(done.returncode, done.stdout) == "revoked:4"
    assert run_job(shell, directory, {"JOB": "7"}) == 0
    assert runs(directory) == 0


def test_revoking_too_late_names_the_job(shell, directory):
    run_job(shell, directory, {"JOB": "7"})
    done = subprocess.run([shell, "-c", guard.render_revoke(str(directory), 4)], capture_output=True, text=True)
    assert guard.parse_revoke(done.returncode, done.stdout) == "7"


def test_elements_of_an_array_pass_by_their_shared_id(shell, directory):
    for task in ("1", "2"):
        run_job(shell, directory, {"JOB": "7", "TASK": task})
    assert runs(directory) == 2 and mark(directory, 1)[0] == mark(directory, 2)[0] == "7"


@pytest.mark.parametrize("text, status", [("exit 3\n", 3), ("set -e\nfalse\necho not here\n", 1), ("true\n", 0), ("(exit 5)\n", 5)])
def test_the_mark_has_the_exit_status_however_the_script_ends(shell, directory, text, status):
    assert run_job(shell, directory, {"JOB": "7"}, text=text) == status
    assert mark(directory) == ["7", "0", str(status)]


def test_the_mark_is_written_where_the_job_began(shell, directory):
    run_job(shell, directory, {"JOB": "7"}, text="cd /\n")
    assert mark(directory)[0] == "7"


def test_without_an_id_the_process_identity_is_the_name(shell, directory):
    run_job(shell, directory, terms=FenceTerms())
    pid, start, boot = os.readlink(directory / guard.MARKS / "fence").split(":")
    assert pid.isdigit() and start and boot and runs(directory) == 1


def test_directives_stay_before_the_fence_and_commands_behind():
    script, _ = guard.add_fence("#!/bin/bash\n#SBATCH -N 1\n# note\n\n#SBATCH -n 2\nmodule load x\n#SBATCH ignored\n", "/d", FenceTerms(run="$J"), rerunnable=False)
    lines = script.splitlines()
    fence = next(i for i, line in enumerate(lines) if line.startswith("# --- run once"))
    assert lines.index("#SBATCH -n 2") < fence < lines.index("module load x")


def test_a_script_for_another_interpreter_is_run_from_behind_the_fence(tmp_path):
    (tmp_path / guard.MARKS).mkdir()
    text = "#!/usr/bin/env python3\n#SBATCH -N 1\nopen('ran', 'w').write('ran')\n"
    script, payload = guard.add_fence(text, str(tmp_path), FenceTerms(run="$JOB"), rerunnable=False)
    assert script.startswith("#!/bin/sh\n#SBATCH -N 1\n") and payload == text
    (tmp_path / guard.MARKS / "payload").write_text(payload)
    (tmp_path / "job").write_text(script)
    for job in ("7", "8"):
        subprocess.run(["sh", "job"], cwd=tmp_path, env={**os.environ, "JOB": job}, check=True)
    assert runs(tmp_path) == 1 and mark(tmp_path) == ["7", "0", "0"]


@pytest.mark.parametrize("variables, named", [({"PBS_JOBID": "2[1].host"}, "2[].host"), ({"PBS_JOBID": "5.host"}, "5.host")])
def test_pbs_strikes_out_the_array_index(shell, directory, variables, named):
    from aiida.schedulers.plugins.pbspro import PbsproScheduler

    run_job(shell, directory, variables, terms=PbsproScheduler.fence_terms)
    assert os.readlink(directory / guard.MARKS / "fence") == named


@pytest.mark.parametrize(
    "plugin, variables, named, task, restarts",
    [
        ("slurm:SlurmScheduler", {"SLURM_JOB_ID": "9"}, "9", 0, "0"),
        ("slurm:SlurmScheduler", {"SLURM_JOB_ID": "11", "SLURM_ARRAY_JOB_ID": "9", "SLURM_ARRAY_TASK_ID": "3", "SLURM_RESTART_COUNT": "2"}, "9", 3, "2"),
        ("sge:SgeScheduler", {"JOB_ID": "9", "SGE_TASK_ID": "undefined", "RESTARTED": "1"}, "9", 0, "1"),
        ("lsf:LsfScheduler", {"LSB_JOBID": "9", "LSB_JOBINDEX": "0"}, "9", 0, "0"),
    ],
)
def test_jobs_know_themselves(directory, plugin, variables, named, task, restarts):
    from importlib import import_module

    module, _, name = plugin.partition(":")
    terms = getattr(import_module(f"aiida.schedulers.plugins.{module}"), name).fence_terms
    run_job("bash", directory, variables, terms=terms)
    assert os.readlink(directory / guard.MARKS / "fence") == named and mark(directory, task) == [named, restarts, "0"]
