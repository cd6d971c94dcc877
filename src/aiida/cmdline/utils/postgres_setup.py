"""A role and a database for a new profile on a PostgreSQL server."""

from __future__ import annotations

import secrets
from typing import Any

from aiida.cmdline.utils import profiles
from aiida.manage.external.postgres import Postgres

__all__ = ("detect_postgres_config",)


def detect_postgres_config(profile_name: str, hostname: str, port: int, username: str, password: str | None, non_interactive: bool) -> dict[str, Any]:
    """Make a role and a database for the profile, and return how to reach them."""
    server = Postgres(dbinfo={"host": hostname, "port": port, "user": username, "password": password}, interactive=not non_interactive, quiet=False)
    if not server.is_connected:
        raise ConnectionError(f"no PostgreSQL server answers `{username}` at {hostname}:{port}")
    role, database = f"aiida-{profile_name}", f"aiida-{profile_name}"
    secret = secrets.token_hex(15)
    role, database = server.create_dbuser_db_safe(dbname=database, dbuser=role, dbpass=secret)
    return {
        "database_hostname": server.host_for_psycopg,
        "database_port": server.port_for_psycopg,
        "database_name": database,
        "database_username": role,
        "database_password": secret,
        "repository_uri": profiles.get_repository_path("psql_dos").as_uri(),
    }
