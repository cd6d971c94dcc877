"""`core.psql_dos`: rows on a PostgreSQL server, objects in a container on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import psycopg.conninfo
import sqlalchemy as sa

from aiida.common import exceptions
from aiida.repository.backend.disk_object_store import DiskObjectStoreRepositoryBackend
from aiida.storage import backup
from aiida.storage.backends import (
    REPOSITORY_UUID_KEY,
    LateModel,
    StorageBackend,
    create_engine_tables,
    stamp_graph_version,
)
from aiida.storage.dialect import POSTGRESQL, from_json, to_json
from aiida.storage.migrate import migrate_graph
from aiida.storage.schema import engine_metadata, graph_metadata

if TYPE_CHECKING:
    from disk_objectstore import Container

    from aiida.common.profile import Profile

__all__ = ("PsqlDosBackend", "get_filepath_container")

CONNECT_TIMEOUT = 10

# PROTOCOL.md R7 and R8. A host that is cut off, or a worker that is stopped, in the middle of a transaction would hold its
# row locks for hours: the server ends such a session. A commit that is acknowledged must be on disk.
_SESSION = {
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "10s",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "default_transaction_isolation": "read committed",
    # The server's side of the connection; ours is below.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30000,
}


class PsqlDosBackend(StorageBackend):
    """A profile on a PostgreSQL server."""

    CliModel = LateModel("PsqlDosModel")

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile, POSTGRESQL)
        self._engine = make_engine(profile.storage_config)
        try:
            self._check_version(_read_version(self._engine, profile))
            self._check_container()
            self._add_engine_tables()
        except BaseException:
            self.close()
            raise

    @property
    def _place(self) -> str:
        return describe_server(self.profile.storage_config)

    @property
    def conninfo(self) -> str:
        """How others reach the server by themselves: a bell that listens there, the heart of a worker."""
        config = self.profile.storage_config
        return psycopg.conninfo.make_conninfo(
            "",
            user=config["database_username"],
            password=config.get("database_password") or None,
            host=config["database_hostname"] or None,
            port=config.get("database_port") or None,
            dbname=config["database_name"],
            **_KEEPALIVE,  # a network that swallows everything must not keep a ring, and with it a commit, for a quarter of an hour
        )

    def _open_connection(self, write: bool) -> sa.Connection:
        return _connect(self._engine, self.profile.storage_config)

    # Files.

    def get_container(self) -> Container:
        """Return the container of the objects."""
        from disk_objectstore import Container  # late: it takes long, and opening a profile does without

        return Container(str(get_filepath_container(self.profile)))

    def get_repository(self) -> DiskObjectStoreRepositoryBackend:
        return DiskObjectStoreRepositoryBackend.at(get_filepath_container(self.profile))

    def _check_container(self) -> None:
        path = get_filepath_container(self.profile)
        self._check_container_at(path, self.repository.uuid if path.is_dir() else None)

    # Life.

    @classmethod
    def version_profile(cls, profile: Profile) -> str | None:
        return _read_version(make_engine(profile.storage_config), profile)

    @classmethod
    def initialise(cls, profile: Profile, reset: bool = False) -> bool:
        path = get_filepath_container(profile)
        objects = DiskObjectStoreRepositoryBackend.at(path)
        initialised = cls.version_profile(profile) is not None and objects.is_initialised
        if initialised and not reset:
            return False
        if reset:
            shutil.rmtree(path, ignore_errors=True)
        if not objects.is_initialised:
            objects.initialise()
            objects.close()
        identity = str(objects.uuid)
        engine = make_engine(profile.storage_config)
        with _connect(engine, profile.storage_config) as connection:
            connection.exec_driver_sql("BEGIN")
            if reset:
                _drop_tables(connection)
            _create_tables(connection, identity)
            connection.exec_driver_sql("COMMIT")
        return True

    @classmethod
    def migrate(cls, profile: Profile) -> None:
        with _connect(make_engine(profile.storage_config), profile.storage_config) as connection:
            migrate_graph(connection, cls.version_head(), profile.name)

    def _delete_storage(self) -> None:
        """Delete all tables and objects; the empty database, and its user, stay with the server's administrator."""
        with self.transaction() as transaction:
            _drop_tables(transaction.connection)
        self.close()
        shutil.rmtree(get_filepath_container(self.profile), ignore_errors=True)

    def _vacuum(self) -> None:
        with self.reading() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")

    def backup(self, dest: str, keep: int | None = None) -> None:
        with backup.new_folder(Path(dest), keep) as (folder, earlier):
            self._dump(folder / "db.psql")
            backup.copy_container(get_filepath_container(self.profile), folder / "container", earlier)
            backup.write_profile(folder, self.profile)

    def _dump(self, target: Path) -> None:
        config = self.profile.storage_config
        command = ["pg_dump", "--no-owner", "--clean", "--if-exists", "--no-password", "-U", config["database_username"], "-f", str(target)]
        for flag, value in (("-h", config["database_hostname"]), ("-p", config.get("database_port"))):
            command += [flag, str(value)] if value else []  # neither is needed for a server on a local socket
        command.append(config["database_name"])
        try:
            environment = {**os.environ, "PGPASSWORD": config.get("database_password") or ""}
            subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        except FileNotFoundError:
            raise exceptions.StorageBackupError("`pg_dump` was not found; install PostgreSQL's client programs") from None
        except subprocess.CalledProcessError as error:
            raise exceptions.StorageBackupError(f"`pg_dump` failed: {error.stderr.strip()}") from None


def get_filepath_container(profile: Profile) -> Path:
    """Return the folder of the objects."""
    uri = urlparse(profile.storage_config["repository_uri"])
    if uri.scheme != "file":
        raise exceptions.ConfigurationError(f"the repository of profile `{profile.name}` must be a `file://` URI: {uri.geturl()}")
    path = Path(unquote(uri.path))
    if not path.is_absolute():
        raise exceptions.ConfigurationError(f"the repository of profile `{profile.name}` must be an absolute path: {path}")
    return path.expanduser() / "container"


def describe_server(config: dict[str, Any]) -> str:
    """Say which database, for people; never with the password."""
    return f"{config['database_name']} on {config['database_hostname']}:{config['database_port']} as {config['database_username']}"


def make_engine(config: dict[str, Any]) -> sa.Engine:
    """Return an engine whose connections are never pooled: the store lends them itself."""
    url = sa.URL.create(
        "postgresql+psycopg",
        username=config["database_username"],
        password=config.get("database_password") or None,
        host=config["database_hostname"] or None,
        port=int(config["database_port"]) if config.get("database_port") else None,
        database=config["database_name"],
    )
    options = " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in _SESSION.items())
    return sa.create_engine(
        url,
        connect_args={"connect_timeout": CONNECT_TIMEOUT, "application_name": "radames", "options": options, **_KEEPALIVE},
        poolclass=sa.pool.NullPool,
        json_serializer=to_json,
        json_deserializer=from_json,
    )


def _connect(engine: sa.Engine, config: dict[str, Any]) -> sa.Connection:
    try:
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except sa.exc.OperationalError as error:
        reason = ". ".join(line.strip() for line in str(error.orig).strip().splitlines())  # one line: that is what `verdi` shows
        raise exceptions.UnreachableStorage(
            f"cannot connect to the PostgreSQL database {describe_server(config)}: {reason} "
            "Start the server if it is down (`sudo service postgresql start`, or ask its administrator), or correct the "
            "profile's `storage.config` if it has moved; then try `verdi status`"
        ) from None


def _read_version(engine: sa.Engine, profile: Profile) -> str | None:
    with _connect(engine, profile.storage_config) as connection:
        if connection.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar() is not None:
            version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return version
        if connection.exec_driver_sql("SELECT to_regclass('django_migrations')").scalar() is not None:
            return "django"
    return None


def _create_tables(connection: sa.Connection, container_id: str) -> None:
    graph_metadata.create_all(connection)
    create_engine_tables(connection)
    connection.exec_driver_sql(
        "INSERT INTO db_dbsetting (key, val, description, time) VALUES (%s, %s, %s, now())"
        " ON CONFLICT (key) DO UPDATE SET val = excluded.val",
        (REPOSITORY_UUID_KEY, f'"{container_id}"', "Repository UUID"),
    )
    stamp_graph_version(connection)


def _drop_tables(connection: sa.Connection) -> None:
    for metadata in (engine_metadata, graph_metadata):
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{table.name}" CASCADE')
    connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
