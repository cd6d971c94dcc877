"""Group commit: the steps of several processes in one transaction, and what goes wrong with one of them is its own affair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from aiida import orm
from aiida.engine import submit
from aiida.engine.runtime import group, mail, write
from aiida.engine.runtime.inline import InlineEngine
from aiida.engine.runtime.invariants import check
from aiida.engine.runtime.worker import Worker
from aiida.storage import journal
from aiida.storage.transaction import CommitUnknown
from tests.durability import flows

COUNT = 8


@pytest.fixture
def grouping(engine: InlineEngine, env: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker on this thread that groups, as those with threads do, and to which no step is slow."""
    monkeypatch.setattr(group, "OLDEST", float("inf"))
    made = Worker(env.store, settings, env=env, threads=0, kind="test", grouped=True)
    yield made
    made.close()


@pytest.fixture
def nodes(engine: InlineEngine) -> list[Any]:
    return [submit(flows.Leaf, x=orm.Int(i)) for i in range(COUNT)]


def held_up(worker: Worker) -> list[Any]:
    """Run until the first steps of all have been taken and none is written."""
    while len(worker.group) < COUNT:
        assert worker.step_once()
    return [live for live, _, _ in worker.group._members]


def assert_all_well(nodes: list[Any], store: Any, but: int | None = None) -> None:
    assert [node.pk for node in nodes if node.pk != but and not node.is_finished_ok] == []
    assert list(check(store)) == []


def test_steps_share_commits(grouping: Worker, nodes: list[Any], store: Any) -> None:
    before = store.commits
    grouping.run_until_idle()
    assert_all_well(nodes, store)
    alone = store.commits - before
    grouping.core.group = None
    more = [submit(flows.Leaf, x=orm.Int(i)) for i in range(COUNT)]
    before = store.commits
    grouping.run_until_idle()
    assert_all_well(more, store)
    assert store.commits - before - alone >= 2 * COUNT  # of the three of a work chain that are not its calcfunction's


def test_between_the_commit_and_what_follows_nobody_looks_idle(grouping: Worker, nodes: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is told to stop waits for whoever is away; what follows a commit (`on_terminated`) would be left to a sweep."""
    members, news = held_up(grouping), []
    monkeypatch.setattr(grouping.core, "tell", lambda begin: news.append((begin, [live.away for live in members])))
    grouping.group.flush()
    assert len(news) == COUNT
    assert all(all(away) for _, away in news)
    monkeypatch.undo()
    for begin, _ in news:
        begin()
    grouping.run_until_idle()
    assert [node.pk for node in nodes if not node.is_finished_ok] == []


def test_one_that_was_taken_away_is_dropped_and_the_others_are_written(grouping: Worker, nodes: list[Any], store: Any) -> None:
    taken = held_up(grouping)[3]
    with store.transaction() as tx:
        journal.run(tx.connection, "UPDATE task SET epoch=epoch+1, owner=NULL WHERE process=:p", p=taken.pk)
    grouping.group.flush()
    while grouping.core.news:
        grouping.step_once()
    assert taken.lost
    grouping.run_until_idle()
    assert_all_well(nodes, store)


def test_what_cannot_be_written_ends_its_own_process_only(
    grouping: Worker, nodes: list[Any], store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, insert = nodes[2].pk, journal.insert_events

    def inserting(tx: Any, process: int, seq: int, epoch: int, events: Any, *rest: Any) -> int:
        if process == victim and any(type(event).__name__ == "StepDone" for event in events):
            raise ValueError("not like this")
        return insert(tx, process, seq, epoch, events, *rest)

    monkeypatch.setattr(journal, "insert_events", inserting)
    grouping.run_until_idle()
    assert nodes[2].is_excepted and "not like this" in nodes[2].exception
    assert_all_well(nodes, store, but=victim)


@pytest.mark.parametrize("written", [True, False])
def test_a_lost_reply(grouping: Worker, nodes: list[Any], store: Any, monkeypatch: pytest.MonkeyPatch, written: bool) -> None:
    """Whether or not the group was written: each process finds out by itself, and no step is written twice."""
    held_up(grouping)
    commit, lost = store._commit, []

    def committing(transaction: Any) -> None:
        if lost:
            return commit(transaction)
        lost.append(transaction)
        if written:
            commit(transaction)
        raise CommitUnknown("the reply was lost")

    monkeypatch.setattr(store, "_commit", committing)
    grouping.run_until_idle()
    assert_all_well(nodes, store)


def test_a_kill_reaches_what_waits_for_the_group(grouping: Worker, nodes: list[Any], store: Any) -> None:
    """It has run its step, and nothing of it is written: the kill wins, and the others notice nothing."""
    victim = held_up(grouping)[5]
    with store.transaction() as tx:
        journal.post(tx, [victim.pk], mail.KILL, {"message": "enough", "force": False})
    mail.kill_running(grouping.core, victim)
    grouping.run_until_idle()
    assert orm.load_node(victim.pk).is_killed
    assert_all_well(nodes, store, but=victim.pk)


def test_no_statement_more_than_alone(grouping: Worker, nodes: list[Any], store: Any) -> None:
    """It is the commits that are saved: what is written is the same."""
    counts = []
    for together in (grouping.group, None):
        grouping.core.group = together
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            if statement.startswith(("INSERT", "UPDATE", "DELETE")) and " worker " not in statement:
                seen.append(statement)

        sa.event.listen(store._engine, "before_cursor_execute", note)
        grouping.run_until_idle()
        sa.event.remove(store._engine, "before_cursor_execute", note)
        counts.append(len(seen))
        nodes += [submit(flows.Leaf, x=orm.Int(i)) for i in range(COUNT)]
    assert 0 < counts[0] <= counts[1]


def test_what_was_pending_is_written_once_though_the_watchdog_was_quicker(grouping: Worker, nodes: list[Any], store: Any) -> None:
    """*Started* is written by the watchdog when a step lasts: also at the moment in which its result waits for the others."""
    for live in held_up(grouping):
        assert live.pending
        write.append_pending(grouping.env, live, None)
    grouping.run_until_idle()
    assert_all_well(nodes, store)
    with store.reading() as connection:
        kinds = [type(row[3]).__name__ for row in journal.load_timeline(connection, nodes[0].pk)]
    assert kinds.count("Started") == 1


def test_an_end_writes_what_is_pending_once(grouping: Worker, engine: InlineEngine, store: Any) -> None:
    nodes = [submit(flows.Raises, x=orm.Int(i)) for i in range(COUNT)]
    while grouping.step_once():
        for live, _, _ in grouping.group._members:
            if live.pending:
                write.append_pending(grouping.env, live, None)
    assert all(orm.load_node(node.pk).is_excepted for node in nodes)
    assert list(check(store)) == []
