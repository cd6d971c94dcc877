"""Pause, play, kill, priority, limits: rows that work whoever holds the process, and with no daemon at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aiida import orm
from aiida.engine import ToContext, WorkChain, submit
from aiida.engine import control as low
from aiida.engine.processes import control
from aiida.engine.runtime import invariants
from aiida.engine.runtime.worker import Worker
from aiida.storage import joblist, journal
from tests.durability import flows

Run = Callable[[], None]


def fresh(node: Any) -> Any:
    return orm.load_node(node.pk)


class Gate(WorkChain):
    """Its first step can be held up from outside."""

    entered = threading.Event()
    opened = threading.Event()

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.one, cls.two)

    def one(self) -> Any:
        Gate.entered.set()
        assert Gate.opened.wait(20)
        return ToContext(leaf=self.submit(flows.Leaf, x=orm.Int(1)))

    def two(self) -> None:
        self.ctx.done = True


@pytest.fixture
def gate() -> Any:
    Gate.entered.clear()
    Gate.opened.clear()
    yield Gate
    Gate.opened.set()


@pytest.fixture
def running(engine: Any, env: Any, settings: Any) -> Any:
    """A worker with threads of its own."""
    made = Worker(env.store, settings, env=env, grace=0.5)
    stop = threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    yield made
    stop.set()
    made.stop()
    thread.join(20)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_pause_and_play_without_a_daemon(worker: Run, store: Any) -> None:
    node = submit(flows.Leaf, x=orm.Int(1))
    control.pause_processes([node], msg_text="wait for me")
    assert fresh(node).paused and fresh(node).process_status == "wait for me"
    worker()
    assert fresh(node).process_state.value == "created"
    assert invariants.check(store) == []
    control.pause_processes([node])  # a no-op if already so
    control.play_processes([node])
    assert not fresh(node).paused and fresh(node).process_status is None
    worker()
    assert fresh(node).is_finished_ok and invariants.check(store) == []


def test_a_paused_parent_is_woken_underneath(worker: Run, store: Any) -> None:
    node = submit(flows.Chain, depth=orm.Int(1))
    control.pause_processes([node])
    control.play_processes(all_entries=True)
    worker()
    assert fresh(node).is_finished_ok


def test_kill_of_what_never_ran(engine: Any, store: Any) -> None:
    nodes = [submit(flows.Leaf, x=orm.Int(i)) for i in range(20)]
    control.kill_processes(nodes, msg_text="enough")
    assert {(fresh(node).process_state.value, fresh(node).process_status, fresh(node).is_sealed) for node in nodes} == {
        ("killed", "enough", True)
    }
    assert invariants.check(store) == []


def test_kill_reaches_every_descendant(worker: Run, store: Any, env: Any) -> None:
    root = submit(flows.Chain, depth=orm.Int(5))
    made = Worker(env.store, env.settings, env=env, threads=0, kind="test")
    for _ in range(4):
        made.step_once()
    made.close()
    assert (
        orm.QueryBuilder()
        .append(orm.WorkChainNode, filters={"attributes.process_state": {"in": ["created", "waiting"]}})
        .count()
        >= 3
    )
    control.kill_processes([root])
    states = {node.process_state.value for node in orm.QueryBuilder().append(orm.WorkChainNode).all(flat=True)}
    assert states == {"killed"}
    assert invariants.check(store) == []


def test_kill_while_the_step_runs(running: Worker, gate: Any, store: Any) -> None:
    node = submit(Gate)
    assert gate.entered.wait(10)
    low.post(store, [node.pk], low.KILL, {"message": "now"})
    until(lambda: fresh(node).is_killed)
    gate.opened.set()  # the step goes on, and whatever it wants to write is refused
    until(lambda: not any(running._threads.values()))
    assert [child.process_label for child in fresh(node).called] == []
    assert invariants.check(store) == []


def test_pause_while_the_step_runs_acts_after_it(running: Worker, gate: Any, store: Any) -> None:
    node = submit(Gate)
    assert gate.entered.wait(10)
    low.post(store, [node.pk], low.PAUSE, {"message": "later"})
    gate.opened.set()
    until(lambda: fresh(node).paused)
    until(lambda: all(child.is_finished for child in fresh(node).called) and bool(fresh(node).called))
    assert not fresh(node).is_terminated
    low.post(store, [node.pk], low.PLAY)
    until(lambda: fresh(node).is_finished_ok)
    assert invariants.check(store) == []


def test_a_blocked_step_delays_nobody(running: Worker, gate: Any) -> None:
    blocked = submit(Gate)
    assert gate.entered.wait(10)
    others = [submit(flows.Leaf, x=orm.Int(i)) for i in range(5)]
    until(lambda: all(fresh(node).is_finished_ok for node in others))
    assert not fresh(blocked).is_terminated
    assert fresh(blocked).process_state.value == "running"  # shown although it has written nothing itself
    gate.opened.set()
    until(lambda: fresh(blocked).is_finished_ok)


def test_a_killed_job_is_cancelled(worker: Run, store: Any, env: Any, tmp_path: Path) -> None:
    class Sleeps(flows.AddJob):
        def prepare_for_submission(self, folder: Any) -> Any:
            info = super().prepare_for_submission(folder)
            with folder.open("in.sh", "w") as handle:
                handle.write("sleep 30\n")
            return info

    globals()["Sleeps"] = Sleeps
    Sleeps.__qualname__ = "Sleeps"
    node = submit(Sleeps, code=flows.make_code(str(tmp_path)), x=orm.Int(1), y=orm.Int(1))
    made = Worker(env.store, env.settings, env=env, threads=0, kind="test")
    until(lambda: made.step_once() and fresh(node).base.attributes.get("job_id", None) is not None)
    made.close()
    started = time.monotonic()
    control.kill_processes([node])
    assert fresh(node).is_killed and time.monotonic() - started < 10
    assert invariants.check(store) == []


def test_force_ends_at_once(engine: Any, store: Any) -> None:
    node = submit(flows.Leaf, x=orm.Int(1))
    control.kill_processes([node], force=True)
    assert fresh(node).is_killed and invariants.check(store) == []


def test_what_ended_is_told(engine: Any, worker: Run, caplog: pytest.LogCaptureFixture) -> None:
    node = submit(flows.Leaf, x=orm.Int(1))
    worker()
    control.kill_processes([fresh(node)])
    assert fresh(node).is_finished_ok and f"Process<{node.pk}> is already terminated" in caplog.text


def test_active_processes(engine: Any, worker: Run) -> None:
    node, other = submit(flows.Leaf, x=orm.Int(1)), submit(flows.Leaf, x=orm.Int(2))
    control.pause_processes([other])
    assert {found.pk for found in control.get_active_processes()} == {node.pk, other.pk}
    assert [found.pk for found in control.get_active_processes(paused=True)] == [other.pk]
    with pytest.raises(ValueError, match="all_entries"):
        control.kill_processes([node], all_entries=True)


def test_priority_decides_who_is_claimed_first(engine: Any, store: Any) -> None:
    low_one, high = submit(flows.Leaf, x=orm.Int(1)), submit(flows.Leaf, x=orm.Int(2), priority=5)
    with store.transaction() as tx:
        assert [claim.process for claim in journal.claim_ready(tx, 999, 1)] == [high.pk]
    assert low.set_priority(store, [low_one.pk], 9) == 1


def test_a_limit_on_a_kind_is_never_exceeded(worker: Run, store: Any, env: Any) -> None:
    with store.transaction() as tx:
        joblist.set_bound(tx, "kind:tests.durability.flows.Fan", 1)
    nodes = [submit(flows.Fan, n=orm.Int(2)) for _ in range(3)]
    with store.reading() as connection:
        assert [journal.find_task(connection, node.pk)["lane"] for node in nodes] == [1, 1, 1]
    made = Worker(env.store, env.settings, env=env, threads=0, kind="test")
    for _ in range(200):
        going = made.step_once()
        assert [line for line in invariants.check(store) if "sweep" not in line] == []
        with store.reading() as connection:
            assert joblist.list_bounds(connection)[0][3] <= 1
        if not going:
            break
    made.close()
    assert all(fresh(node).is_finished_ok for node in nodes)


def test_who_is_awaited_passes_a_limit_and_counts(worker: Run, store: Any) -> None:
    with store.transaction() as tx:
        joblist.set_bound(tx, "kind:tests.durability.flows.Leaf", 1)
    nodes = [submit(flows.Leaf, x=orm.Int(i)) for i in range(3)]
    with store.transaction() as tx:
        journal.insert_waits(tx, 10**9, [nodes[2].pk])
        assert [claim.process for claim in journal.claim_limited(tx, 999, 5)] == [nodes[2].pk]
        assert journal.claim_limited(tx, 999, 5) == []
        journal.run(tx.connection, "DELETE FROM wait")
        journal.run(tx.connection, "UPDATE task SET owner=NULL")
    worker()
    assert all(fresh(node).is_finished_ok for node in nodes)


def test_continue_of_an_instance_made_by_hand(worker: Run, engine: Any, store: Any) -> None:
    from aiida.engine.utils import instantiate_process

    process = instantiate_process(engine.runner, flows.Leaf, x=orm.Int(4))
    worker()
    assert fresh(process.node).process_state.value == "created"  # A20: nobody picks it up
    low.make_controller(store).continue_process(process.node.pk, nowait=True)
    worker()
    assert fresh(process.node).is_finished_ok


def test_a_deleted_node_whose_id_is_given_again(worker: Run, store: Any) -> None:
    """Another program deleted the node, SQLite gives the id again: the stale rows are no obstacle."""
    node = submit(flows.Leaf, x=orm.Int(1))
    pk = node.pk
    worker()
    with store.transaction() as tx:
        journal.run(tx.connection, "DELETE FROM db_dblog")
        journal.run(tx.connection, "DELETE FROM db_dblink")
        journal.run(tx.connection, "DELETE FROM db_dbnode WHERE id >= :p", p=pk)
        journal.run(tx.connection, "INSERT INTO task (process, epoch, seq) VALUES (:p, 7, 9)", p=pk)
    x = orm.QueryBuilder().append(orm.Int).first()[0]
    again = submit(flows.Leaf, x=x)
    assert again.pk == pk
    worker()
    assert (
        fresh(again).is_finished_ok
        and [line for line in invariants.check(store) if "rows of ours and no node" not in line] == []
    )


class Two(WorkChain):
    """Waits for a child, and for a process of somebody else."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("other", valid_type=orm.Int)
        spec.outline(cls.one, cls.two)

    def one(self) -> Any:
        return ToContext(mine=self.submit(flows.Leaf, x=orm.Int(1)), other=orm.load_node(self.inputs.other.value))

    def two(self) -> None:
        raise AssertionError("it was killed")


def test_the_killed_waits_for_nothing_that_nobody_kills(engine: Any, store: Any, env: Any, settings: Any) -> None:
    other = submit(flows.Leaf, x=orm.Int(2))
    control.pause_processes([other])
    node = submit(Two, other=orm.Int(other.pk))
    made = Worker(env.store, settings, env=env, threads=0, kind="test")
    made.step_once()
    made.close()
    assert fresh(node).process_state.value == "waiting"
    control.kill_processes([node])
    assert fresh(node).is_killed and not fresh(other).is_terminated
    assert invariants.check(store) == []


def count_statements(store: Any, work: Callable[[], object]) -> int:
    """How many statements the driver sees meanwhile."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(store._engine, "before_cursor_execute", note)
    work()
    sa.event.remove(store._engine, "before_cursor_execute", note)
    return len(seen)


def test_many_kills_cost_few_statements(engine: Any, store: Any) -> None:
    x = orm.Int(1).store()
    nodes = [submit(flows.Leaf, x=x) for _ in range(100)]
    assert count_statements(store, lambda: control.kill_processes(nodes, msg_text="all")) < 100
    assert {(fresh(node).process_state.value, fresh(node).process_status, fresh(node).is_sealed) for node in nodes} == {
        ("killed", "all", True)
    }
    assert invariants.check(store) == []


def test_many_trees_are_killed_leaves_first(engine: Any, store: Any, env: Any, settings: Any) -> None:
    """Parents that were told to pause as well, children, and a stranger that waits for one of them: each ends once."""
    nodes = [submit(flows.Fan, n=orm.Int(2)) for _ in range(5)]
    other = submit(flows.Leaf, x=orm.Int(1))
    control.pause_processes([other])
    waiter = submit(Two, other=orm.Int(other.pk))
    made = Worker(env.store, settings, env=env, threads=0, kind="test")
    for _ in range(6):
        made.step_once()
    low.post(store, [node.pk for node in nodes], low.PAUSE, {"message": "not now"})
    low.post(store, [other.pk, *[child.pk for node in nodes for child in node.called], *[node.pk for node in nodes]], low.KILL, {})
    made.run_until_idle()
    made.close()
    assert all(fresh(node).is_killed for node in (*nodes, *[child for node in nodes for child in node.called]))
    assert fresh(waiter).is_excepted  # its target ended, so it went on: its second step says what it thinks of that
    assert invariants.check(store) == []


def lanes(store: Any, *nodes: Any) -> list[tuple[int, int]]:
    """(lane, slot) of each."""
    with store.reading() as connection:
        tasks = [journal.find_task(connection, node.pk) for node in nodes]
    return [(task["lane"], task["slot"]) for task in tasks if task is not None]


def most_at_once(store: Any, worker: Worker, name: str) -> int:
    """Step a worker to the end; how many were counted by a limit at most."""
    most = 0
    while worker.step_once():
        most = max([most, *[taken for other, _, taken in low.list_limits(store) if other == name]])
    worker.close()
    return most


KIND = "kind:tests.durability.flows.Fan"


def test_a_limit_that_is_set_later_concerns_who_waits_and_counts_who_runs(
    engine: Any, store: Any, env: Any, settings: Any
) -> None:
    running = submit(flows.Fan, n=orm.Int(2))
    made = Worker(env.store, settings, env=env, threads=0, kind="test")
    made.step_once()
    queued = [submit(flows.Fan, n=orm.Int(1)) for _ in range(5)]
    low.set_limit(store, KIND, 2)
    assert low.list_limits(store) == [(KIND, 2, 1)]
    places = low.find_places(store)
    assert [str(places[node.pk]) for node in queued[:2]] == [
        f"1 of 5, limit 2 on {KIND}, 1 run",
        f"2 of 5, limit 2 on {KIND}, 1 run",
    ]
    assert running.pk not in places
    low.set_priority(store, [queued[4].pk], 3)
    assert low.find_places(store)[queued[4].pk].number == 1
    assert most_at_once(store, made, KIND) == 2
    assert all(fresh(node).is_finished_ok for node in (running, *queued)) and invariants.check(store) == []


def test_a_limit_is_lowered_raised_and_lifted_live(engine: Any, store: Any, env: Any, settings: Any) -> None:
    low.set_limit(store, KIND, 0)
    nodes = [submit(flows.Fan, n=orm.Int(1)) for _ in range(4)]
    made = Worker(env.store, settings, env=env, threads=0, kind="test")
    made.run_until_idle()
    assert not any(fresh(node).is_terminated for node in nodes)
    low.set_limit(store, KIND, 1)
    assert most_at_once(store, made, KIND) == 1
    low.set_limit(store, KIND, 0)
    more = submit(flows.Fan, n=orm.Int(1))
    low.set_limit(store, KIND, None)
    assert low.list_limits(store) == []
    made = Worker(env.store, settings, env=env, threads=0, kind="test")
    made.run_until_idle()
    made.close()
    assert all(fresh(node).is_finished_ok for node in (*nodes, more))


def test_a_limit_on_a_group_follows_its_members(engine: Any, store: Any, env: Any, settings: Any) -> None:
    group = orm.Group("few").store()
    name = f"group:{group.uuid}"
    low.set_limit(store, name, 1)
    inside = [submit(flows.Fan, n=orm.Int(1)) for _ in range(3)]
    outside = submit(flows.Fan, n=orm.Int(1))
    assert low.find_places(store) == {}
    group.add_nodes([fresh(node) for node in inside])
    assert sorted(low.find_places(store)) == [node.pk for node in inside]
    assert lanes(store, outside) == [(0, 0)]
    group.remove_nodes(fresh(inside[1]))
    assert sorted(low.find_places(store)) == [inside[0].pk, inside[2].pk]
    made = Worker(env.store, settings, env=env, threads=0, kind="test")
    assert most_at_once(store, made, name) == 1
    assert all(fresh(node).is_finished_ok for node in (*inside, outside)) and invariants.check(store) == []
