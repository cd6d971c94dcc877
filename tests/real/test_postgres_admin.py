"""Users and databases of a real PostgreSQL server, as somebody needs them who sets up a profile."""

from types import SimpleNamespace

import pytest

from aiida.common.profile import Profile
from aiida.manage.external.postgres import Postgres, PostgresError, manual_setup_instructions
from aiida.storage.psql_dos.backend import PsqlDosBackend
from aiida.tools.pytest_fixtures.storage import make_database
from tests.postgres_server import postgres_server  # noqa: F401

pytestmark = [
    pytest.mark.real("postgres"),
    pytest.mark.real("psql"),
]


@pytest.fixture
def postgres(postgres_server):  # noqa: F811
    return Postgres(dbinfo={"host": "127.0.0.1", "port": postgres_server.port, "user": "postgres"})


def test_users_and_databases(postgres):
    assert postgres.is_connected
    name = 'odd"name'
    user, database = postgres.create_dbuser_db_safe(dbname=name, dbuser=name, dbpass="it's secret")
    try:
        assert (user, database) == (name, name)
        assert postgres.dbuser_exists(name) and postgres.db_exists(name)
        assert postgres.can_user_authenticate(name, "it's secret")
        assert postgres.find_new_db(name) == f"{name}_1"
        assert postgres.create_dbuser_db_safe(name, name, "it's secret") == (name, f"{name}_1")
        postgres.copy_db(name, "copy", name)
        assert postgres.db_exists("copy")
    finally:
        for database in (name, f"{name}_1", "copy"):
            postgres.drop_db(database)
        postgres.drop_dbuser(name)
    assert not postgres.db_exists(name) and not postgres.dbuser_exists(name)
    with pytest.raises(PostgresError, match="refused"):
        postgres.drop_db("no such database")


def test_server_that_is_not_there(unused_tcp_port):
    postgres = Postgres(dbinfo={"host": "127.0.0.1", "port": unused_tcp_port})
    assert not postgres.is_connected
    with pytest.raises(PostgresError, match="Is the server running"):
        postgres.db_exists("x")


def test_instructions_can_be_pasted():
    text = manual_setup_instructions("me", "data")
    assert 'CREATE USER "me"' in text and 'CREATE DATABASE "data" OWNER "me"' in text


def test_database_of_the_fixtures_is_a_storage(postgres_server):  # noqa: F811
    dsn = {"host": "127.0.0.1", "port": postgres_server.port, "user": "postgres", "database": "postgres"}
    config = make_database(SimpleNamespace(dsn=dsn))
    entry = {
        "storage": {"backend": "core.psql_dos", "config": {**config, "repository_uri": "file:///nowhere"}},
        "process_control": {},
    }
    assert PsqlDosBackend.version_profile(Profile("x", entry)) is None
    assert Postgres.from_profile(Profile("x", entry)).can_user_authenticate(
        config["database_username"], config["database_password"]
    )
