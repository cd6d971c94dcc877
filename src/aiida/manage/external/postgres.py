"""Databases and users of a PostgreSQL server, made for somebody who sets up a profile.

Works through the program `psql` as the server's superuser: as the user we are, with the connection that was given, or through `sudo`
as the system account `postgres`. Rejected: a client library here (it lives in `storage`, and cannot become another system user).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import ConfigurationError

if TYPE_CHECKING:
    from aiida.common.profile import Profile

__all__ = ("Postgres", "PostgresError", "manual_setup_instructions")

DEFAULT_DBINFO: dict[str, Any] = {
    "host": "localhost",
    "port": 5432,
    "user": "postgres",
    "password": None,
    "database": "template1",
}


class PostgresError(ConfigurationError):
    """The server could not be reached, or refused."""


def manual_setup_instructions(db_username: str, db_name: str) -> str:
    """Return what an administrator has to type to make user and database by hand."""
    return (
        "Run as the superuser of PostgreSQL (for instance in `sudo su postgres -c psql`):\n\n"
        f"\tCREATE USER {_identifier(db_username)} PASSWORD '<password>';\n"
        f"\tCREATE DATABASE {_identifier(db_name)} OWNER {_identifier(db_username)} ENCODING 'UTF8' "
        "LC_COLLATE='en_US.UTF-8' LC_CTYPE='en_US.UTF-8' TEMPLATE=template0;\n"
        f"\tGRANT ALL PRIVILEGES ON DATABASE {_identifier(db_name)} TO {_identifier(db_username)};\n"
    )


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class Postgres:
    """Administers a server. The way to become its superuser is found at the first use."""

    def __init__(
        self,
        dbinfo: Mapping[str, Any] | None = None,
        interactive: bool = False,
        quiet: bool = True,
        determine_setup: bool = True,
    ) -> None:
        self._dbinfo: dict[str, Any] = {
            **DEFAULT_DBINFO,
            **{key: value for key, value in (dbinfo or {}).items() if value is not None},
        }
        self._given = bool(dbinfo)
        self.interactive = interactive
        self.quiet = quiet
        self._prefix: list[str] | None = None
        if determine_setup and shutil.which("psql") is None:
            raise PostgresError("the program `psql` is not installed: install the client of PostgreSQL")

    @classmethod
    def from_profile(cls, profile: Profile, **kwargs: Any) -> Postgres:
        """Return one for the server that a profile uses."""
        config = profile.storage_config
        dbinfo = {"host": config.get("database_hostname"), "port": config.get("database_port")}
        return cls(dbinfo=dbinfo, **kwargs)

    @property
    def dbinfo(self) -> dict[str, Any]:
        """How the server is reached."""
        return dict(self._dbinfo)

    @property
    def host_for_psycopg(self) -> str:
        """The host, as a client library wants it."""
        return str(self._dbinfo["host"])

    @property
    def port_for_psycopg(self) -> int:
        """The port, as a client library wants it."""
        return int(self._dbinfo["port"])

    @property
    def is_connected(self) -> bool:
        """Whether the server can be administered."""
        try:
            self._find_way()
        except PostgresError:
            return False
        return True

    # --- users

    def dbuser_exists(self, dbuser: str) -> bool:
        """Whether there is a user of this name."""
        return bool(self._execute(f"SELECT 1 FROM pg_roles WHERE rolname={_literal(dbuser)}"))

    def create_dbuser(self, dbuser: str, dbpass: str, privileges: str = "") -> None:
        """Make a user with a password."""
        self._execute(f"CREATE USER {_identifier(dbuser)} WITH PASSWORD {_literal(dbpass)} {privileges}")

    def drop_dbuser(self, dbuser: str) -> None:
        """Remove a user."""
        self._execute(f"DROP USER {_identifier(dbuser)}")

    def find_new_dbuser(self, start_from: str = "aiida") -> str:
        """Return a name that no user has: this one, or it with a number."""
        return _first_free(start_from, self.dbuser_exists)

    def can_user_authenticate(self, dbuser: str, dbpass: str) -> bool:
        """Whether the user can log in with this password."""
        command = self._command(dbuser, "template1")
        return self._run(command, "SELECT 1", dbpass).returncode == 0

    # --- databases

    def db_exists(self, dbname: str) -> bool:
        """Whether there is a database of this name."""
        return bool(self._execute(f"SELECT 1 FROM pg_database WHERE datname={_literal(dbname)}"))

    def create_db(self, dbuser: str, dbname: str) -> None:
        """Make a database that belongs to the user."""
        self._execute(
            f"CREATE DATABASE {_identifier(dbname)} OWNER {_identifier(dbuser)} ENCODING 'UTF8' TEMPLATE=template0"
        )
        self._execute(f"GRANT ALL PRIVILEGES ON DATABASE {_identifier(dbname)} TO {_identifier(dbuser)}")

    def drop_db(self, dbname: str) -> None:
        """Remove a database with all its data."""
        self._execute(f"DROP DATABASE {_identifier(dbname)}")

    def copy_db(self, src_db: str, dest_db: str, dbuser: str) -> None:
        """Make a database that is a copy of another one."""
        self._execute(
            f"CREATE DATABASE {_identifier(dest_db)} WITH TEMPLATE {_identifier(src_db)} OWNER {_identifier(dbuser)}"
        )

    def find_new_db(self, start_from: str = "aiida") -> str:
        """Return a name that no database has: this one, or it with a number."""
        return _first_free(start_from, self.db_exists)

    def create_dbuser_db_safe(self, dbname: str, dbuser: str, dbpass: str) -> tuple[str, str]:
        """Make user and database; where one exists that cannot be used, take another name. Returns (user, database)."""
        if not self.dbuser_exists(dbuser):
            self.create_dbuser(dbuser, dbpass)
        elif not self.can_user_authenticate(dbuser, dbpass):
            dbuser = self.find_new_dbuser(dbuser)
            self.create_dbuser(dbuser, dbpass)
        if self.db_exists(dbname):
            dbname = self.find_new_db(dbname)
        self.create_db(dbuser, dbname)
        return dbuser, dbname

    # --- psql

    def _execute(self, statement: str) -> list[str]:
        """Run one statement as superuser; return the rows that it gave."""
        result = self._run(self._find_way(), statement, self._dbinfo["password"])
        if result.returncode != 0:
            raise PostgresError(
                f"PostgreSQL refused `{statement.split('PASSWORD')[0].strip()}`: {result.stderr.strip()}"
            )
        return [line for line in result.stdout.splitlines() if line]

    def _find_way(self) -> list[str]:
        if self._prefix is None:
            ways = [self._command(self._dbinfo["user"], self._dbinfo["database"])]
            if not self._given:
                local = ["psql", "-d", "template1"]
                sudo = ["sudo", *([] if self.interactive else ["-n"]), "-u", "postgres"]
                ways += [local, *([[*sudo, *local]] if shutil.which("sudo") else [])]
            complaints = []
            for way in ways:
                result = self._run(way, "SELECT 1", self._dbinfo["password"])
                if result.returncode == 0:
                    self._prefix = way
                    break
                complaints.append(f"`{' '.join(way)}`: {result.stderr.strip()}")
            else:
                raise PostgresError(
                    "cannot become superuser of PostgreSQL. Is the server running? Tried:\n" + "\n".join(complaints)
                )
        return self._prefix

    def _command(self, user: str, database: str) -> list[str]:
        return ["psql", "-h", str(self._dbinfo["host"]), "-p", str(self._dbinfo["port"]), "-U", user, "-d", database]

    def _run(self, command: list[str], statement: str, password: str | None) -> subprocess.CompletedProcess[str]:
        options = ["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        environment = {**os.environ, "PGCONNECT_TIMEOUT": "5", **({"PGPASSWORD": password} if password else {})}
        # The statement goes through standard input: it may hold a password, which a command line would show to everybody.
        return subprocess.run(
            [*command, *options],
            input=statement + ";",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )


def _first_free(name: str, is_taken: Any) -> str:
    candidate, number = name, 0
    while is_taken(candidate):
        number += 1
        candidate = f"{name}_{number}"
    return candidate
