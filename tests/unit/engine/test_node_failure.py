"""A controller that was down while a job ended calls the node failed: the mark of the job's own script knows better."""

from __future__ import annotations

from typing import Any

import pytest

from aiida import orm
from aiida.engine.runtime.worker import Worker
from aiida.schedulers.exit_codes import NODE_FAILURE, OUT_OF_WALLTIME
from aiida.schedulers.plugins.direct import DirectScheduler
from tests.durability import flows
from tests.unit.engine.test_jobs import code, start, stepper  # noqa: F401


@pytest.mark.parametrize("said, status", [(NODE_FAILURE, 0), (OUT_OF_WALLTIME, 120)])
def test_a_script_that_ran_to_its_end_was_on_no_failed_node(
    stepper: Worker, code: Any, monkeypatch: pytest.MonkeyPatch, said: Any, status: int  # noqa: F811
) -> None:
    monkeypatch.setattr(DirectScheduler, "parse_output", lambda *args, **kwargs: said)
    parse = flows.AddJob.parse_retrieved_output
    monkeypatch.setattr(flows.AddJob, "parse_retrieved_output", lambda self, folder=None: parse(self, folder) and None)
    node = start(code)
    stepper.run_until_idle()
    assert orm.load_node(node.pk).exit_status == status
