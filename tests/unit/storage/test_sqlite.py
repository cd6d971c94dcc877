"""What is particular to SQLite: the file, its place, versions, waiting, cost."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from aiida.common.exceptions import (
    CorruptStorage,
    IncompatibleStorageSchema,
    StorageBusy,
    StorageMigrationError,
    UnreachableStorage,
)
from aiida.common.profile import Profile
from aiida.graph.records import NodeRow, UserRow
from aiida.storage import sqlite
from aiida.storage.schema import engine_metadata
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from aiida.storage.sqlite_temp.backend import SqliteTempBackend


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """A profile whose storage is not initialised yet."""
    config = {"backend": "core.sqlite_dos", "config": {"filepath": str(tmp_path / "storage")}}
    return Profile("mine", {"storage": config, "process_control": {"backend": None, "config": {}}})


@pytest.fixture
def database(profile: Profile, tmp_path: Path) -> Path:
    """The database file of the initialised profile."""
    assert SqliteDosStorage.initialise(profile)
    return tmp_path / "storage" / "database.sqlite"


def execute(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(sql).fetchall()
        connection.commit()
        return rows


def node(**columns: object) -> NodeRow:
    return NodeRow(**{"node_type": "data.", "user_id": 1, **columns})  # type: ignore[arg-type]


def test_the_settings_that_durability_needs(profile: Profile, database: Path) -> None:
    store = SqliteDosStorage(profile)
    with store.transaction() as transaction:
        found = {
            name: transaction.execute(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.close()


def test_the_driver_begins_no_transaction_of_its_own(profile: Profile, database: Path) -> None:
    store = SqliteDosStorage(profile)
    with store.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
        assert not connection.connection.dbapi_connection.in_transaction  # type: ignore[union-attr]
    store.close()


def test_a_fresh_database_is_that_of_aiida_core(profile: Profile, database: Path) -> None:
    assert execute(database, "SELECT version_num FROM alembic_version") == [("main_0002",)]
    identity = json.loads((database.parent / "container" / "config.json").read_text())["container_id"]
    assert execute(database, "SELECT key, val FROM db_dbsetting") == [("repository|uuid", f'"{identity}"')]


def test_opening_adds_our_tables_and_changes_nothing_else(profile: Profile, database: Path) -> None:
    """As if aiida-core had made the profile: our tables are not there yet."""
    for table in reversed(engine_metadata.sorted_tables):
        execute(database, f'DROP TABLE "{table.name}"')
    before = set(execute(database, "SELECT type, name, sql FROM sqlite_master"))
    SqliteDosStorage(profile).close()
    after = set(execute(database, "SELECT type, name, sql FROM sqlite_master"))
    assert before <= after
    added = {name for kind, name, _ in after - before if kind == "table"}
    assert added == set(engine_metadata.tables)
    SqliteDosStorage(profile).close()
    assert set(execute(database, "SELECT type, name, sql FROM sqlite_master")) == after


def test_an_older_schema_is_refused_with_the_command_and_migrated(profile: Profile, database: Path) -> None:
    store = SqliteDosStorage(profile)
    store.insert([UserRow(email="a")])
    store.insert([node(node_type="process.calculation.calcjob.CalcJobNode.", extras={"_aiida_hash": "x", "a": 1})])
    store.insert([node(extras={"_aiida_hash": "x"})])
    store.close()
    execute(database, "UPDATE alembic_version SET version_num = 'main_0001'")
    with pytest.raises(IncompatibleStorageSchema) as caught:
        SqliteDosStorage(profile)
    assert "Database schema version `main_0001`" in str(caught.value)
    assert "verdi -p mine storage migrate" in str(caught.value)
    assert SqliteDosStorage.version_profile(profile) == "main_0001"
    SqliteDosStorage.migrate(profile)
    store = SqliteDosStorage(profile)
    assert [row.extras for row in store.find(NodeRow)] == [{"a": 1}, {"_aiida_hash": "x"}]
    store.close()


@pytest.mark.parametrize(
    ("version", "way"),
    [
        ("main_0099", "newer release"),
        ("django_0050", "aiida-core==2.9.4"),
        ("1de112340b18", "aiida-core==2.9.4"),
        ("nonsense", "from a backup"),
    ],
)
def test_each_other_version_has_its_way(profile: Profile, database: Path, version: str, way: str) -> None:
    execute(database, f"UPDATE alembic_version SET version_num = '{version}'")
    with pytest.raises(IncompatibleStorageSchema, match=way):
        SqliteDosStorage(profile)
    with pytest.raises(StorageMigrationError, match=way):
        SqliteDosStorage.migrate(profile)


def test_damage_is_found(profile: Profile, database: Path) -> None:
    """A row without its neighbour, an object that is missing, one whose content changed; told in words, nothing is changed."""
    store = SqliteDosStorage(profile)
    store.insert([UserRow(email="a")])
    keys = [store.repository.put_bytes(text) for text in (b"one", b"two")]
    store.insert([node(repository_metadata={"o": {"f": {"k": key}}}) for key in keys])
    assert store.find_damage() == []
    loose = [database.parent / "container" / "loose" / key[:2] / key[2:] for key in keys]
    loose[0].unlink()
    loose[1].chmod(0o600)
    loose[1].write_bytes(b"TWO")
    execute(database, "INSERT INTO db_dblink (input_id, output_id, label, type) VALUES (1, 77, 'x', 'create')")
    found = store.find_damage()
    assert "db_dblink refers to a row of db_dbnode that does not exist" in found[0]
    assert keys[0] in found[1] and "missing" in found[1] and keys[1] in found[2] and "damaged" in found[2]
    store.close()


def test_a_damaged_description_of_the_container(profile: Profile, database: Path) -> None:
    (database.parent / "container" / "config.json").write_text("{")
    with pytest.raises(CorruptStorage, match=r"config.json.*backup"):
        SqliteDosStorage(profile)


def test_a_version_that_nobody_knows_is_not_migrated(profile: Profile, database: Path) -> None:
    execute(database, "UPDATE alembic_version SET version_num = 'main_0099'")
    with pytest.raises(IncompatibleStorageSchema, match="main_0099"):
        SqliteDosStorage(profile)
    with pytest.raises(StorageMigrationError, match="main_0099"):
        SqliteDosStorage.migrate(profile)
    assert execute(database, "SELECT version_num FROM alembic_version") == [("main_0099",)]


def test_a_storage_that_is_not_there(profile: Profile) -> None:
    assert SqliteDosStorage.version_profile(profile) is None
    with pytest.raises(UnreachableStorage, match="moved or deleted"):
        SqliteDosStorage(profile)
    with pytest.raises(UnreachableStorage):
        SqliteDosStorage.migrate(profile)


def test_a_folder_with_something_else_in_it_is_left_alone(profile: Profile, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="not empty"):
        SqliteDosStorage.initialise(profile)
    assert (tmp_path / "storage" / "thesis.tex").exists()


def test_the_container_of_another_profile_is_refused(profile: Profile, database: Path) -> None:
    execute(database, "UPDATE db_dbsetting SET val = '\"other\"' WHERE key = 'repository|uuid'")
    with pytest.raises(CorruptStorage, match="other"):
        SqliteDosStorage(profile)


def test_a_file_that_is_no_database(profile: Profile, database: Path) -> None:
    database.write_bytes(b"this is no database, though it has this name" * 100)
    with pytest.raises(CorruptStorage, match=r"not a database.*backup.*recover"):
        SqliteDosStorage(profile)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/home/u/x", "nfs4"), ("/home/u/local disk/x", "ext4"), ("/scratch/x", "lustre"), ("/usr/x", "ext4"), ("/homeless", "ext4")],
)
def test_the_file_system_of_a_path(path: str, kind: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/a / ext4 rw 0 0\nserver:/h /home nfs4 rw 0 0\n/dev/b /home/u/local\\040disk ext4 rw 0 0\nx /scratch lustre rw 0 0\n"
    )
    assert sqlite.find_file_system(Path(path), str(mounts)) == kind
    assert sqlite.find_file_system(Path(path), str(tmp_path / "none")) == ""


def test_a_network_file_system_is_refused_with_the_reason(
    profile: Profile, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "find_file_system", lambda path: "nfs4")
    with pytest.raises(UnreachableStorage, match="network file system .*nfs4.*core.psql_dos"):
        SqliteDosStorage(profile)


def test_a_write_waits_for_another_process_and_then_says_so(
    profile: Profile, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteDosStorage(profile)
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.find(UserRow) == []  # reading never waits
        release = threading.Timer(0.05, lambda: other.execute("ROLLBACK"))
        release.start()
        store.insert([UserRow(email="a")])
        release.join()
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(sqlite, "BUSY_LIMIT", 0.02)
        with pytest.raises(StorageBusy, match="kept locked"):
            store.insert([UserRow(email="b")])
        other.execute("ROLLBACK")
    store.insert([UserRow(email="c")])
    assert [row.email for row in store.find(UserRow)] == ["a", "c"]
    store.close()


def test_json_that_a_lenient_writer_left_is_read(profile: Profile, database: Path) -> None:
    store = SqliteDosStorage(profile)
    store.insert([UserRow(email="a")])
    store.insert([node()])
    execute(database, """UPDATE db_dbnode SET attributes = '{"a": NaN, "b": "\\ud800"}'""")
    found = store.find(NodeRow)[0].attributes
    assert found["a"] != found["a"]
    assert found["b"] == "\ud800"
    store.close()


def test_statements_of_a_stored_node(profile: Profile, database: Path) -> None:
    """One statement and one commit for a node; reading takes one statement."""
    store = SqliteDosStorage(profile)
    store.insert([UserRow(email="a")])
    seen: list[str] = []
    sa.event.listen(store._engine, "before_cursor_execute", lambda *args: seen.append(args[2].split()[0]))
    row = node()
    store.insert([row])
    assert seen == ["INSERT"]
    seen.clear()
    store.get(NodeRow, row.id or 0)
    assert seen == ["SELECT"]
    seen.clear()
    store.merge_attributes(row.id or 0, {"a": 1}, remove=["b"])
    assert seen == ["UPDATE"]
    assert store.commits == 3
    store.close()


def test_texts_of_hot_statements_are_constant(profile: Profile, database: Path) -> None:
    store = SqliteDosStorage(profile)
    store.insert([UserRow(email="a")])
    rows = [node() for _ in range(4)]
    store.insert(rows)
    seen: set[str] = set()
    sa.event.listen(store._engine, "before_cursor_execute", lambda *args: seen.add(args[2]))
    for row in rows:
        store.get(NodeRow, row.id or 0)
        store.fetch(NodeRow, range(row.id or 0))
        store.merge_attributes(row.id or 0, {f"key{row.id}": 1})
        store.update(NodeRow, row.id or 0, label=str(row.id))
    assert len(seen) == 4
    store.close()


def test_temporary_profiles_leave_nothing_behind(tmp_path: Path) -> None:
    profile = SqliteTempBackend.create_profile("x", filepath=tmp_path, options={"caching.default_enabled": True}, debug=False)
    assert profile.dictionary["options"] == {"caching.default_enabled": True}
    one, two = SqliteTempBackend(profile), SqliteTempBackend(profile)
    one.repository.put_bytes(b"x")
    one.insert([UserRow(email="only here")])
    assert len(one.find(UserRow)) == 2
    assert [row.email for row in two.find(UserRow)] == ["user@email.com"]
    assert len(list(tmp_path.iterdir())) == 2
    one.delete()
    two.close()
    assert [path for path in tmp_path.iterdir() if path.name.startswith("aiida-temp")] == []


def test_a_write_costs_little(profile: Profile, database: Path) -> None:
    """A node in a transaction of its own: half a millisecond where the disk is quick; here only an order of magnitude."""
    store = SqliteTempBackend(SqliteTempBackend.create_profile("x"))
    rows = [node() for _ in range(200)]
    start = time.perf_counter()
    for row in rows:
        store.insert([row])
    assert (time.perf_counter() - start) / len(rows) < 0.005
    store.delete()


def test_journals_of_a_newer_release_are_left_alone(profile: Profile, database: Path) -> None:
    execute(database, "UPDATE radames_version SET version_num = 'radames_9999'")
    with pytest.raises(IncompatibleStorageSchema, match="radames_9999"):
        SqliteDosStorage(profile)
    assert execute(database, "SELECT version_num FROM radames_version") == [("radames_9999",)]


def test_a_backup_shows_the_profile_to_its_owner_only(profile: Profile, database: Path, tmp_path: Path) -> None:
    store = SqliteDosStorage(profile)
    store.backup(str(tmp_path / "copies"))
    store.close()
    assert (tmp_path / "copies" / "last-backup" / "config.json").stat().st_mode & 0o777 == 0o600
