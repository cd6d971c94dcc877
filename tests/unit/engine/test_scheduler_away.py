"""The scheduler itself is not there to be asked: an outage, after which the job begins anew in a directory of its own."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.engine.processes.calcjobs import facts
from aiida.engine.processes.calcjobs.asking import Asking
from aiida.engine.runtime import invariants
from aiida.engine.runtime.worker import Worker
from aiida.schedulers.guard import MARKS, add_fence
from aiida.schedulers.plugins.slurm import SlurmScheduler
from aiida.storage import joblist
from aiida.transports.plugins.local import LocalTransport
from tests.unit.engine.test_jobs import alarms, code, failing, kinds, start, stepper  # noqa: F401

SAID = "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)"


def ask(directory: Path, meanwhile: str = "true") -> Any:
    """Submit with a scheduler whose command fails as SLURM's does without its controller."""
    scheduler = SlurmScheduler()
    scheduler._get_submit_command = lambda script: f"{{ {meanwhile}; echo '{SAID}' >&2; false; }}"  # type: ignore[method-assign]

    async def run() -> Any:
        async with LocalTransport(machine="localhost", use_login_shell=False) as transport:
            return await Asking(scheduler, transport).submit(str(directory), "job.sh", "me")

    return asyncio.run(run())


def test_its_directory_is_revoked_whatever_the_words_meant(tmp_path: Path) -> None:
    (tmp_path / MARKS).mkdir()
    answer = ask(tmp_path)
    assert isinstance(answer, facts.Refused) and answer.away and "unable to contact" in answer.reason.lower()
    assert (tmp_path / MARKS / "fence").readlink() == Path("revoked:0")
    text, _ = add_fence("#!/bin/bash\necho ran > ran\n", str(tmp_path), SlurmScheduler.fence_terms, rerunnable=False)
    (tmp_path / "job.sh").write_text(text)
    subprocess.run(["bash", str(tmp_path / "job.sh")], env={"SLURM_JOB_ID": "7", "PATH": "/usr/bin:/bin"}, check=True)
    assert not (tmp_path / "ran").exists()


def test_a_job_that_began_all_the_same_is_followed(tmp_path: Path) -> None:
    (tmp_path / MARKS).mkdir()
    # It begins while the command still fails: the guard looked at the fence before that.
    answer = ask(tmp_path, f"ln -s 42 {MARKS}/fence")
    assert answer == facts.Accepted(job_id="42", found_by="fence")


def test_an_outage_of_the_scheduler_uses_up_no_attempts(
    stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    calls = failing(monkeypatch, "submit", [facts.Refused(reason=SAID, away=True) for _ in range(7)])
    node = start(code)
    for _ in range(7):
        stepper.run_until_idle()
        assert not node.paused and not node.is_terminated
        with store.reading() as connection:
            job = joblist.find_job(connection, node.pk)
        assert job is not None and (job.state, job.dir) == ("waits", "")
        assert invariants.check(store) == []
        alarms(store)
    stepper.run_until_idle()
    assert orm.load_node(node.pk).is_finished_ok and len(calls) == 8
    assert len({call[2] for call in calls}) == 8, "each attempt has a directory of its own"
    assert kinds(store, node).count("SubmitIntended") == 8
