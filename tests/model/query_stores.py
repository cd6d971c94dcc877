"""Stores for tests of queries: SQLite in a temporary folder, and a real PostgreSQL that the test starts and stops."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiida.common.profile import Profile
from aiida.graph.records import UserRow
from aiida.storage.psql_dos.backend import PsqlDosBackend
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from tests.postgres_server import start_server


@contextmanager
def sqlite_store() -> Iterator[Any]:
    """A fresh store on SQLite."""
    store = SqliteTempBackend(SqliteTempBackend.create_profile("query"))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def postgres_store() -> Iterator[Any]:
    """A fresh store on a PostgreSQL server of its own."""
    server, stop = start_server()
    try:
        with server.connect() as connection:
            # Whatever the language of this machine is: the texts are Unicode.
            connection.execute("CREATE DATABASE query TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'")
        with tempfile.TemporaryDirectory() as folder:
            store = _open_store(server.port, Path(folder))
            try:
                yield store
            finally:
                store.close()
    finally:
        stop()


def _open_store(port: int, folder: Path) -> Any:
    config = {
        "database_engine": "postgresql_psycopg",
        "database_hostname": "127.0.0.1",
        "database_port": port,
        "database_username": "postgres",
        "database_password": "",
        "database_name": "query",
        "repository_uri": (folder / "repository").as_uri(),
    }
    profile = Profile(
        "query-postgres",
        {
            "PROFILE_UUID": "0" * 32,
            "default_user_email": "user@email.com",
            "storage": {"backend": "core.psql_dos", "config": config},
            "process_control": {"backend": None, "config": {}},
            "options": {},
        },
    )
    PsqlDosBackend.initialise(profile)
    store = PsqlDosBackend(profile)
    if not store.find(UserRow):
        store.insert([UserRow(email="user@email.com")])
    return store
