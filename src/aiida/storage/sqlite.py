"""A store in one SQLite file: WAL, every commit durable, never "database is locked".

*Busy.* SQLite's own busy handler sleeps in fixed growing steps, and a writer that came late often wins over one that
waits; with eight busy processes the unlucky one starves for most of a second. So BEGIN IMMEDIATE is retried here at
short random delays, and gives up only after `BUSY_LIMIT` with an error that says what to do. Measured with eight
processes that do nothing but write, on two cores: delays up to 20 ms 1,700 writes/s and a worst wait of 0.8 s; up to
5 ms 1,100/s and 0.2 s; a file lock before BEGIN 850/s and 0.2 s, with one more file in the user's folder.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from aiida.common import exceptions
from aiida.storage.backends import StorageBackend
from aiida.storage.dialect import DAMAGED, SQLITE, from_json, to_json
from aiida.storage.query import functions

if TYPE_CHECKING:
    from aiida.common.profile import Profile

BUSY_LIMIT = 60.0
_FIRST_DELAY, _LONGEST_DELAY = 0.0002, 0.005

# WAL needs memory shared between its users, which a network file system does not give: databases were destroyed so.
_NETWORK_FILE_SYSTEMS = frozenset(
    "nfs nfs4 cifs smb smb2 smb3 smbfs lustre beegfs gpfs ceph afs 9p fuse.sshfs fuse.ceph glusterfs fuse.glusterfs pvfs2 orangefs".split()
)


def find_file_system(path: Path, mounts: str = "/proc/mounts") -> str:
    """Return the type of the file system that holds `path`, or an empty string where the system does not tell."""
    try:
        lines = Path(mounts).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    target, best, kind = path.resolve(), -1, ""
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        mount = Path(fields[1].replace("\\040", " "))
        if (target == mount or mount in target.parents) and len(mount.parts) >= best:
            best, kind = len(mount.parts), fields[2]
    return kind


def check_local(path: Path) -> None:
    """Refuse a database on a network file system."""
    kind = find_file_system(path)
    if kind in _NETWORK_FILE_SYSTEMS:
        raise exceptions.UnreachableStorage(
            f"the SQLite database `{path}` lies on a network file system ({kind}). SQLite's write-ahead log needs memory "
            "that all its users share, so a database there gets damaged sooner or later. Move the profile's folder to a "
            "local disk, or use a profile with the storage `core.psql_dos` (PostgreSQL)."
        )


def connect(uri: str, *, synchronous: str = "FULL", read_only: bool = False) -> sqlite3.Connection:
    """Open the file with the settings on which the store relies; no transaction is ever begun by the driver."""
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_LIMIT, cached_statements=512
    )
    functions.register(connection)
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA case_sensitive_like=ON")
    if read_only:
        cursor.execute("PRAGMA query_only=ON")
    else:
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        # Pages that many commits write again are copied into the database once; a checkpoint waits for the disk twice, and with SQLite's own
        # 1,000 pages there was one every 25 calcfunctions. The log grows to 16 MB.
        cursor.execute("PRAGMA wal_autocheckpoint=4000")
    cursor.close()
    return connection


def make_engine(uri: str, *, synchronous: str = "FULL", read_only: bool = False) -> sa.Engine:
    """Return an engine whose connections are opened by `connect` and never pooled: the store lends them itself."""
    return sa.create_engine(
        "sqlite+pysqlite://",
        creator=lambda: connect(uri, synchronous=synchronous, read_only=read_only),
        poolclass=sa.pool.NullPool,
        json_serializer=to_json,
        json_deserializer=from_json,
    )


def remove_own(folder: Path, pid: int) -> None:
    """Delete the temporary folder that the process `pid` made; a forked child that ends must not take it from its parent."""
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


class SqliteStore(StorageBackend):
    """Rows in one SQLite file."""

    synchronous = "FULL"

    def __init__(self, profile: Profile, path: Path) -> None:
        super().__init__(profile, SQLITE)
        self.path = path
        mode = "ro&immutable=1" if self.read_only else "rw"
        self._uri = f"{path.resolve().as_uri()}?mode={mode}"
        self._engine = make_engine(self._uri, synchronous=self.synchronous, read_only=self.read_only)

    def _open_connection(self, write: bool) -> sa.Connection:
        try:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if write:
                # Waiting for the write lock is done in `_begin`.
                connection.exec_driver_sql("PRAGMA busy_timeout=0")
        except sa.exc.SQLAlchemyError as error:
            raise exceptions.UnreachableStorage(f"the database `{self.path}` cannot be opened: {error}") from error
        return connection

    def _begin(self, connection: sa.Connection) -> None:
        driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        give_up = None
        delay = _FIRST_DELAY
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise self.dialect.translate(error) from error
                now = time.monotonic()
                give_up = give_up or now + BUSY_LIMIT
                if now > give_up:
                    raise exceptions.StorageBusy(
                        f"the database `{self.path}` has been kept locked for {BUSY_LIMIT:.0f} s by another process; "
                        "look for one that is stopped in the middle of a write, or that copies the file"
                    ) from error
            time.sleep(random.uniform(0, delay))
            delay = min(2 * delay, _LONGEST_DELAY)

    def _find_database_damage(self) -> Iterator[str]:
        with self.reading() as connection:
            for (text,) in connection.exec_driver_sql("PRAGMA integrity_check"):
                if text != "ok":
                    yield f"the database `{self.path}` is damaged: {text}. {DAMAGED}"
            for table, row, target, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
                yield f"row {row} of the table {table} refers to a row of {target} that does not exist"

    def _vacuum(self) -> None:
        with self.reading() as connection:
            for statement in ("VACUUM", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.exec_driver_sql(statement)
