"""Calculation jobs: what comes between intent and end, outages, refusals, recovery, limits, dry runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.engine import control as low
from aiida.engine import run_get_node, submit
from aiida.engine.processes import control
from aiida.engine.processes.calcjobs import effects as remote
from aiida.engine.processes.calcjobs import facts
from aiida.engine.runtime import invariants, jobs
from aiida.engine.runtime.live import Live
from aiida.engine.runtime.worker import Worker
from aiida.journal.fold import ProcessState
from aiida.storage import joblist, journal
from aiida.storage.journal import Lease
from aiida.transports.errors import TransportFailure, Unreachable
from tests.durability import flows

Run = Callable[[], None]


@pytest.fixture
def code(engine: Any, tmp_path: Path) -> Any:
    return flows.make_code(str(tmp_path))


@pytest.fixture
def stepper(engine: Any, env: Any, settings: Any) -> Any:
    """A worker that is stepped, with alarms that ring when told to."""
    made = Worker(env.store, settings, env=env, threads=0, kind="test")
    yield made
    made.close()


def kinds(store: Any, node: Any) -> list[str]:
    with store.reading() as connection:
        return [type(row[3]).__name__ for row in journal.load_timeline(connection, node.pk)]


def alarms(store: Any) -> None:
    """Time goes by."""
    with store.transaction() as tx:
        journal.run(tx.connection, "UPDATE task SET due_at=0 WHERE due_at IS NOT NULL")
        journal.run(tx.connection, "UPDATE login SET open_after=0 WHERE open_after IS NOT NULL")


def failing(monkeypatch: pytest.MonkeyPatch, name: str, errors: list[Any]) -> list[Any]:
    """The effect raises (or gives) these first, then works."""
    real, calls = getattr(remote, name), []

    async def effect(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if errors:
            first = errors.pop(0)
            if isinstance(first, Exception):
                raise first
            return first
        return await real(*args, **kwargs)

    monkeypatch.setattr(remote, name, effect)
    return calls


def start(code: Any, **metadata: Any) -> Any:
    return submit(flows.AddJob, code=code, x=orm.Int(1), y=orm.Int(2), **metadata)


def test_the_journal_of_a_job(worker: Run, store: Any, code: Any) -> None:
    node = start(code)
    worker()
    assert kinds(store, node) == [
        "Created", "Started", "PlanMade", "Waiting", "Uploaded", "SubmitIntended", "Submitted", "JobEnded", "Retrieved", "Resumed",
        "Parsed", "Finished",
    ]  # fmt: skip
    attributes = orm.load_node(node.pk).base.attributes.all
    assert attributes["job_id"] and "state" not in attributes and attributes["remote_workdir"]
    assert sorted(node.outputs) == ["remote_folder", "retrieved", "sum"]
    assert invariants.check(store) == []


def test_an_outage_pauses_nobody(stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "upload", [Unreachable("no route to host")] * 8)
    node = start(code)
    for _ in range(8):
        stepper.run_until_idle()
        fresh = orm.load_node(node.pk)
        assert not fresh.paused and "no route to host" in fresh.process_status
        with store.reading() as connection:
            login = joblist.find_job(connection, node.pk).login
            breaker = joblist.find_breaker(connection, login)
            assert breaker.failures > 0 and breaker.reason == "no route to host" and breaker.since > 0
        assert invariants.check(store) == []
        alarms(store)
    stepper.run_until_idle()
    assert orm.load_node(node.pk).is_finished_ok
    with store.reading() as connection:
        assert joblist.find_breaker(connection, login) == joblist.Breaker()
    assert invariants.check(store) == []


def test_what_fails_again_and_again_is_paused_with_the_reason(
    stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "upload", [TransportFailure("quota of the day")] * 5)
    node = start(code)
    for _ in range(5):
        stepper.run_until_idle()
        alarms(store)
    stepper.run_until_idle()
    fresh = orm.load_node(node.pk)
    assert fresh.paused and "quota of the day" in fresh.process_status
    assert kinds(store, node).count("EffectFailed") == 5
    control.play_processes([node], timeout=0)
    stepper.run_until_idle()
    assert orm.load_node(node.pk).is_finished_ok and invariants.check(store) == []


def test_a_permanent_failure_pauses_at_once(
    stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "upload", [PermissionError(13, "denied")])
    node = start(code)
    stepper.run_until_idle()
    assert orm.load_node(node.pk).paused and invariants.check(store) == []


def test_an_unknown_answer_ends_in_a_decision(
    stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reply of the scheduler is lost: the same directory is asked again; in the end the fence decides."""
    unknown = facts.Unknown(reason="timed out")
    failing(monkeypatch, "submit", [unknown])
    looks = failing(
        monkeypatch, "recover", [unknown] * len(jobs.RECOVERY_DELAYS) + [facts.Revoked(reason="nobody had started")]
    )
    node = start(code)
    for _ in range(len(jobs.RECOVERY_DELAYS) + 2):
        stepper.run_until_idle()
        alarms(store)
    stepper.run_until_idle()
    fresh = orm.load_node(node.pk)
    assert fresh.is_finished_ok, fresh.process_status
    assert len({args[2] for args in looks}) == 1, "all questions concern one directory"
    events = kinds(store, node)
    assert events.count("SubmitIntended") == 2 and events.count("Uploaded") == 2 and events.count("Submitted") == 1
    assert fresh.outputs.remote_folder.get_remote_path() == fresh.base.attributes.get("remote_workdir")
    assert invariants.check(store) == []


def test_a_definite_refusal_is_tried_again_in_a_new_attempt(
    stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "submit", [facts.Refused(reason="the limit of queued jobs is reached")])
    node = start(code)
    stepper.run_until_idle()
    assert "limit of queued jobs" in orm.load_node(node.pk).process_status
    alarms(store)
    stepper.run_until_idle()
    assert orm.load_node(node.pk).is_finished_ok and invariants.check(store) == []
    with store.reading() as connection:
        directories = {
            row[3].directory
            for row in journal.load_timeline(connection, node.pk)
            if type(row[3]).__name__ == "Uploaded"
        }
    assert len(directories) == 2


def test_a_refusal_with_an_exit_code_ends_the_job(
    stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = facts.Refused(reason="no such account", exit_code=flows.AddJob.exit_codes.ERROR_SCHEDULER_INVALID_ACCOUNT)
    failing(monkeypatch, "submit", [refused])
    node = start(code)
    stepper.run_until_idle()
    assert orm.load_node(node.pk).exit_status == 131 and invariants.check(store) == []


def test_a_limit_on_a_computer(stepper: Worker, store: Any, code: Any) -> None:
    low.set_limit(store, f"computer:{code.computer.uuid}", 2)
    nodes = [start(code) for _ in range(6)]
    most = 0
    while stepper.step_once():
        most = max(most, low.list_limits(store)[0][2])
    assert most == 2 and all(orm.load_node(node.pk).is_finished_ok for node in nodes)
    low.set_limit(store, f"computer:{code.computer.uuid}", None)
    assert low.list_limits(store) == []
    with pytest.raises(ValueError, match="is no limit"):
        low.set_limit(store, "colour:red", 1)


def test_a_job_inside_a_step_rides_on_its_stack(engine: Any, store: Any, code: Any) -> None:
    _, node = run_get_node(flows.JobTree, code=code)
    assert node.is_finished_ok and node.outputs.sum.value == 20
    assert invariants.check(store) == []


def test_f04_a_dry_run_leaves_a_folder_and_no_node(
    engine: Any, code: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result, node = run_get_node(
        flows.AddJob, code=code, x=orm.Int(1), y=orm.Int(2), metadata={"dry_run": True, "store_provenance": False}
    )
    assert result == {} and not node.is_stored
    folder = Path(node.dry_run_info["folder"])
    assert folder.parent == tmp_path / "submit_test"
    assert (folder / "in.sh").is_file() and (folder / node.dry_run_info["script_filename"]).is_file()


def test_a_parser_that_raises(worker: Run, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, folder: Any = None) -> Any:
        raise RuntimeError("cannot read this")

    monkeypatch.setattr(flows.AddJob, "parse_retrieved_output", broken)
    node = start(code)
    worker()
    fresh = orm.load_node(node.pk)
    assert fresh.is_excepted and fresh.exception == "RuntimeError: cannot read this" and "retrieved" in fresh.outputs
    assert invariants.check(store) == []


def test_force_names_the_job_that_was_not_cancelled(
    stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "recover", [Unreachable("gone")] * 3)
    failing(monkeypatch, "submit", [facts.Unknown(reason="timed out")])
    node = start(code)
    stepper.run_until_idle()
    control.kill_processes([node], force=True)
    assert orm.load_node(node.pk).is_killed
    assert any("may still run" in log.message for log in orm.Log.collection.get_logs_for(node))
    assert invariants.check(store) == []


def test_a_kill_with_an_unknown_job_revokes_it(
    stepper: Worker, store: Any, code: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "submit", [facts.Unknown(reason="timed out")])
    revoked = failing(monkeypatch, "revoke", [])
    node = start(code)
    stepper.run_until_idle()
    control.kill_processes([node])
    assert orm.load_node(node.pk).is_killed and len(revoked) == 1
    assert invariants.check(store) == []


def test_the_mark_of_a_job_whose_end_another_worker_saw_is_forgotten(stepper: Worker, tmp_path: Path) -> None:
    mark = tmp_path / "ended.0"
    mark.touch()
    poller = stepper.core.poller
    poller._marks[1] = {7: (str(mark), 0.0)}
    poller.tick()
    assert poller._find_ended() == set()


def test_files_for_the_parser_go_with_the_hold_on_the_process(tmp_path: Path, stepper: Worker) -> None:
    live = Live(Lease(1, 1, 1, 1), ProcessState())
    live.scratch = str(tmp_path / "scratch")
    Path(live.scratch).mkdir()
    stepper.core.drop(live)
    assert live.scratch is None and not (tmp_path / "scratch").exists()
