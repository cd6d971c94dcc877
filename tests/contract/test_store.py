"""What every storage promises: rows, transactions, threads, forks, settings, links."""

from __future__ import annotations

import importlib
import os
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from disk_objectstore import Container

from aiida.common.exceptions import (
    ClosedStorage,
    IntegrityError,
    InvalidOperation,
    LockingProfileError,
    NotExistent,
    StorageBackupError,
    StorageBusy,
    UnreachableStorage,
)
from aiida.common.links import LinkType
from aiida.graph.records import (
    AuthInfoRow,
    CommentRow,
    ComputerRow,
    GroupNodeRow,
    GroupRow,
    LinkRow,
    LogRow,
    NodeRow,
    Row,
    SettingRow,
    UserRow,
)
from aiida.orm.entities import EntityTypes
from aiida.repository.backend.disk_object_store import DiskObjectStoreRepositoryBackend
from aiida.storage import backup, connections, schema
from aiida.storage.backends import StorageBackend
from aiida.storage.dialect import db_now
from aiida.storage.links import find_closure, find_links, find_neighbours, is_reachable

ODD = {
    "text": "é ☃ \U0001f600 'quote\" \\ % %s ? : {x}",
    "nested": {"a.b": [1, 2.5, None, True, {"": []}], "z": {}},
    "big": 2**70,
    "small": -1e-300,
    "empty": "",
}


def node(**columns: object) -> NodeRow:
    return NodeRow(**{"node_type": "data.core.dict.Dict.", "user_id": 1, **columns})  # type: ignore[arg-type]


def all_kinds() -> list[Row]:
    """One row of each kind, each naming the rows before it by the ids 1."""
    moment = datetime(2024, 2, 29, 12, 30, 1, 123456, tzinfo=UTC)
    return [
        UserRow(email="other@x", first_name="A", last_name="B", institution="C"),
        ComputerRow(label="c", hostname="h", scheduler_type="core.direct", transport_type="core.local", metadata=ODD),
        AuthInfoRow(aiidauser_id=1, dbcomputer_id=1, auth_params={"port": 22}, enabled=False),
        node(attributes=ODD, extras=ODD, ctime=moment, mtime=moment, dbcomputer_id=1, process_type="x"),
        node(label="second", repository_metadata={"o": {"f": {"k": "0"}}}),
        LinkRow(input_id=1, output_id=2, label="l", type="create"),
        GroupRow(label="g", type_string="core", user_id=1, extras={"a": 1}),
        GroupNodeRow(dbnode_id=1, dbgroup_id=1),
        CommentRow(dbnode_id=1, user_id=1, content="hm"),
        LogRow(loggername="a.b", levelname="REPORT", dbnode_id=1, message="100 %", metadata={"x": [1]}),
        SettingRow(key="k", val=[1, {"a": None}], description="d"),
    ]


def test_rows_of_every_kind_come_back_as_they_went_in(store: StorageBackend) -> None:
    """A record that is read equals the record that was written, whatever is in it."""
    for row in all_kinds():
        store.insert([row])
        assert row.id is not None
        assert store.get(type(row), row.id) == row
    assert store.find(UserRow, email="other@x")[0].institution == "C"


def test_moments_are_kept_to_the_microsecond_whatever_their_zone(store: StorageBackend) -> None:
    there = datetime(2024, 7, 1, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    row = node(ctime=there)
    store.insert([row])
    found = store.get(NodeRow, row.id or 0).ctime
    assert found == there
    assert found.tzinfo is UTC


def test_many_rows_get_ids_in_their_order(store: StorageBackend) -> None:
    rows = [node(attributes={"i": i}) for i in range(1203)]
    store.insert(rows)
    ids = [row.id for row in rows]
    assert ids == sorted(ids)  # type: ignore[type-var]
    found = store.fetch(NodeRow, ids)  # type: ignore[arg-type]
    assert [found[row.id].attributes for row in rows] == [{"i": i} for i in range(1203)]  # type: ignore[index]


def test_ids_that_are_given_are_kept(store: StorageBackend) -> None:
    store.insert([node(id=70, label="a"), node(id=50, label="b")])
    assert store.get(NodeRow, 70).label == "a"
    assert store.get(NodeRow, 50).label == "b"


def test_inserting_nothing_is_nothing(store: StorageBackend) -> None:
    store.insert([])
    assert store.find(NodeRow) == []


def test_find_by_equality_and_by_null(store: StorageBackend) -> None:
    store.insert([node(process_type="p"), node()])
    assert [row.process_type for row in store.find(NodeRow, process_type=None)] == [None]
    assert [row.process_type for row in store.find(NodeRow, process_type="p", user_id=1)] == ["p"]
    with pytest.raises(ValueError, match="not a column"):
        store.find(NodeRow, nonsense=1)


def test_get_and_update_of_a_missing_row_say_so(store: StorageBackend) -> None:
    with pytest.raises(NotExistent, match="node with id 99"):
        store.get(NodeRow, 99)
    with pytest.raises(NotExistent, match="node with id 99"):
        store.update(NodeRow, 99, label="x")
    with pytest.raises(NotExistent, match="node with id 99"):
        store.merge_attributes(99, {"a": 1})


def test_a_missing_row_does_not_spoil_the_transaction(store: StorageBackend) -> None:
    with store.transaction():
        store.insert([node(label="kept")])
        for change in (
            lambda: store.update(NodeRow, 99, label="x"),
            lambda: store.merge_attributes(99, {"a": 1}),
            lambda: store.merge_attributes(99, {'a"b': 1}),
        ):
            with pytest.raises(NotExistent):
                change()
    assert [row.label for row in store.find(NodeRow)] == ["kept"]


def test_update_sets_the_columns_it_names(store: StorageBackend) -> None:
    row = node(label="before", extras={"a": 1})
    store.insert([row])
    store.update(NodeRow, row.id or 0, extras={"b": [None]}, description="new")
    found = store.get(NodeRow, row.id or 0)
    assert (found.label, found.extras, found.description) == ("before", {"b": [None]}, "new")


def test_merge_attributes_replaces_top_level_keys_only(store: StorageBackend) -> None:
    """Values are replaced, not merged deeper; None is a value; keys may be anything; all in one statement."""
    row = node(attributes={"keep": 1, "deep": {"x": 1, "y": 2}, "gone": 1, "null": 3})
    store.insert([row])
    before = row.mtime
    patch = {"deep": {"z": 3}, "null": None, "a.b": [1], "$": 1, "a b": "é", "": 0, "[0]": 1}
    store.merge_attributes(row.id or 0, patch, remove=["gone", "never"], label="new")
    found = store.get(NodeRow, row.id or 0)
    assert found.attributes == {"keep": 1, **patch}
    assert found.label == "new"
    assert found.mtime >= before


def test_merge_attributes_with_quotes_in_keys(store: StorageBackend) -> None:
    row = node(attributes={"a": 1, 'x"y': 2})
    store.insert([row])
    store.merge_attributes(row.id or 0, {'q"r': 1, "b\\c": 2}, remove=['x"y'])
    assert store.get(NodeRow, row.id or 0).attributes == {"a": 1, 'q"r': 1, "b\\c": 2}


def test_not_a_number_is_refused(store: StorageBackend) -> None:
    with pytest.raises(ValueError):
        store.insert([node(attributes={"a": float("nan")})])
    assert store.find(NodeRow) == []


def test_uniqueness_is_an_integrity_error(store: StorageBackend) -> None:
    store.insert([ComputerRow(label="c")])
    with pytest.raises(IntegrityError):
        store.insert([ComputerRow(label="c")])
    with pytest.raises(IntegrityError):
        store.insert([LinkRow(input_id=1, output_id=999, label="x", type="create")])
    assert len(store.find(ComputerRow)) == 1
    assert store.find(LinkRow) == []


def test_delete_counts(store: StorageBackend) -> None:
    rows = [node(), node(), node()]
    store.insert(rows)
    assert store.delete(NodeRow, [rows[0].id or 0, rows[2].id or 0, 12345]) == 2
    assert [row.id for row in store.find(NodeRow)] == [rows[1].id]


# Transactions.


def test_a_failing_transaction_leaves_nothing(store: StorageBackend) -> None:
    seen: list[str] = []
    rows = [node()]
    with pytest.raises(RuntimeError):
        with store.transaction() as transaction:
            transaction.after_commit(lambda: seen.append("commit"))
            transaction.after_rollback(lambda: seen.append("first"))
            transaction.after_rollback(lambda: seen.append("second"))
            store.insert(rows)
            assert store.get(NodeRow, rows[0].id or 0)
            raise RuntimeError
    assert store.find(NodeRow) == []
    assert rows[0].id is None
    assert seen == ["second", "first"]
    assert not store.in_transaction


def test_hooks_run_after_the_commit_and_outside_of_it(store: StorageBackend) -> None:
    seen: list[object] = []
    with store.transaction() as transaction:
        store.insert([node()])
        transaction.after_commit(lambda: seen.append((store.in_transaction, len(store.find(NodeRow)))))
        transaction.after_commit(lambda: 1 // 0)
        transaction.after_commit(lambda: store.insert([node()]))
        transaction.after_rollback(lambda: seen.append("rollback"))
        assert seen == []
    assert seen == [(False, 1)]
    assert len(store.find(NodeRow)) == 2


def test_an_inner_transaction_joins_the_outer(store: StorageBackend) -> None:
    with store.transaction() as outer:
        with store.transaction() as inner:
            assert inner is outer
            store.insert([node()])
        assert store.in_transaction
    assert len(store.find(NodeRow)) == 1


def test_a_failure_inside_rolls_back_the_whole_even_if_it_is_caught(store: StorageBackend) -> None:
    """Half a transaction must never be committed by somebody who caught the error."""
    with pytest.raises(InvalidOperation, match="rolled back"):
        with store.transaction():
            store.insert([node()])
            try:
                with store.transaction():
                    store.insert([node()])
                    raise KeyError
            except KeyError:
                pass
    assert store.find(NodeRow) == []


def test_a_savepoint_undoes_its_part_only(store: StorageBackend) -> None:
    with store.transaction() as transaction:
        store.insert([ComputerRow(label="a")])
        with pytest.raises(IntegrityError):
            with transaction.savepoint():
                store.insert([ComputerRow(label="b")])
                store.insert([ComputerRow(label="a")])
        store.insert([ComputerRow(label="c")])
    assert [row.label for row in store.find(ComputerRow)] == ["a", "c"]


def test_another_reader_sees_only_what_is_committed(open_store: Callable[[], StorageBackend]) -> None:
    store = open_store()
    other = store if store.in_memory else open_store()
    counts: list[int] = []
    with store.transaction():
        store.insert([node()])
        reader = threading.Thread(target=lambda: counts.append(len(other.find(NodeRow))))
        reader.start()
        reader.join()
    assert counts == [0]
    assert len(other.find(NodeRow)) == 1


def test_reading_joins_the_transaction_of_its_thread(store: StorageBackend) -> None:
    with store.transaction() as transaction:
        store.insert([node()])
        with store.reading() as connection:
            assert connection is transaction.connection
            assert connection.execute(sa.select(sa.func.count()).select_from(schema.node)).scalar_one() == 1


def test_writing_while_a_result_is_being_read(store: StorageBackend) -> None:
    """As `for node in builder.iterall(): node.store…` does."""
    store.insert([node() for _ in range(50)])
    with store.reading() as connection:
        for id, in connection.execute(sa.select(schema.node.c.id)):
            store.update(NodeRow, id, label="seen")
    assert len(store.find(NodeRow, label="seen")) == 50


def test_core_statements_speak_of_records(store: StorageBackend) -> None:
    """Columns have the same Python values in a Core statement as in a record."""
    row = node(attributes=ODD)
    store.insert([row])
    with store.reading() as connection:
        found = connection.execute(sa.select(schema.node).where(schema.node.c.uuid == row.uuid)).one()
    assert (found.uuid, found.attributes, found.ctime) == (row.uuid, ODD, row.ctime)


def test_the_clock_of_the_database_moves_inside_a_transaction(store: StorageBackend) -> None:
    with store.transaction() as transaction:
        first = transaction.execute(sa.select(db_now())).scalar_one()
        while transaction.execute(sa.select(db_now())).scalar_one() == first:
            pass
    assert abs(first - datetime.now(UTC).timestamp()) < 60


# Threads and forks.


def test_many_threads_write_and_read(store: StorageBackend) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(20):
                with store.transaction():
                    store.insert([node(label=str(number), attributes={"i": i})])
                assert len(store.find(NodeRow, label=str(number))) == i + 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store.find(NodeRow)) == 120


def _in_child(work: Callable[[], int]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_forked_child_uses_the_store_on_connections_of_its_own(store: StorageBackend) -> None:
    store.insert([node(label="parent")])

    def work() -> int:
        store.insert([node(label="child")])
        return len(store.find(NodeRow))

    assert _in_child(work) == 2
    store.insert([node(label="parent again")])
    assert [row.label for row in store.find(NodeRow)] == ["parent", "child", "parent again"]


def test_a_child_cannot_end_the_transaction_of_its_parent(store: StorageBackend) -> None:
    """The `with` ends in the child too, if it does not leave at once; the parent's transaction is not touched by that."""
    child = None
    try:
        with store.transaction():
            store.insert([node(label="one")])
            child = os.fork()
            if child:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            store.insert([node(label="two")]) if child else None
    except InvalidOperation as error:
        os._exit(7 if "fork" in str(error) else 8)
    if child == 0:
        os._exit(9)
    assert [row.label for row in store.find(NodeRow)] == ["one", "two"]


def test_a_savepoint_that_failed_runs_the_hooks_of_its_part(store: StorageBackend) -> None:
    seen: list[str] = []
    rows = [node()]
    with store.transaction() as transaction:
        transaction.after_rollback(lambda: seen.append("outer"))
        with pytest.raises(KeyError), transaction.savepoint():
            store.insert(rows)
            transaction.after_commit(lambda: seen.append("never"))
            transaction.after_rollback(lambda: seen.append("inner"))
            raise KeyError
        assert rows[0].id is None
    assert seen == ["inner"]


def test_a_fork_inside_a_transaction_gives_a_child_of_its_own(store: StorageBackend) -> None:
    """On SQLite the child refuses, as the locks of the parent cannot be told from its own; on a server it just works."""

    def work() -> int:
        assert not store.in_transaction
        try:
            return len(store.find(NodeRow))
        except InvalidOperation as error:
            return 7 if "forked" in str(error) else 8

    with store.transaction():
        store.insert([node()])
        assert _in_child(work) == (0 if store.dialect.concurrent_writers else 7)
    assert len(store.find(NodeRow)) == 1


def test_a_thread_does_not_wait_for_ever_for_another(store: StorageBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    if store.dialect.concurrent_writers:
        return
    monkeypatch.setattr(connections, "THREAD_LIMIT", 0.01)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            store.insert([node()])
        except StorageBusy as error:
            errors.append(error)

    with store.transaction():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert "another thread" in str(errors[0])
    store.insert([node()])


def test_many_open_a_profile_of_aiida_core_at_once(open_store: Callable[[], StorageBackend]) -> None:
    """Each finds our tables missing; together they make them once."""
    store = open_store()
    if store.in_memory:
        return
    with store.transaction() as transaction:
        for table in reversed(schema.engine_metadata.sorted_tables):
            transaction.execute(f'DROP TABLE "{table.name}"')
    store.close()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            open_store().insert([node()])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    again = open_store()
    assert len(again.find(NodeRow)) == 5
    with again.reading() as connection:
        assert connection.execute(sa.select(schema.version)).all() == [(schema.ENGINE_VERSION,)]


def test_a_closed_store_says_so(store: StorageBackend) -> None:
    store.close()
    assert store.is_closed
    assert "closed" in str(store)
    with pytest.raises(ClosedStorage):
        store.find(NodeRow)
    with pytest.raises(ClosedStorage):
        store.insert([node()])


# Settings, links, deletion, bulk, information.


def test_settings(store: StorageBackend) -> None:
    with pytest.raises(KeyError):
        store.get_global_variable("x")
    store.set_global_variable("x", {"a": [1]}, "why")
    assert store.get_global_variable("x") == {"a": [1]}
    store.set_global_variable("x", None)
    assert store.get_setting("x") is None
    with pytest.raises(ValueError):
        store.set_global_variable("x", 2, overwrite=False)
    assert store.find(SettingRow, key="x")[0].description == "why"


def graph(store: StorageBackend, edges: list[tuple[int, int, LinkType]], size: int) -> list[int]:
    rows = [node(label=str(i)) for i in range(size)]
    store.insert(rows)
    ids = [row.id or 0 for row in rows]
    store.insert([LinkRow(input_id=ids[a], output_id=ids[b], label=f"{a}_{b}", type=kind.value) for a, b, kind in edges])
    return ids


def test_neighbours_with_rows_in_one_statement(store: StorageBackend) -> None:
    ids = graph(store, [(0, 2, LinkType.INPUT_WORK), (1, 2, LinkType.INPUT_WORK), (2, 3, LinkType.RETURN), (2, 4, LinkType.CALL_CALC)], 5)
    statements: list[str] = []
    sa.event.listen(store._engine, "before_cursor_execute", lambda *args: statements.append(args[2]))  # type: ignore[attr-defined]
    found = find_neighbours(store, [ids[2]], "incoming")
    assert len(statements) == 1
    assert [(link.label, row.label) for link, row in found] == [("0_2", "0"), ("1_2", "1")]
    out = find_neighbours(store, [ids[2]], "outgoing", [LinkType.RETURN])
    assert [(link.type, row.id) for link, row in out] == [("return", ids[3])]
    assert [link.input_id for link in find_links(store, ids, "incoming", [LinkType.INPUT_WORK])] == ids[:2]
    assert find_neighbours(store, [], "incoming") == []


def test_closure_visits_each_node_once(store: StorageBackend) -> None:
    """A ladder of thirty diamonds has 2**30 paths; the closure has 91 nodes."""
    edges = []
    for i in range(30):
        a, b, c, d = 3 * i, 3 * i + 1, 3 * i + 2, 3 * i + 3
        edges += [(a, b, LinkType.CREATE), (a, c, LinkType.CREATE), (b, d, LinkType.CREATE), (c, d, LinkType.CREATE)]
    ids = graph(store, edges, 91)
    assert find_closure(store, [ids[0]], "outgoing") == set(ids[1:])
    assert find_closure(store, [ids[90]], "incoming") == set(ids[:90])
    assert find_closure(store, [ids[0]], "outgoing", [LinkType.RETURN]) == set()
    assert is_reachable(store, ids[0], ids[90])
    assert not is_reachable(store, ids[90], ids[0])


def test_closure_of_a_ring_ends(store: StorageBackend) -> None:
    ids = graph(store, [(0, 1, LinkType.RETURN), (1, 0, LinkType.RETURN)], 2)
    assert find_closure(store, [ids[0]], "outgoing") == set(ids)


def test_deleting_nodes_takes_what_hangs_on_them(store: StorageBackend) -> None:
    ids = graph(store, [(0, 1, LinkType.CREATE), (1, 2, LinkType.CREATE)], 3)
    group = GroupRow(label="g", user_id=1)
    store.insert([group])
    store.insert([GroupNodeRow(dbnode_id=ids[1], dbgroup_id=group.id or 0)])
    store.insert([CommentRow(dbnode_id=ids[1], user_id=1)])
    store.insert([LogRow(loggername="a", levelname="b", dbnode_id=ids[1])])
    with store.transaction() as transaction:
        transaction.execute(sa.insert(schema.event).values(process=ids[1], seq=1, kind="Created", data={"a": 1}, at=0.0))
        transaction.execute(sa.insert(schema.inbox).values(process=ids[1], command="kill"))
        transaction.execute(sa.insert(schema.hook).values(process=ids[1]))
        transaction.execute(sa.insert(schema.wait).values(target=ids[0], waiter=ids[1]))
    store.delete_nodes_and_connections([ids[1]])
    assert [row.id for row in store.find(NodeRow)] == [ids[0], ids[2]]
    for kind in (LinkRow, GroupNodeRow, CommentRow, LogRow):
        assert store.find(kind) == []
    with store.reading() as connection:
        for table in (schema.event, schema.inbox, schema.hook, schema.wait):
            assert connection.execute(sa.select(table)).all() == []


def test_a_live_process_is_not_deleted(store: StorageBackend) -> None:
    ids = graph(store, [(0, 1, LinkType.CREATE)], 2)
    with store.transaction() as transaction:
        transaction.execute(sa.insert(schema.task).values(process=ids[0], ready=True, seq=1))
    with pytest.raises(InvalidOperation, match="not ended"):
        store.delete_nodes(ids)
    assert len(store.find(NodeRow)) == 2


def test_bulk_insert_and_update(store: StorageBackend) -> None:
    from enum import Enum

    class Types(Enum):
        USER = "user"
        COMPUTER = "computer"

    ids = store.bulk_insert(Types.USER, [{"email": "a@x"}, {"email": "b@x"}], allow_defaults=True)
    assert [store.get(UserRow, id).email for id in ids] == ["a@x", "b@x"]
    with pytest.raises(IntegrityError, match="last_name"):
        store.bulk_insert(Types.USER, [{"email": "c@x"}])
    with pytest.raises(IntegrityError, match="nonsense"):
        store.bulk_insert(Types.USER, [{"email": "c@x", "nonsense": 1}], allow_defaults=True)
    with pytest.raises(IntegrityError, match="email"):
        store.bulk_insert(Types.USER, [{"first_name": "c"}], allow_defaults=True)
    store.bulk_update(Types.USER, [{"id": ids[0], "first_name": "A"}, {"id": ids[1], "first_name": "B"}])
    assert [store.get(UserRow, id).first_name for id in ids] == ["A", "B"]
    with pytest.raises(IntegrityError, match="`id`"):
        store.bulk_update(Types.USER, [{"first_name": "A"}])
    with pytest.raises(NotExistent):
        store.bulk_update(Types.USER, [{"id": ids[0], "first_name": "Z"}, {"id": 999, "first_name": "A"}])
    assert store.get(UserRow, ids[0]).first_name == "A"
    assert store.bulk_insert(Types.COMPUTER, []) == []


def test_info(store: StorageBackend) -> None:
    store.insert([node(process_type="p"), node()])
    info = store.get_info(detailed=True)
    assert info["entities"]["Nodes"]["count"] == 2
    assert info["entities"]["Nodes"]["process_types"] == ["p"]
    assert info["entities"]["Users"]["emails"] == ["test@localhost"]
    assert "repository" in info


def test_objects_and_orphans(store: StorageBackend) -> None:
    """Only a full maintenance deletes objects that no node names; a live one might take what is being stored."""
    kept, orphan = store.repository.put_bytes(b"kept"), store.repository.put_bytes(b"orphan")
    store.insert([node(repository_metadata={"o": {"d": {"o": {"f": {"k": kept}}}}})])
    assert store.get_unreferenced_keyset() == {orphan}
    store.maintain()
    assert store.repository.read(orphan) == b"orphan"
    store.maintain(full=True, dry_run=True)
    assert store.repository.has(orphan)
    store.maintain(full=True)
    assert not store.repository.has(orphan)
    assert store.repository.read(kept) == b"kept"
    store.repository.delete([kept])
    with pytest.raises(IntegrityError, match="missing"):
        store.get_unreferenced_keyset()


def test_clear_keeps_the_storage_usable(store: StorageBackend) -> None:
    for row in all_kinds():
        store.insert([row])
    store.repository.put_bytes(b"x")
    store._clear()
    assert store.find(NodeRow) == store.find(UserRow) == []
    assert list(store.repository.keys()) == []
    store.insert([UserRow(email="a")])


def test_what_is_stored_is_there_when_it_is_opened_again(open_store: Callable[[], StorageBackend], tmp_path: Path) -> None:
    store = open_store()
    if store.in_memory:
        path = store.path  # type: ignore[attr-defined]
        store.delete()
        assert not path.exists()
        return
    row = node(attributes=ODD)
    store.insert([row])
    key = store.repository.put_bytes(b"content")
    store.close()
    again = open_store()
    assert again.get(NodeRow, row.id or 0) == row
    assert again.repository.read(key) == b"content"
    assert again.version() == again.version_head() == "main_0002"
    assert again.initialise(again.profile) is False
    assert again.initialise(again.profile, reset=True) is True
    fresh = open_store()
    assert fresh.find(NodeRow) == []
    assert list(fresh.repository.keys()) == []
    fresh.delete()
    with pytest.raises(UnreachableStorage):
        open_store()


def test_backup_is_a_storage(open_store: Callable[[], StorageBackend], tmp_path: Path) -> None:
    store = open_store()
    if store.in_memory:
        with pytest.raises(NotImplementedError):
            store.backup(str(tmp_path / "backup"))
        return
    key = store.repository.put_bytes(b"content")
    store.insert([node(repository_metadata={"o": {"f": {"k": key}}})])
    for _ in range(3):
        store.backup(str(tmp_path / "backup"), keep=1)
    copies = sorted(path.name for path in (tmp_path / "backup").glob("backup_*"))
    assert len(copies) == 2
    last = (tmp_path / "backup" / "last-backup").resolve()
    assert last.name in copies
    assert (last / "config.json").is_file()
    assert any((last / "container" / "loose").iterdir())
    first = next(path for path in (last / "container" / "loose").rglob("*") if path.is_file())
    assert first.stat().st_nlink == 2  # not copied again
    with pytest.raises(ValueError, match="negative"):
        store.backup(str(tmp_path / "backup"), keep=-1)


def test_an_interrupted_backup_is_gone_on_with(
    open_store: Callable[[], StorageBackend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    if store.in_memory:
        return
    for i in range(5):
        store.repository.put_bytes(b"%d" % i)
    copied: list[str] = []
    copy = shutil.copy2

    def fail(source: str, target: Path) -> None:
        copied.append(source)
        if len(copied) == 4:
            raise OSError("disk full")
        copy(source, target)

    monkeypatch.setattr(backup.shutil, "copy2", fail)
    with pytest.raises(StorageBackupError, match="repeat"):
        store.backup(str(tmp_path / "backup"))
    assert not list((tmp_path / "backup").glob("backup_*"))
    monkeypatch.setattr(backup.shutil, "copy2", copy)
    store.backup(str(tmp_path / "backup"))
    (folder,) = (tmp_path / "backup").glob("backup_*")
    copies = DiskObjectStoreRepositoryBackend(Container(folder / "container"))
    assert set(copies.keys()) == set(store.repository.keys())
    assert copies.find_damage() == {}
    assert not list((tmp_path / "backup").glob("unfinished_*"))


def test_full_maintenance_is_refused_while_a_worker_lives(store: StorageBackend) -> None:
    with store.transaction() as transaction:
        transaction.execute(sa.insert(schema.worker).values(host="h", pid=999999999, beat_at=db_now()))
    store.maintain()
    with pytest.raises(LockingProfileError, match="999999999 on h"):
        store.maintain(full=True)
    with store.transaction() as transaction:
        transaction.execute(sa.update(schema.worker).values(beat_at=db_now() - 60))
    store.maintain(full=True, do_repack=False, live=False)


def test_errors_never_tell_the_password(store: StorageBackend) -> None:
    assert "unused-secret" not in str(store)


def test_a_session_for_sql_of_ones_own(store: StorageBackend) -> None:
    """Committed or rolled back as a whole; what others wrote is there."""
    with store.get_session() as session:
        session.execute(sa.text("UPDATE db_dbuser SET first_name = 'A'"))
        session.commit()
        session.execute(sa.text("UPDATE db_dbuser SET last_name = 'B'"))
    assert (store.get(UserRow, 1).first_name, store.get(UserRow, 1).last_name) == ("A", "")
    store.update(UserRow, 1, first_name="C")
    with store.get_session() as session:
        assert session.execute(sa.text("SELECT first_name FROM db_dbuser")).scalar() == "C"


def test_the_automatic_group_is_reached_from_the_storage(store: StorageBackend) -> None:
    importlib.import_module("aiida.manage.manager")
    assert type(store.autogroup).__name__ == "AutogroupManager"
    assert store.autogroup is store.autogroup and not store.autogroup.is_enabled


def test_many_rows_are_numbered_on(store: StorageBackend) -> None:
    """By one statement for few, row by row or by COPY for many: in order, and after those that were there."""
    for count in (3, 150, 1, 200):
        before = max((row.id or 0 for row in store.find(NodeRow)), default=0)
        rows = [NodeRow(node_type="data.", user_id=1, attributes={"n": n, "t": 'a"\\\n\té'}, extras={}) for n in range(count)]
        store.insert(rows)
        assert [row.id for row in rows] == list(range(rows[0].id or 0, (rows[0].id or 0) + count)) and (rows[0].id or 0) > before
        assert store.fetch(NodeRow, [row.id or 0 for row in rows]) == {row.id: row for row in rows}
    with pytest.raises(IntegrityError), store.transaction():
        store.insert([NodeRow(node_type="data.", user_id=1, uuid=rows[0].uuid) for _ in range(150)])
    ids = store.bulk_insert(EntityTypes.NODE, [{"node_type": "data.", "user_id": 1, "label": str(n)} for n in range(120)], allow_defaults=True)
    assert [store.get(NodeRow, pk).label for pk in (ids[0], ids[-1])] == ["0", "119"]
    with pytest.raises(IntegrityError, match="must have the columns of the first"):
        store.bulk_insert(EntityTypes.USER, [{"email": "x@x", "first_name": ""}, {"email": "y@y"}], allow_defaults=True)
