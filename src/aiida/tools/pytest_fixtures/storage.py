"""Settings of storages: a folder for SQLite, a database on a temporary server for PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from aiida.manage.external.postgres import Postgres


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Any]:
    """A temporary PostgreSQL server (package `pgtest`); PostgreSQL refuses to run as root."""
    try:
        cluster = import_module("pgtest.pgtest").PGTest()
    except ImportError:
        pytest.skip("the package `pgtest` is not installed")
    try:
        yield cluster
    finally:
        cluster.close()


def make_database(
    cluster: Any, name: str | None = None, user: str | None = None, password: str | None = None
) -> dict[str, Any]:
    """Make a user and a database of its own on the server; return the settings of `core.psql_dos`."""
    name, user, password = name or uuid4().hex, user or uuid4().hex, password or uuid4().hex
    postgres = Postgres(dbinfo={key: cluster.dsn.get(key) for key in ("host", "port", "user", "database")})
    postgres.create_dbuser(user, password, "CREATEDB")
    postgres.create_db(user, name)
    return {
        "database_engine": "postgresql_psycopg",
        "database_hostname": postgres.host_for_psycopg,
        "database_port": postgres.port_for_psycopg,
        "database_name": name,
        "database_username": user,
        "database_password": password,
    }


@pytest.fixture(scope="session")
def config_psql_dos(postgres_cluster: Any) -> Callable[..., dict[str, Any]]:
    """A factory of new databases, as settings of `core.psql_dos`."""

    def factory(
        database_name: str | None = None, database_username: str | None = None, database_password: str | None = None
    ) -> dict[str, Any]:
        return make_database(postgres_cluster, database_name, database_username, database_password)

    return factory


@pytest.fixture(scope="session")
def config_sqlite_dos(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """A factory of new folders, as settings of `core.sqlite_dos`."""

    def factory(filepath: str | Path | None = None) -> dict[str, Any]:
        return {"filepath": str(filepath or tmp_path_factory.mktemp("test_sqlite_dos_storage"))}

    return factory
