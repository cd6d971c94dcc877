"""The storage on a real PostgreSQL server: sessions, restarts, what it says when the server is away."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida.common.exceptions import CorruptStorage, IncompatibleStorageSchema, StorageBusy, UnreachableStorage
from aiida.common.profile import Profile
from aiida.graph.records import NodeRow, UserRow
from aiida.storage import connections
from aiida.storage.psql_dos.backend import PsqlDosBackend
from aiida.storage.schema import engine_metadata
from aiida.storage.store import CommitUnknown
from tests.postgres_server import Server, postgres_database, postgres_server, postgres_storage  # noqa: F401

pytestmark = pytest.mark.real("postgres")


@pytest.fixture
def profile(postgres_database: dict[str, Any], tmp_path: Path) -> Profile:  # noqa: F811
    """A profile whose storage is not initialised yet."""
    config = {**postgres_database, "repository_uri": f"file://{tmp_path}/repository"}
    storage = {"backend": "core.psql_dos", "config": config}
    return Profile("mine", {"storage": storage, "process_control": {"backend": None, "config": {}}})


@pytest.fixture
def store(postgres_storage: dict[str, Any]) -> Iterator[PsqlDosBackend]:  # noqa: F811
    storage = {"backend": "core.psql_dos", "config": postgres_storage}
    found = PsqlDosBackend(Profile("mine", {"storage": storage, "process_control": {"backend": None, "config": {}}}))
    found.insert([UserRow(email="a")])
    yield found
    found.close()


def node(**columns: object) -> NodeRow:
    return NodeRow(**{"node_type": "data.", "user_id": 1, **columns})  # type: ignore[arg-type]


def test_an_empty_database_is_no_storage(profile: Profile) -> None:
    assert PsqlDosBackend.version_profile(profile) is None
    with pytest.raises(UnreachableStorage, match="not been initialised"):
        PsqlDosBackend(profile)


def test_a_server_that_is_away(profile: Profile) -> None:
    config = {**profile.storage_config, "database_port": 1, "database_password": "very-secret"}
    profile.set_storage("core.psql_dos", config)
    with pytest.raises(UnreachableStorage) as caught:
        PsqlDosBackend(profile)
    text = str(caught.value)
    assert "127.0.0.1:1 " in text and "\n" not in text
    assert "refused" in text
    assert "verdi status" in text
    assert "very-secret" not in text


def test_opening_adds_our_tables_only(store: PsqlDosBackend) -> None:
    with store.transaction() as transaction:
        for table in engine_metadata.sorted_tables:
            transaction.execute(f'DROP TABLE "{table.name}"')
    again = PsqlDosBackend(store.profile)
    with again.reading() as connection:
        names = {row[0] for row in connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert set(engine_metadata.tables) <= names
    again.close()


def test_an_older_schema_is_refused_and_migrated(store: PsqlDosBackend) -> None:
    store.insert([node(node_type="process.calculation.calcjob.CalcJobNode.", extras={"_aiida_hash": "x", "a": 1})])
    with store.transaction() as transaction:
        transaction.execute("UPDATE alembic_version SET version_num = 'main_0001'")
    with pytest.raises(IncompatibleStorageSchema, match="verdi -p mine storage migrate"):
        PsqlDosBackend(store.profile)
    PsqlDosBackend.migrate(store.profile)
    again = PsqlDosBackend(store.profile)
    assert again.find(NodeRow)[0].extras == {"a": 1}
    again.close()


def test_the_container_of_another_profile_is_refused(store: PsqlDosBackend) -> None:
    store.set_setting("repository|uuid", "other")
    with pytest.raises(CorruptStorage, match="other"):
        PsqlDosBackend(store.profile)


def test_sessions_are_ended_rather_than_left_holding_locks(store: PsqlDosBackend) -> None:
    with store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT name, setting FROM pg_settings").all()
    settings = dict(tuple(row) for row in rows)
    assert settings["idle_in_transaction_session_timeout"] == "5000"
    assert settings["lock_timeout"] == "10000"
    assert settings["synchronous_commit"] == "on"
    assert settings["tcp_keepalives_idle"] == "10"


def test_a_session_that_the_server_ended_is_an_error_once(store: PsqlDosBackend, postgres_server: Server) -> None:  # noqa: F811
    """The transaction in which it happens fails as a whole; the next one works on a new connection."""
    with pytest.raises(UnreachableStorage, match="connection to PostgreSQL broke"):
        with store.transaction() as transaction:
            store.insert([node()])
            pid = transaction.execute("SELECT pg_backend_pid()").scalar()
            with postgres_server.connect() as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            store.insert([node()])
    store.insert([node(label="after")])
    assert [row.label for row in store.find(NodeRow)] == ["after"]


def test_a_commit_whose_answer_is_lost_is_said_to_be_unknown(store: PsqlDosBackend, postgres_server: Server) -> None:  # noqa: F811
    """Whoever gets this must look before doing it again; the next transaction works on a new connection."""
    seen: list[str] = []
    with pytest.raises(CommitUnknown, match="not known whether"):
        with store.transaction() as transaction:
            transaction.after_commit(lambda: seen.append("commit"))
            transaction.after_rollback(lambda: seen.append("rollback"))
            store.insert([node()])
            pid = transaction.execute("SELECT pg_backend_pid()").scalar()
            with postgres_server.connect() as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    assert seen == ["rollback"]
    store.insert([node(label="after")])
    assert [row.label for row in store.find(NodeRow)] == ["after"]


def test_a_server_that_was_restarted_is_no_error_for_the_next_write(store: PsqlDosBackend, postgres_server: Server) -> None:  # noqa: F811
    """The first statement of a write changes nothing, so it is tried again on a fresh connection."""
    store.insert([node()])
    with postgres_server.connect() as other:
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'radames'")
    store.insert([node()])
    assert len(store.find(NodeRow)) == 2


def test_idle_connections_are_tried_before_they_are_lent(
    store: PsqlDosBackend, postgres_server: Server, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    store.insert([node()])
    monkeypatch.setattr(connections, "IDLE_LIMIT", 0.0)
    with postgres_server.connect() as other:
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'radames'")
    assert len(store.find(NodeRow)) == 1


def test_deadlock_is_worth_another_try(store: PsqlDosBackend) -> None:
    rows = [node(), node()]
    store.insert(rows)
    barrier, errors = threading.Barrier(2), list[BaseException]()

    def work(first: int, second: int) -> None:
        try:
            with store.transaction():
                store.update(NodeRow, first, label="x")
                barrier.wait(5)
                store.update(NodeRow, second, label="y")
        except StorageBusy as error:
            errors.append(error)

    ids = [row.id or 0 for row in rows]
    threads = [threading.Thread(target=work, args=pair) for pair in (ids, reversed(ids))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 1
    assert "try again" in str(errors[0])


def test_writers_do_not_wait_for_each_other(store: PsqlDosBackend) -> None:
    with store.transaction():
        store.insert([node()])
        other = threading.Thread(target=lambda: store.insert([node()]))
        other.start()
        other.join(5)
        assert not other.is_alive()
    assert len(store.find(NodeRow)) == 2


def test_a_backup_can_be_restored(store: PsqlDosBackend, postgres_server: Server, tmp_path: Path) -> None:  # noqa: F811
    store.insert([node(label="kept")])
    store.backup(str(tmp_path / "backup"))
    config = postgres_server.make_database()
    dump = tmp_path / "backup" / "last-backup" / "db.psql"
    subprocess.run(
        ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(config["database_port"]), "-U", "postgres", "-f", str(dump), config["database_name"]],
        check=True, capture_output=True,
    )
    uri = f"file://{(tmp_path / 'backup' / 'last-backup').resolve()}"
    storage = {"backend": "core.psql_dos", "config": {**config, "repository_uri": uri}}
    restored = PsqlDosBackend(Profile("r", {"storage": storage, "process_control": {"backend": None, "config": {}}}))
    assert [row.label for row in restored.find(NodeRow)] == ["kept"]
    restored.close()
    postgres_server.drop_database(config["database_name"])


def test_a_stopped_client_does_not_hold_its_locks_for_ever(profile: Profile) -> None:
    """R7: the server ends a session that is idle inside a transaction (its limit shortened here)."""
    PsqlDosBackend.initialise(profile)
    store = PsqlDosBackend(profile)
    store.insert([UserRow(email="a")])
    row = node()
    store.insert([row])
    held = store._open_connection(True)
    held.exec_driver_sql("SET idle_in_transaction_session_timeout = 100")
    held.exec_driver_sql("BEGIN")
    held.exec_driver_sql("UPDATE db_dbnode SET label = 'held'")
    store.update(NodeRow, row.id or 0, label="free")
    assert store.get(NodeRow, row.id or 0).label == "free"
    held.invalidate()
    store.close()


def test_a_fork_leaves_the_session_of_the_parent_alone(store: PsqlDosBackend) -> None:
    with store.transaction():
        store.insert([node()])
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert len(store.find(NodeRow)) == 1


def test_many_rows_refresh_the_statistics(store: PsqlDosBackend) -> None:
    """The planner knows of them at once; two filters on JSON then cost no more than one."""
    store.insert([node(attributes={"a": n, "b": n % 7}) for n in range(3000)])
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT reltuples FROM pg_class WHERE relname = 'db_dbnode'").scalar() == 3000
    store.insert([node(attributes={}) for _ in range(150)])  # too few to look again
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT reltuples FROM pg_class WHERE relname = 'db_dbnode'").scalar() == 3000
