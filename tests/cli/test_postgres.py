"""`verdi presto --use-postgres` and `verdi profile setup core.psql_dos` on a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aiida import orm
from aiida.manage import configuration, get_manager
from tests.postgres_server import Server, postgres_server  # noqa: F401 - a fixture

Good = Callable[..., str]
pytestmark = pytest.mark.real("postgres")


def test_presto_makes_role_database_and_profile(good: Good, postgres_server: Server) -> None:  # noqa: F811
    port = str(postgres_server.port)
    output = good("presto", "-n", "-p", "pg", "--use-postgres", "--postgres-hostname", "127.0.0.1", "--postgres-port", port)
    assert "Keeping the data in PostgreSQL." in output and "Created new profile `pg`." in output
    profile = configuration.get_config().get_profile("pg")
    assert profile.storage_backend == "core.psql_dos"
    assert str(profile.storage_config["database_port"]) == port
    assert profile.process_control_backend == "core.zeromq"
    assert orm.load_computer("localhost").is_configured
    assert "Total results: 0" in good("-p", "pg", "process", "list")
    assert "PsqlDosBackend" in good("-p", "pg", "status")
    good("-p", "presto", "profile", "delete", "-f", "--delete-data", "pg")


def test_setup_on_a_database_that_is_there(good: Good, postgres_server: Server, tmp_path: Path) -> None:  # noqa: F811
    config = postgres_server.make_database()
    words = [f"--{key.replace('_', '-')}={value}" for key, value in config.items() if key.startswith("database")]
    user = ["--email", "a@b.ch", "--first-name", "A", "--last-name", "B", "--institution", "C"]
    folder = (tmp_path / "files").as_uri()
    good("profile", "setup", "core.psql_dos", "-n", "-p", "mine", "--no-set-as-default", "--repository-uri", folder, *words, *user)
    assert "main_0002" in good("-p", "mine", "storage", "version")
    get_manager().load_profile("presto", allow_switch=True)
    good("-p", "presto", "profile", "delete", "-f", "--keep-data", "mine")


def test_wrong_database_is_one_message(bad: Good, postgres_server: Server, tmp_path: Path) -> None:  # noqa: F811
    output = bad(
        "profile", "setup", "core.psql_dos", "-n", "-p", "wrong", "--database-port", str(postgres_server.port), "--database-username", "nobody",
        "--database-password", "x", "--database-name", "nothing", "--repository-uri", (tmp_path / "f").as_uri(), "--email", "a@b.ch",
        "--first-name", "A", "--last-name", "B", "--institution", "C", code=1,
    )  # fmt: skip
    assert "cannot make the profile `wrong`" in output and "Nothing was changed in the configuration" in output
    assert "wrong" not in configuration.get_config().profile_names
