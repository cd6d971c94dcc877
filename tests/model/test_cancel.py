"""A kill reaches the job of the process and no other, whatever the scheduler did with its id."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiida import orm
from aiida.common.slots import current_store
from aiida.engine.runtime import mail
from aiida.schedulers.plugins.slurm import SlurmScheduler
from aiida.storage import journal
from aiida.tools.fakes.cluster import RUNNING, Faults, Job
from tests.storm import Storm


@pytest.mark.parametrize("is_given_again", [True, False])
def test_a_kill_spares_the_job_that_was_given_the_id_again(tmp_path: Path, is_given_again: bool) -> None:
    made = Storm(tmp_path, 1, Faults(), 1, 0.0)
    made.cluster.runs_for = lambda job, dice: 1e6
    with current_store.override(made.store):
        made.submit(1)
        (node,) = made.stored
        made.workers.run(until=400.0)
        job_id = orm.load_node(node.pk).get_job_id()
        assert job_id is not None
        bearer = made.cluster.jobs[job_id]
        if is_given_again:  # ours vanished, and nobody has noticed yet
            bearer = Job(job_id, "/home/me/of/mine", name="mine", state=RUNNING, turned_away=True)
            made.cluster.jobs[job_id] = bearer
            made.cluster.alive[bearer.directory] = [bearer]
        with made.store.transaction() as tx:
            journal.post(tx, [node.pk], mail.KILL)
        made.workers.run(until=500.0)
        assert orm.load_node(node.pk).is_killed
        assert bearer.is_alive is is_given_again
    made.close()


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (0, "/home/me/of/mine|mine\n", True),
        (0, "/scratch/ab/cd/ef|aiida-1\n", False),
        (0, "/gpfs/scratch/ab/cd/ef|mine\n", False),  # a link on the way, and a name of the user's own
        (0, "/elsewhere/by/chdir/x|aiida-1\n", False),
        (0, "", False),
        (1, "/home/me/of/mine|mine\n", False),
        (0, "N/A|N/A\n", False),
    ],
)
def test_whose_an_id_is_by_slurm(status: int, said: str, expected: bool) -> None:
    assert SlurmScheduler()._is_borne_by_another("/scratch/ab/cd/ef", "aiida-1", status, said) is expected
