"""`core.sqlite_dos`: a folder with ``database.sqlite`` and ``container``, as aiida-core lays it out."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from aiida.common import exceptions
from aiida.repository.backend.disk_object_store import DiskObjectStoreRepositoryBackend
from aiida.storage import backup
from aiida.storage.backends import REPOSITORY_UUID_KEY, LateModel, create_engine_tables, stamp_graph_version
from aiida.storage.dialect import DAMAGED
from aiida.storage.migrate import migrate_graph
from aiida.storage.schema import graph_metadata
from aiida.storage.sqlite import SqliteStore, check_local, connect, make_engine

if TYPE_CHECKING:
    from disk_objectstore import Container

    from aiida.common.profile import Profile

__all__ = ("SqliteDosStorage",)

FILENAME_DATABASE = "database.sqlite"
FILENAME_CONTAINER = "container"



class SqliteDosStorage(SqliteStore):
    """A profile in one folder."""

    CliModel = LateModel("SqliteDosModel")

    def __init__(self, profile: Profile) -> None:
        folder = _folder(profile)
        super().__init__(profile, folder / FILENAME_DATABASE)
        if not self.path.is_file():
            raise exceptions.UnreachableStorage(
                f"the storage of profile `{profile.name}` is not at `{folder}`: there is no file `{FILENAME_DATABASE}`. "
                "Was the folder moved or deleted? Put it back, or set the profile up again with `verdi profile setup`"
            )
        check_local(self.path)
        try:
            self._check_version(read_version(self.path))
            _set_wal(self.path)
            self._check_container_at(self.filepath_container, self.repository.uuid)
            self._add_engine_tables()
        except BaseException:
            self.close()
            raise

    @property
    def _place(self) -> str:
        return str(self.filepath_root)

    @property
    def filepath_root(self) -> Path:
        """The folder with everything."""
        return _folder(self.profile)

    @property
    def filepath_container(self) -> Path:
        """The folder of the objects."""
        return self.filepath_root / FILENAME_CONTAINER

    @property
    def filepath_database(self) -> Path:
        """The database file."""
        return self.filepath_root / FILENAME_DATABASE

    def get_container(self) -> Container:
        """Return the container of the objects."""
        from disk_objectstore import Container  # late: it takes long, and opening a profile does without

        return Container(str(self.filepath_container))

    def get_repository(self) -> DiskObjectStoreRepositoryBackend:
        return DiskObjectStoreRepositoryBackend.at(self.filepath_container)

    @classmethod
    def version_profile(cls, profile: Profile) -> str | None:
        path = _folder(profile) / FILENAME_DATABASE
        return read_version(path) if path.is_file() else None

    @classmethod
    def initialise(cls, profile: Profile, reset: bool = False) -> bool:
        folder = _folder(profile)
        path = folder / FILENAME_DATABASE
        if path.is_file() and read_version(path) is not None:
            if not reset:
                return False
            _remove_database(path)
            shutil.rmtree(folder / FILENAME_CONTAINER, ignore_errors=True)
        elif folder.is_dir() and any(folder.iterdir()):
            raise ValueError(f"`{folder}` already exists but is not empty and cannot be used for instance of `{cls.__name__}`.")
        folder.mkdir(parents=True, exist_ok=True)
        check_local(folder)
        objects = DiskObjectStoreRepositoryBackend.at(folder / FILENAME_CONTAINER)
        objects.initialise()
        objects.close()
        create_database(path, objects.uuid)
        return True

    @classmethod
    def migrate(cls, profile: Profile) -> None:
        path = _folder(profile) / FILENAME_DATABASE
        if not path.is_file():
            raise exceptions.UnreachableStorage(f"there is no database at `{path}`")
        engine = make_engine(f"{path.resolve().as_uri()}?mode=rw")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            migrate_graph(connection, cls.version_head(), profile.name)

    def _delete_storage(self) -> None:
        self.close()
        shutil.rmtree(self.filepath_root, ignore_errors=True)

    def backup(self, dest: str, keep: int | None = None) -> None:
        with backup.new_folder(Path(dest), keep) as (folder, earlier):
            # First the rows, then the objects: each row that is copied has its objects in the container by then.
            backup.copy_sqlite(self.filepath_database, folder / FILENAME_DATABASE)
            backup.copy_container(self.filepath_container, folder / FILENAME_CONTAINER, earlier)
            backup.write_profile(folder, self.profile)


def _folder(profile: Profile) -> Path:
    return Path(profile.storage_config["filepath"])


def _remove_database(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def read_version(path: Path) -> str | None:
    """Return the version of AiiDA's tables in a database file, None if it holds none."""
    try:
        with closing(connect(f"{path.resolve().as_uri()}?mode=rw")) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error):
            return None
        if "malformed" in str(error) or "not a database" in str(error):
            raise exceptions.CorruptStorage(f"the database `{path}` is damaged: {error}. {DAMAGED}") from error
        advice = ""
        if not os.access(path.parent, os.W_OK):
            advice = f". The folder `{path.parent}` cannot be written, which SQLite needs even to read: give yourself the right to"
        raise exceptions.UnreachableStorage(f"the database `{path}` cannot be read: {error}{advice}") from error
    return row[0] if row else None


def _set_wal(path: Path) -> None:
    with closing(connect(f"{path.resolve().as_uri()}?mode=rw")) as connection:
        if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            raise exceptions.UnreachableStorage(
                f"the database `{path}` cannot use a write-ahead log; is its folder writable, on a local disk?"
            )


def create_database(path: Path, container_id: str | None, *, synchronous: str = "FULL") -> None:
    """Make the database file with all tables; it appears whole or not at all."""
    uri = f"{path.resolve().as_uri()}?mode=rwc"
    with closing(connect(uri)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    engine = make_engine(uri, synchronous=synchronous)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        graph_metadata.create_all(connection)
        create_engine_tables(connection)
        if container_id is not None:
            connection.exec_driver_sql(
                "INSERT INTO db_dbsetting (key, val, description, time) VALUES (?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', 'now'))",
                (REPOSITORY_UUID_KEY, f'"{container_id}"', "Repository UUID"),
            )
        stamp_graph_version(connection)
        connection.exec_driver_sql("COMMIT")

