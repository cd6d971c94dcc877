"""Whether a storage keeps its promises: for those who write a storage plugin of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from aiida.common.exceptions import IntegrityError, InvalidOperation, NotExistent
from aiida.common.links import LinkType
from aiida.graph.records import CommentRow, ComputerRow, LinkRow, NodeRow, UserRow
from aiida.storage.backends import StorageBackend
from aiida.storage.links import find_closure, find_neighbours
from aiida.tools.checks.threads import check_in_threads

__all__ = ("check_store",)

_ODD = {"text": "é ☃ 'quote\" \\ % %s ? :x", "a.b": [1, 2.5, None, True, {"": []}], "big": 2**70, "": {}}


def check_store(make: Callable[[], StorageBackend]) -> None:
    """Raise `AssertionError` at the first promise that the storages from `make` break; each call must give an empty one."""
    for check in (_rows, _merging, _missing, _transactions, _threads, _links, _settings, _files):
        store = make()
        assert not store.is_closed, "a fresh storage is closed"
        if not store.find(UserRow):
            store.insert([UserRow(email="check@localhost")])
        check(store)
        store.close()
        assert store.is_closed, "is_closed is False after close()"


def _node(store: StorageBackend, **columns: object) -> NodeRow:
    owner = store.find(UserRow)[0].id
    return NodeRow(**{"node_type": "data.core.dict.Dict.", "user_id": owner, **columns})  # type: ignore[arg-type]


def _rows(store: StorageBackend) -> None:
    moment = datetime(2024, 7, 1, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    row = _node(store, attributes=_ODD, extras=_ODD, ctime=moment, process_type=None)
    store.insert([row])
    assert row.id is not None, "insert does not set the id"
    found = store.get(NodeRow, row.id)
    assert found == row, f"a row comes back changed: {found}"
    assert found.ctime.tzinfo is UTC, "moments must come back in UTC"
    many = [_node(store, attributes={"i": i}) for i in range(1203)]
    store.insert(many)
    by_id = store.fetch(NodeRow, [one.id for one in many if one.id is not None])
    assert [by_id[one.id or 0].attributes["i"] for one in many] == list(range(1203)), "ids do not follow the order of rows"
    assert store.delete_rows(NodeRow, [row.id, 10**9]) == 1, "delete_rows must count what was there"


def _merging(store: StorageBackend) -> None:
    row = _node(store, attributes={"keep": 1, "deep": {"x": 1}, "gone": 1, 'x"y': 2})
    store.insert([row])
    patch = {"deep": {"z": None}, "a.b": [1], "$": 1, 'q"r': 0}
    store.merge_attributes(row.id or 0, patch, remove=["gone", 'x"y', "never"], label="new")
    found = store.get(NodeRow, row.id or 0)
    assert found.attributes == {"keep": 1, **patch}, f"merge_attributes gives {found.attributes}"
    assert found.label == "new" and found.mtime >= row.mtime, "merge_attributes does not set columns"


def _missing(store: StorageBackend) -> None:
    for action in (
        lambda: store.get(NodeRow, 10**9),
        lambda: store.update(NodeRow, 10**9, label="x"),
        lambda: store.merge_attributes(10**9, {"a": 1}),
    ):
        try:
            action()
        except NotExistent:
            continue
        raise AssertionError("no NotExistent for a row that is not there")
    store.insert([ComputerRow(label="c")])
    try:
        store.insert([ComputerRow(label="c")])
    except IntegrityError:
        return
    raise AssertionError("no IntegrityError for a label that is taken")


def _transactions(store: StorageBackend) -> None:
    seen: list[str] = []
    row = _node(store)
    try:
        with store.transaction() as transaction:
            transaction.after_rollback(lambda: seen.append("rollback"))
            store.insert([row])
            raise KeyError
    except KeyError:
        pass
    assert store.find(NodeRow) == [] and row.id is None, "a failed transaction left something"
    assert seen == ["rollback"], "after_rollback was not called"
    try:
        with store.transaction():
            store.insert([_node(store)])
            try:
                with store.transaction():
                    raise KeyError
            except KeyError:
                pass
        raise AssertionError("half a transaction was committed")
    except InvalidOperation:
        assert store.find(NodeRow) == [], "half a transaction was committed"
    with store.transaction() as transaction:
        transaction.after_commit(lambda: seen.append(f"commit {store.in_transaction}"))
        store.insert([_node(store)])
        assert seen == ["rollback"], "after_commit was called before the commit"
    assert seen[1:] == ["commit False"], "after_commit must be called once, outside of the transaction"


def _threads(store: StorageBackend) -> None:
    def work(number: int) -> None:
        for i in range(10):
            store.insert([_node(store, label=str(number))])
            assert len(store.find(NodeRow, label=str(number))) == i + 1

    check_in_threads(work)


def _links(store: StorageBackend) -> None:
    rows = [_node(store, label=str(i)) for i in range(31)]
    store.insert(rows)
    ids = [row.id or 0 for row in rows]
    ladder = [(3 * i, 3 * i + j) for i in range(10) for j in (1, 2)] + [(3 * i + j, 3 * i + 3) for i in range(10) for j in (1, 2)]
    store.insert([LinkRow(input_id=ids[a], output_id=ids[b], label=f"{a}_{b}", type=LinkType.CREATE.value) for a, b in ladder])
    assert find_closure(store, [ids[0]], "outgoing") == set(ids[1:]), "the closure of a ladder is not the ladder"
    assert {row.label for _, row in find_neighbours(store, [ids[3]], "incoming")} == {"1", "2"}, "neighbours are missing"
    store.insert([CommentRow(dbnode_id=ids[3], user_id=rows[3].user_id)])
    store.delete_nodes_and_connections([ids[3]])
    assert store.find(LinkRow, output_id=ids[3]) == [], "a link of a deleted node is left"
    assert store.find(CommentRow) == [], "a comment of a deleted node is left"


def _settings(store: StorageBackend) -> None:
    store.set_global_variable("check", {"a": [1]}, "why")
    assert store.get_global_variable("check") == {"a": [1]}, "a setting comes back changed"
    try:
        store.get_global_variable("nothing of this name")
    except KeyError:
        return
    raise AssertionError("no KeyError for a setting that was never set")


def _files(store: StorageBackend) -> None:
    kept, orphan = store.repository.put_bytes(b"kept"), store.repository.put_bytes(b"orphan")
    store.insert([_node(store, repository_metadata={"o": {"d": {"o": {"f": {"k": kept}}}}})])
    assert store.get_unreferenced_keyset() == {orphan}, "unreferenced objects are not found"
    store.maintain()
    assert store.repository.read(orphan) == b"orphan", "a live maintenance deleted an object that may be about to be used"
    store.maintain(full=True)
    assert store.repository.read(kept) == b"kept", "maintenance lost an object"
    assert store.get_info(detailed=True)["entities"]["Nodes"]["count"] == 1, "get_info does not count"
