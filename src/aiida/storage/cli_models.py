"""What each storage asks when a profile is set up, as pydantic models: their public name is `CliModel` of the class.

They stand apart because pydantic takes as long to import as all of this package, and opening a profile needs none of it.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aiida.common.paths import AiiDAConfigDir

__all__ = ("PsqlDosModel", "SqliteDosModel", "SqliteTempModel", "SqliteZipModel")


def _default_folder() -> str:
    return str(AiiDAConfigDir.get() / "repository" / f"sqlite_dos_{uuid4().hex}")


class SqliteDosModel(BaseModel):
    """What `verdi profile setup core.sqlite_dos` asks."""

    model_config = ConfigDict(title="SqliteDosStorageCliModel")

    filepath: str = Field(
        default_factory=_default_folder,
        title="Directory of the backend",
        description="Filepath of the directory in which to store data for this backend.",
    )

    @field_validator("filepath")
    @classmethod
    def _absolute(cls, value: str) -> str:
        return str(Path(value).expanduser().resolve())


class SqliteTempModel(BaseModel):
    """What a temporary storage needs to know."""

    model_config = ConfigDict(title="SqliteTempBackendCliModel")

    filepath: str = Field(
        default_factory=mkdtemp,
        title="Temporary directory",
        description="Temporary directory in which to store data for this backend.",
    )


class SqliteZipModel(BaseModel):
    """What an archive as a storage needs to know."""

    model_config = ConfigDict(title="SqliteZipBackendCliModel")

    filepath: str = Field(title="Filepath of the archive", description="Filepath of the archive.")

    @field_validator("filepath")
    @classmethod
    def _exists(cls, value: str) -> str:
        if not Path(value).exists():
            raise ValueError(f"there is no archive at `{value}`")
        return str(Path(value).resolve())


class PsqlDosModel(BaseModel):
    """What `verdi profile setup core.psql_dos` asks."""

    model_config = ConfigDict(title="PsqlDosBackendCliModel")

    database_engine: str = Field(
        "postgresql_psycopg",
        title="PostgreSQL engine",
        description="The engine to use to connect to the database.",
    )
    database_hostname: str = Field(
        "localhost", title="PostgreSQL hostname", description="The hostname of the PostgreSQL server."
    )
    database_port: int = Field(5432, title="PostgreSQL port", description="The port of the PostgreSQL server.")
    database_username: str = Field(
        title="PostgreSQL username", description="The username with which to connect to the PostgreSQL server."
    )
    database_password: str = Field(
        title="PostgreSQL password", description="The password with which to connect to the PostgreSQL server."
    )
    database_name: str = Field(
        title="PostgreSQL database name", description="The name of the database in the PostgreSQL server."
    )
    repository_uri: str = Field(title="File repository URI", description="URI to the file repository.")


for _model, _home in (
    (SqliteDosModel, "aiida.storage.sqlite_dos.backend.SqliteDosStorage"),
    (SqliteTempModel, "aiida.storage.sqlite_temp.backend.SqliteTempBackend"),
    (SqliteZipModel, "aiida.storage.sqlite_zip.backend.SqliteZipBackend"),
    (PsqlDosModel, "aiida.storage.psql_dos.backend.PsqlDosBackend"),
):
    _model.__module__, _, _owner = _home.rpartition(".")
    _model.__name__, _model.__qualname__ = "CliModel", f"{_owner}.CliModel"
