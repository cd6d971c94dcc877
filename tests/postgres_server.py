"""A PostgreSQL server for the tests of one session: started on a free port, stopped at the end, in a folder of its own.

Registered as a plugin by the `conftest.py` of those who use it: fixtures `postgres_server` (session),
`postgres_database` (an empty database per test) and `postgres_storage` (an initialised storage per test).
"""

from __future__ import annotations

import glob
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

#: name of the account that runs the server where the tests run as root, whom PostgreSQL refuses
ACCOUNT = "postgres"


class Server:
    """A running server, and how to make databases on it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.count = 0
        self._template: dict[str, Any] | None = None

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=5
        )

    def make_storage(self, folder: Path) -> dict[str, Any]:
        """Return the configuration of an initialised storage, its container in `folder`: a copy of one made before."""
        if self._template is None:
            config = {**self.make_database(), "repository_uri": (self.folder / "template").as_uri()}
            storage = {"backend": "core.psql_dos", "config": config}
            PsqlDosBackend.initialise(Profile("t", {"storage": storage, "process_control": {"backend": None, "config": {}}}))
            self._template = config
        shutil.copytree(self.folder / "template", folder)
        return {**self.make_database(self._template["database_name"]), "repository_uri": folder.as_uri()}

    def make_database(self, template: str = "template1") -> dict[str, Any]:
        """Make a database and return what a profile says about it."""
        self.count += 1
        name = f"test_{os.getpid()}_{self.count}"
        with self.connect() as connection:
            # STRATEGY: copying files is for large databases, and waits for a checkpoint.
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY wal_log')
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
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            _as_account([f"{programs[-1]}/postgres", "-D", str(data), "-p", str(port), *options]),
            stdout=log, stderr=log, start_new_session=True, cwd=folder,
        )
    server = Server(folder, port)

    def stop() -> None:
        process.send_signal(signal.SIGQUIT)  # at once: nobody needs what is in it
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    deadline = time.monotonic() + 30
    while True:
        try:
            server.connect().close()
            return server, stop
        except psycopg.OperationalError:
            if time.monotonic() > deadline or process.poll() is not None:
                text = (folder / "log").read_text()
                stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{text}") from None
            time.sleep(0.05)


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
    # Not dropped: that asks for a checkpoint each time, and the whole server goes at the end.
    return postgres_server.make_storage(tmp_path / "repository")
