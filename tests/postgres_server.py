"""A PostgreSQL server for the tests of one session: started on a free port, stopped at the end, in a folder of its own.

Registered as a plugin by the `conftest.py` of those who use it: fixtures `postgres_server` (session),
`postgres_database` (an empty database per test) and `postgres_storage` (an initialised storage per test).
"""

from __future__ import annotations

import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aiida.common.profile import Profile
from aiida.storage.psql_dos.backend import PsqlDosBackend
from aiida.storage.schema import engine_metadata, graph_metadata

#: name of the account that runs the server where the tests run as root, whom PostgreSQL refuses
ACCOUNT = "postgres"


class Server:
    """A running server, and how to make databases on it."""

    def __init__(self, folder: Path, port: int, command: list[str]) -> None:
        self.folder = folder
        self.port = port
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.count = 0
        self._storage: dict[str, Any] | None = None
        self._number = 0

    def up(self) -> None:
        """Start it, and return when it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(_as_account(self.command), stdout=log, stderr=log, start_new_session=True, cwd=self.folder)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}") from None
                time.sleep(0.05)

    def down(self) -> None:
        """End it at once: every session breaks off, nothing is put in order."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=5
        )

    def make_storage(self, folder: Path) -> dict[str, Any]:
        """Return the configuration of an initialised, empty storage with its container in `folder`.

        There is one at a time, emptied here: a database costs eight megabytes of disk, and a second where many work.
        """
        if self._storage is None or not self._empty(self._storage):
            self._number += 1
            self._storage = {**self.make_database(), "repository_uri": (self.folder / f"container{self._number}").as_uri()}
            storage = {"backend": "core.psql_dos", "config": self._storage}
            PsqlDosBackend.initialise(Profile("t", {"storage": storage, "process_control": {"backend": None, "config": {}}}))
        shutil.copytree(self.folder / f"container{self._number}", folder)
        return {**self._storage, "repository_uri": folder.as_uri()}

    def _empty(self, config: dict[str, Any]) -> bool:
        """Empty the tables; False if there are not those of a storage any more."""
        wanted = {*graph_metadata.tables, *engine_metadata.tables, "alembic_version"}
        with self.connect(config["database_name"]) as connection:
            connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            found = {row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone() if "alembic_version" in found else None
            if found != wanted or version != ("main_0002",):
                return False
            uuid = json.loads((self.folder / f"container{self._number}" / "container" / "config.json").read_text())["container_id"]
            names = ", ".join(f'"{name}"' for name in sorted(wanted - {"alembic_version", "radames_version"}))
            connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
            connection.execute(
                "INSERT INTO db_dbsetting (key, val, description, time) VALUES ('repository|uuid', %s, '', now())", (json.dumps(uuid),)
            )
        return True

    def make_database(self) -> dict[str, Any]:
        """Make a database and return what a profile says about it."""
        self.count += 1
        name = f"test_{os.getpid()}_{self.count}"
        with self.connect() as connection:
            # STRATEGY: copying files is for large databases, and waits for a checkpoint.
            connection.execute(f'CREATE DATABASE "{name}" STRATEGY wal_log')
        return {
            "database_engine": "postgresql_psycopg",
            "database_hostname": "127.0.0.1",
            "database_port": self.port,
            "database_name": name,
            "database_username": "postgres",
            "database_password": "unused-secret",
        }

    def drop_database(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _as_account(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", *command]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server() -> tuple[Server, Callable[[], None]]:
    """Start a server; returns it and the function that stops it."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not on this machine")
    folder = Path(tempfile.mkdtemp(prefix="pg-test-"))
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)
    data, port = folder / "data", _free_port()
    initdb = [f"{programs[-1]}/initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run(_as_account(initdb), check=True, capture_output=True, cwd=folder)
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off", "-c", "full_page_writes=off"]
    command = [f"{programs[-1]}/postgres", "-D", str(data), "-p", str(port), *options]
    server = Server(folder, port, command)

    def stop() -> None:
        server.down()
        shutil.rmtree(folder, ignore_errors=True)

    try:
        server.up()
    except BaseException:
        stop()
        raise
    return server, stop


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server for the session."""
    server, stop = start_server()
    yield server
    stop()


@pytest.fixture
def postgres_database(postgres_server: Server) -> dict[str, Any]:
    """A fresh database, as a profile's configuration names it."""
    return postgres_server.make_database()


@pytest.fixture
def postgres_storage(postgres_server: Server, tmp_path: Path) -> dict[str, Any]:
    """A fresh, initialised storage, as a profile's configuration names it."""
    return postgres_server.make_storage(tmp_path / "repository")
