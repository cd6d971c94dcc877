"""A worker that lives moves: whatever goes wrong beside a process, that process and the others do not stand still."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aiida import orm
from aiida.engine.processes.instantiate import make_process
from aiida.engine.runtime import births, inline, mail, net
from aiida.engine.runtime.inline import InlineEngine
from aiida.engine.runtime.worker import Worker
from aiida.journal import events as ev
from aiida.storage import joblist, journal
from tests.durability import flows
from tests.durability.harness import House, house, lose_reply


@pytest.fixture
def built() -> Iterator[House]:
    """A house with a store of its own."""
    with house() as made:
        yield made


def write(built: House, sql: str, **values: Any) -> None:
    """As another program would."""
    with built.store.transaction() as tx:
        journal.run(tx.connection, sql, **values)


def task_of(built: House, node: Any) -> dict[str, Any]:
    with built.store.reading() as connection:
        found = journal.find_task(connection, node.pk)
    assert found is not None
    return found


def is_finished(node: Any) -> bool:
    return bool(orm.load_node(node.pk).is_finished_ok)


def test_a_journal_of_a_newer_release_is_set_aside_and_stops_nobody(built: House) -> None:
    strange, other = built.submit(flows.Leaf, x=orm.Int(1)), built.submit(flows.Leaf, x=orm.Int(2))
    write(built, "UPDATE event SET kind='OfTomorrow' WHERE process=:p", p=strange.pk)
    worker = built.worker()
    built.run(worker)
    assert is_finished(other) and not is_finished(strange)
    assert "OfTomorrow" in orm.load_node(strange.pk).process_status
    write(built, "UPDATE event SET kind='Created' WHERE process=:p", p=strange.pk)  # the release that can read it
    built.clock.advance(net.ASIDE + 1)
    worker.core.net.look()
    built.run(worker)
    assert is_finished(strange)
    built.bury(worker)


def test_a_thread_of_user_code_outlives_what_a_claim_raises(built: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was the only one: the worker went on beating, and did nothing any more."""
    node = built.submit(flows.Leaf, x=orm.Int(1))
    worker = Worker(built.store, built.worker().env.settings, threads=1, grace=0.1)
    claim, failures = worker.core.claim, iter([RuntimeError("of the driver"), KeyError("of ours")])

    def failing(count: int) -> Any:
        for error in failures:
            raise error
        return claim(count)

    monkeypatch.setattr(worker.core, "claim", failing)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: is_finished(node), 20)
    finally:
        stop.set()
        worker.stop()
        thread.join(20)


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come true")


def test_journals_that_could_not_be_read_after_the_claim_are_read_at_the_next(
    built: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, worker = built.submit(flows.Leaf, x=orm.Int(1)), built.worker()
    real, broken = journal.load_events, iter([None])

    def load(*args: Any) -> Any:
        for _ in broken:
            lose_reply()
        return real(*args)

    monkeypatch.setattr(journal, "load_events", load)
    with pytest.raises(Exception, match="lost reply"):
        worker.core.claim(1)
    assert task_of(built, node)["owner"] == worker.id
    built.run(worker)
    assert is_finished(node)
    built.bury(worker)


def test_what_is_held_and_in_nobodys_hands_goes_back(built: House, caplog: pytest.LogCaptureFixture) -> None:
    node, worker = built.submit(flows.Leaf, x=orm.Int(1)), built.worker()
    with built.store.transaction() as tx:
        journal.claim_ready(tx, worker.id, 1)
    built.clock.advance(net.AUDIT + 1)
    assert worker.core.net.look() == []  # it may be on its way
    built.clock.advance(net.AUDIT + 1)
    assert worker.core.net.look() == [node.pk]
    assert "in nobody's hands" in caplog.text
    built.run(worker)
    assert is_finished(node)
    built.bury(worker)


def test_what_killed_a_worker_gets_its_turn_while_there_is_always_other_work(built: House) -> None:
    suspect = built.submit(flows.Leaf, x=orm.Int(1))
    write(built, "UPDATE task SET deaths=1")
    worker = built.worker()
    for number in range(40):
        while sum(not is_finished(node) for node in others(built, suspect)) < 2:
            built.submit(flows.Leaf, x=orm.Int(number))
        for live in worker.core.claim(1):
            built_drive(built, worker, live)
        if is_finished(suspect):
            break
    assert is_finished(suspect)
    built.bury(worker)


def others(built: House, suspect: Any) -> list[Any]:
    with built.store.reading() as connection:
        return [orm.load_node(pk) for pk in journal.list_alive(connection) if pk != suspect.pk]


def built_drive(built: House, worker: Worker, live: Any) -> None:
    from aiida.common.slots import current_engine

    with current_engine.override(worker.engine):
        worker.core.drive(live)


def test_mail_does_not_undo_that_a_listing_ended_the_job(built: House) -> None:
    """Claimed for its mail while the job was queued; the listing readies it; what the holder knew of the job is old by then."""
    node = built.submit(flows.Leaf, x=orm.Int(1))
    with built.store.transaction() as tx:
        login = joblist.login_for(tx, 1, 1)
        joblist.put_job(tx, node.pk, login, 1, "/d", "7", "queued")
        journal.release(tx, node.pk, ready=False)
        journal.post(tx, [node.pk], mail.PLAY)
        [claim] = journal.claim_mail(tx, 77, 1)
        assert claim.job == "queued"
    with built.store.transaction() as tx:
        assert joblist.wake_job(tx, node.pk, "7", "ended", "{}")
    with built.store.transaction() as tx:
        journal.fence(tx, journal.Lease(node.pk, 77, claim.epoch, claim.seq), 0)
        journal.rest_with_job(tx, node.pk)
    task = task_of(built, node)
    assert task["ready"] and task["owner"] is None


def test_a_lost_reply_beside_a_step_leaves_the_step_its_lease(built: House) -> None:
    node, worker = built.submit(flows.Leaf, x=orm.Int(1)), built.worker()
    [live] = worker.core.claim(1)
    worker.core.note_started(live)
    live.begun = -1.0
    replies = iter(["lost"])

    def hook(moment: str) -> None:
        if moment == "after":
            for _ in replies:
                lose_reply()

    built.store.hook = hook
    inline.show_started(worker.core)
    built.store.hook = None
    assert live.owned and not live.pending and live.lease.seq == task_of(built, node)["seq"] == 2
    assert isinstance(load(built, node)[-1], ev.Started)
    live.begun = 0.0
    built_drive(built, worker, live)
    built.run(worker)
    assert is_finished(node)
    built.bury(worker)


def load(built: House, node: Any) -> list[ev.Event]:
    with built.store.reading() as connection:
        return journal.load_events(connection, [node.pk])[node.pk]


def test_an_interpreter_that_dies_in_the_first_step_leaves_its_work_chain_to_the_daemon(built: House) -> None:
    """It was born owned, and not ready: nobody ever claimed it."""
    interpreter = InlineEngine(built.worker().env)
    live = births.be_born_owned(interpreter.core, make_process(flows.Leaf, {"x": orm.Int(1)}))
    with built.store.transaction() as tx:
        journal.delete_worker(tx, interpreter.core.worker)
    built.recover()
    assert is_finished(live.process.node)
    built.check()
