"""Limits, polls and outages, with the real engine over a simulated cluster: whatever the number of workers."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.cmdline.utils import explain
from aiida.common.exceptions import ConfigurationError
from aiida.common.slots import current_engine, current_settings, current_store
from aiida.engine import WorkChain, control
from aiida.engine.processes.instantiate import make_process
from aiida.engine.runtime import invariants
from aiida.storage import joblist, journal
from aiida.tools.fakes.cluster import Faults
from aiida.tools.fakes.workers import virtual_time
from tests.durability import flows
from tests.durability.harness import Settings
from tests.storm import SCRATCH, Storm

DAY = 86400.0


class Batch(WorkChain):
    """So many jobs at once, and below it so many of its kind."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("code", valid_type=orm.AbstractCode)
        spec.input("jobs", valid_type=orm.Int)
        spec.input("below", valid_type=orm.Int)
        spec.output("sum", valid_type=orm.Int)
        spec.outline(cls.launch, cls.collect)

    def launch(self) -> None:
        inputs = self.inputs
        for number in range(inputs.jobs.value):
            self.to_context(
                **{f"job{number}": self.submit(flows.AddJob, code=inputs.code, x=orm.Int(number), y=orm.Int(1))}
            )
        for number in range(inputs.below.value):
            below = orm.Int(inputs.below.value - 1)
            self.to_context(**{f"batch{number}": self.submit(Batch, code=inputs.code, jobs=inputs.jobs, below=below)})

    def collect(self) -> None:
        jobs = [self.ctx[f"job{number}"] for number in range(self.inputs.jobs.value)]
        batches = [self.ctx[f"batch{number}"] for number in range(self.inputs.below.value)]
        self.out(
            "sum",
            orm.Int(sum(1 for job in jobs if job.is_finished_ok) + sum(b.outputs.sum.value for b in batches)).store(),
        )


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A factory of storms without lies."""
    storms = []

    def make(workers: int, seed: int = 1, deaths: float = 0.0) -> Storm:
        folder = tempfile.TemporaryDirectory(prefix="jobs-", dir=SCRATCH)
        request.addfinalizer(folder.cleanup)
        storms.append(Storm(Path(folder.name), seed, Faults(), workers, deaths))
        stack.enter_context(current_store.override(storms[-1].store))
        return storms[-1]

    with ExitStack() as stack:
        stack.enter_context(current_settings.override(Settings()))  # type: ignore[arg-type]
        yield make
    for each in storms:
        each.close()


def submit(storm: Storm, cls: Any, **inputs: Any) -> Any:
    """From outside of any step."""
    engine = storm.workers.workers[0].engine
    with current_engine.override(engine):
        return engine.submit(make_process(cls, inputs))


def limit(storm: Storm, maximum: int | None, name: str = "computer") -> None:
    """As `verdi` does it."""
    control.set_limit(storm.store, f"{name}:{storm.code.computer.uuid}", maximum)


def run_limited(storm: Storm, jobs: int, below: int, maximum: int) -> int:
    """A tree of batches under a limit; how many jobs that were."""
    limit(storm, maximum)
    node = submit(storm, Batch, code=storm.code, jobs=orm.Int(jobs), below=orm.Int(below))
    storm.run()
    fresh = orm.load_node(node.pk)
    assert fresh.is_finished_ok, (fresh.process_state, fresh.exception, fresh.process_status)
    assert storm.cluster.busiest <= maximum
    assert invariants.check(storm.store) == []
    assert set(how := how_jobs_ended()) == {("finished", 0, "")}, how
    return int(fresh.outputs.sum.value)


def how_jobs_ended() -> Counter[tuple[str, int | None, str]]:
    """How many ended in which way: a count alone would not tell why some did not finish well."""
    jobs = orm.QueryBuilder().append(orm.CalcJobNode).all(flat=True)
    return Counter((job.process_state.value, job.exit_status, (job.exception or "")[:200]) for job in jobs)


def test_a_limit_is_never_exceeded_and_nothing_is_locked(made: Any) -> None:
    storm = made(2, deaths=0.01)
    total = run_limited(storm, jobs=4, below=3, maximum=5)  # 1 + 3 + 6 + 6 batches
    assert total == storm.cluster.counts["sbatch"] == 64 and storm.cluster.busiest == 5


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_two_thousand_jobs_under_a_limit_of_twenty_with_four_workers(made: Any) -> None:
    storm = made(4, deaths=0.002)
    total = run_limited(storm, jobs=31, below=4, maximum=20)  # 1 + 4 + 12 + 24 + 24 batches
    assert total == 65 * 31 and storm.cluster.busiest == 20 and storm.killed > 0


def test_a_limit_is_changed_while_jobs_wait_and_run(made: Any) -> None:
    """Also one that is set when everything has been submitted already; who runs is counted, and nobody evicted."""
    storm = made(2)
    nodes = [submit(storm, flows.AddJob, code=storm.code, x=orm.Int(n), y=orm.Int(1)) for n in range(30)]
    limit(storm, 8)
    storm.workers.run(until=200)
    assert storm.cluster.busiest == storm.cluster.in_queue == 8
    limit(storm, 3)
    storm.workers.run(until=2000)
    assert storm.cluster.in_queue <= 3
    limit(storm, 20)
    storm.workers.run(until=2400)
    assert storm.cluster.busiest > 8
    limit(storm, None)
    storm.run()
    assert all(orm.load_node(node.pk).is_finished_ok for node in nodes) and invariants.check(storm.store) == []


def test_limits_of_computer_queue_and_account_hold_together_and_by_priority(made: Any) -> None:
    storm = made(2)
    limit(storm, 6)
    control.set_limit(storm.store, f"queue:{storm.code.computer.uuid}:short", 2)
    control.set_limit(storm.store, f"account:{storm.code.computer.uuid}:alice", 3)
    wanted = [{"queue_name": "short"}, {"account": "alice"}, {"queue_name": "short", "account": "alice"}, {}]
    nodes = [
        submit(storm, flows.AddJob, code=storm.code, x=orm.Int(n), y=orm.Int(1), metadata={"options": wanted[n % 4]})
        for n in range(24)
    ]
    last = nodes[-1]
    control.set_priority(storm.store, [last.pk], 10)
    most: dict[str, int] = {}
    for moment in range(1, 400):
        storm.workers.run(until=moment * 60.0)
        for name, _, taken in control.list_limits(storm.store):
            most[name.partition(":")[0]] = max(most.get(name.partition(":")[0], 0), taken)
        with storm.store.reading() as connection:
            if not journal.list_alive(connection):
                break
    assert most == {"computer": 6, "queue": 2, "account": 3} and storm.cluster.busiest == 6
    assert all(orm.load_node(node.pk).is_finished_ok for node in nodes)
    assert int(orm.load_node(last.pk).get_job_id()) < 1001 + 6 + 1  # submitted last, and among the first to go


def test_one_query_per_interval_whatever_the_number_of_workers(made: Any) -> None:
    storm = made(4)
    for number in range(24):
        submit(storm, flows.AddJob, code=storm.code, x=orm.Int(number), y=orm.Int(1))
    storm.run()
    interval = storm.code.computer.get_minimum_job_poll_interval()
    assert 2 <= storm.cluster.counts["squeue"] <= storm.cluster.now / interval + 1
    assert storm.cluster.counts["open"] <= 4  # one connection per worker of this process


# --- outages ---------------------------------------------------------------------------------------------------------------


def test_a_day_of_outage_pauses_nobody_and_the_first_success_resumes_all(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs in all phases: not begun, being uploaded, with the scheduler, about to be retrieved."""
    storm = made(2)
    first = [submit(storm, flows.AddJob, code=storm.code, x=orm.Int(n), y=orm.Int(1)) for n in range(15)]
    storm.workers.run(until=250)
    storm.cluster.is_reachable = False
    second = [submit(storm, flows.AddJob, code=storm.code, x=orm.Int(n), y=orm.Int(1)) for n in range(15)]
    before = storm.cluster.counts["open"]
    storm.workers.run(until=250 + DAY)
    nodes = [orm.load_node(node.pk) for node in (*first, *second)]
    assert not any(node.paused or node.is_terminated for node in nodes if node.pk not in done(first))
    # every quarter of an hour, and some more often in the beginning; not one try per job
    assert 90 < storm.cluster.counts["open"] - before < 130
    monkeypatch.setattr(explain.timezone, "now", storm.cluster.clock.now)
    monkeypatch.setattr(explain.engine, "get_daemon_client", no_daemon)
    with virtual_time(storm.store, storm.cluster.clock):
        with storm.store.reading() as connection:
            ((_, breaker, jobs),) = joblist.list_breakers(connection)
            events = sum(len(journal.load_timeline(connection, node.pk)) for node in nodes)
        assert breaker.failures > 80 and 0 < breaker.wait <= 900 * 1.25 and jobs == 30 - len(done(first))
        (line,) = explain.list_outages(storm.store)
        assert re.fullmatch(
            rf"cluster unreachable since \d{{4}}-\d\d-\d\d \d\d:\d\d, {jobs} jobs wait, next try \d\d:\d\d \(no route to host\)",
            line,
        )
        assert line in explain.explain(orm.load_node(second[0].pk))
    assert events < 30 * 12 + 130  # the journals of those that wait do not grow
    assert invariants.check(storm.store) == []
    storm.cluster.is_reachable = True
    storm.run()
    assert storm.cluster.now < 250 + DAY + 3 * 3600
    assert all(orm.load_node(node.pk).is_finished_ok for node in nodes) and invariants.check(storm.store) == []
    assert explain.list_outages(storm.store) == []


def test_jobs_that_only_wait_are_probed_more_and_more_rarely(made: Any) -> None:
    """No poll tries for them: one of them does, after 5, 10, 20 … seconds, and then every quarter of an hour."""
    storm = made(2)
    storm.cluster.is_reachable = False
    nodes = [submit(storm, flows.AddJob, code=storm.code, x=orm.Int(n), y=orm.Int(1)) for n in range(8)]
    storm.workers.run(until=DAY)
    assert 90 < storm.cluster.counts["open"] < 130
    storm.cluster.is_reachable = True
    storm.run()
    assert all(orm.load_node(node.pk).is_finished_ok for node in nodes) and invariants.check(storm.store) == []


def no_daemon() -> Any:
    """There is no configuration here."""
    raise ConfigurationError("no profile")


def done(nodes: list[Any]) -> set[int]:
    """Those that had ended before."""
    return {node.pk for node in nodes if orm.load_node(node.pk).is_terminated}


def test_a_probe_that_dies_is_followed_by_another(made: Any) -> None:
    """Nothing hangs on the one job, or the one worker, that tries whether the computer is back."""
    storm = made(2)
    nodes = [submit(storm, flows.AddJob, code=storm.code, x=orm.Int(n), y=orm.Int(1)) for n in range(6)]
    storm.cluster.is_reachable = False
    storm.workers.run(until=2000)
    storm.deaths = 0.2
    storm.workers.run(until=8_000)
    storm.cluster.is_reachable = True
    storm.workers.run(until=10_000)
    storm.deaths = 0.0
    storm.run()
    assert all(orm.load_node(node.pk).is_finished_ok for node in nodes) and invariants.check(storm.store) == []


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_a_workflow_of_ten_thousand_jobs(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    storm = made(1)
    began = time.monotonic()
    node = submit(storm, Batch, code=storm.code, jobs=orm.Int(2000), below=orm.Int(2))  # 1 + 2 + 2 batches
    storm.run()
    assert orm.load_node(node.pk).outputs.sum.value == 10_000
    with capsys.disabled():
        print(f"\n10,000 jobs, {storm.cluster.now:.0f} virtual seconds: {time.monotonic() - began:.0f} s")
