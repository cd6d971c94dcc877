"""An archive as a read-only storage."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from aiida.common.exceptions import (
    CorruptStorage,
    IncompatibleStorageSchema,
    ModificationNotAllowed,
    UnreachableStorage,
)
from aiida.graph.records import LinkRow, NodeRow, UserRow
from aiida.storage.schema import graph_metadata
from aiida.storage.sqlite import make_engine
from aiida.storage.sqlite_zip.backend import SqliteZipBackend
from aiida.storage.sqlite_zip.utils import ReadOnlyError, extract_metadata, read_version
from tests.conftest import ARCHIVES


def make_archive(path: Path, version: str = "main_0001", nulls: bool = False) -> Path:
    """Write a small archive with one user and one node; with `nulls` in columns that were once optional."""
    database = path.with_suffix(".sqlite")
    with make_engine(f"{database.as_uri()}?mode=rwc").connect() as connection:
        graph_metadata.create_all(connection)
        connection.commit()
    if nulls:
        with closing(sqlite3.connect(database, isolation_level=None)) as raw:
            raw.execute("PRAGMA writable_schema = ON")
            raw.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'")
    with closing(sqlite3.connect(database)) as raw:
        raw.execute("INSERT INTO db_dbuser VALUES (1, 'a@b', '', '', '')")
        raw.execute(
            "INSERT INTO db_dbnode (uuid, node_type, label, description, ctime, mtime, attributes, repository_metadata, user_id)"
            """ VALUES ('4f33c6fd-b624-47df-9ffb-a58f05d323af', 'data.', '', '', '2020-01-01 00:00:00', '2020-01-01 00:00:00.5',"""
            """ '{"a": 1}', '{"o": {"f": {"k": "aa"}}}', 1)"""
        )
        if nulls:
            raw.execute("UPDATE db_dbnode SET label = NULL, description = NULL, extras = NULL, mtime = NULL")
            raw.execute("UPDATE db_dbuser SET institution = NULL")
            raw.execute("INSERT INTO db_dblink (input_id, label) VALUES (1, 'half')")
        raw.commit()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"export_version": version, "aiida_version": "2.9.4"}))
        archive.write(database, "db.sqlite3")
        archive.writestr("repo/aa", b"content")
    return path


@pytest.fixture
def store(tmp_path: Path) -> SqliteZipBackend:
    return SqliteZipBackend(SqliteZipBackend.create_profile(make_archive(tmp_path / "x.aiida")))


def test_rows_and_objects_are_read(store: SqliteZipBackend) -> None:
    row = store.find(NodeRow)[0]
    assert row.attributes == {"a": 1}
    assert row.ctime.isoformat() == "2020-01-01T00:00:00+00:00"
    assert store.repository.read("aa") == b"content"
    assert store.get_info()["metadata"]["aiida_version"] == "2.9.4"
    assert store.get_info()["entities"]["Nodes"] == {"count": 1}
    assert store.version() == "main_0001"
    assert store.profile.name == "x.aiida"
    store.close()


def test_an_unpacked_archive_is_read_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(make_archive(tmp_path / "x.aiida")) as archive:
        archive.extractall(tmp_path / "unpacked")
    store = SqliteZipBackend(SqliteZipBackend.create_profile(tmp_path / "unpacked"))
    assert len(store.find(NodeRow)) == 1
    assert store.repository.read("aa") == b"content"


def test_nothing_can_be_written(store: SqliteZipBackend) -> None:
    for change in (
        lambda: store.insert([UserRow(email="x")]),
        lambda: store.update(NodeRow, 1, label="x"),
        lambda: store.delete(NodeRow, [1]),
        lambda: store.set_setting("a", 1),
        lambda: store.delete_nodes_and_connections([1]),
        lambda: store.maintain(),
        lambda: store.repository.put_bytes(b"x"),
        lambda: SqliteZipBackend.initialise(store.profile),
        lambda: SqliteZipBackend.migrate(store.profile),
    ):
        with pytest.raises(ModificationNotAllowed):
            change()
    assert issubclass(ReadOnlyError, ModificationNotAllowed)
    with store.reading() as connection, pytest.raises(Exception, match="readonly|read-only|query_only"):
        connection.exec_driver_sql("DELETE FROM db_dbnode")


def test_an_older_archive_names_the_command(tmp_path: Path) -> None:
    path = make_archive(tmp_path / "old.aiida", "0.13")
    profile = SqliteZipBackend.create_profile(path)
    assert SqliteZipBackend.version_profile(profile) == "0.13"
    with pytest.raises(IncompatibleStorageSchema, match="verdi archive migrate"):
        SqliteZipBackend(profile)


@pytest.mark.parametrize("unpacked", [False, True])
def test_an_archive_of_a_pre_release_is_read_with_its_gaps_filled(tmp_path: Path, unpacked: bool) -> None:
    path = make_archive(tmp_path / "old.aiida", "main_0000", nulls=True)
    if unpacked:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(tmp_path / "folder")
        path = tmp_path / "folder"
    store = SqliteZipBackend(SqliteZipBackend.create_profile(path))
    row = store.find(NodeRow)[0]
    assert (row.label, row.description, row.extras) == ("", "", {})
    assert row.mtime.year >= 2026
    assert store.find(UserRow)[0].institution == ""
    assert store.find(LinkRow) == []
    assert read_version(path) == "main_0000"


def test_what_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(UnreachableStorage, match="no archive at"):
        SqliteZipBackend(SqliteZipBackend.create_profile(tmp_path / "none"))
    (tmp_path / "text").write_text("text")
    with pytest.raises(CorruptStorage, match="zip"):
        read_version(tmp_path / "text")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("other", "x")
    with pytest.raises(CorruptStorage, match=r"metadata\.json"):
        extract_metadata(tmp_path / "empty.zip")
    with zipfile.ZipFile(tmp_path / "header.zip", "w") as archive:
        archive.writestr("metadata.json", '{"export_version": "main_0001"}')
    with pytest.raises(CorruptStorage, match="database"):
        SqliteZipBackend(SqliteZipBackend.create_profile(tmp_path / "header.zip"))


@pytest.mark.real("archives")
@pytest.mark.parametrize("path", sorted(ARCHIVES.glob("*.aiida")), ids=lambda path: path.stem)
def test_archives_of_aiida_core(path: Path) -> None:
    profile = SqliteZipBackend.create_profile(path)
    if not str(SqliteZipBackend.version_profile(profile)).startswith("main_"):
        with pytest.raises(IncompatibleStorageSchema, match="verdi archive migrate"):
            SqliteZipBackend(profile)
        return
    store = SqliteZipBackend(profile)
    assert (len(store.find(NodeRow)), len(store.find(LinkRow)), len(list(store.repository.keys()))) == (10, 8, 16)
    store.close()


def test_closing_removes_the_copy_of_the_database(tmp_path: Path) -> None:
    store = SqliteZipBackend(SqliteZipBackend.create_profile(make_archive(tmp_path / "a.aiida")))
    copy = store.path
    assert copy.exists()
    store.close()
    assert not copy.parent.exists()
