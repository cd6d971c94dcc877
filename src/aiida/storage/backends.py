"""`StorageBackend`: the public face of a store, and all that SQLite and PostgreSQL have in common beyond rows.

Opening a profile made by aiida-core converts nothing: our own tables are added beside the others if they are missing.
Entities are not known here; where the public surface gives some (`default_user`, `nodes`, …) they are found by entry
point.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, overload

import sqlalchemy as sa

from aiida import storage as front
from aiida.common import exceptions
from aiida.common.slots import find_autogroup
from aiida.graph.records import Row, SettingRow
from aiida.plugins.entry_point import load_entry_point
from aiida.storage import bulk, maintenance
from aiida.storage.migrate import find_way
from aiida.storage.schema import ENGINE_VERSION, GRAPH_VERSION, engine_metadata
from aiida.storage.statistics import CreationStatistics
from aiida.storage.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from aiida.common.profile import Profile
    from aiida.graph.queryspec import QuerySpec
    from aiida.orm.autogroup import AutogroupManager
    from aiida.repository.backend.abstract import AbstractRepositoryBackend
    from aiida.storage.query.execution import Execution

LOGGER = logging.getLogger(__name__)

REPOSITORY_UUID_KEY = "repository|uuid"
# Key of the lock that PostgreSQL holds while tables are made (SQLite locks the database): any number that is ours alone.
_LOCK = 0x7261_6461


class LateModel:
    """The class attribute `CliModel`: the model of that name behind the front door, imported when it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        return getattr(front, self._name)


class StorageBackend(Store):
    """A store for a profile, with what the public interface promises."""

    read_only: bool = False
    _engine: sa.Engine
    # Names of orm's collections, by entry point of the group `aiida.orm`.
    _COLLECTIONS: ClassVar[dict[str, str]] = {}

    def __str__(self) -> str:
        state = "closed" if self.is_closed else "open"
        return f"{type(self).__name__}[{self._place}]: {state}, {self.version_head()}"

    @property
    def _place(self) -> str:
        """Where the data are, for people; never with a password."""
        return self.profile.name

    def version(self) -> str:
        """Return the schema version of this storage."""
        found = self.version_profile(self.profile)
        if found is None:
            raise exceptions.UnreachableStorage(f"{self._place} holds no storage")
        return found

    # Life of a storage.

    @classmethod
    def version_head(cls) -> str:
        """Return the schema version that this release works with."""
        return GRAPH_VERSION

    @classmethod
    def version_profile(cls, profile: Profile) -> str | None:
        """Return the schema version of a profile's storage, None if it was never initialised."""
        raise NotImplementedError

    @classmethod
    def initialise(cls, profile: Profile, reset: bool = False) -> bool:
        """Make the storage of a profile and return True; False if it is there. With `reset`, empty it first."""
        raise NotImplementedError

    @classmethod
    def migrate(cls, profile: Profile) -> None:
        """Bring the storage of a profile to the schema of this release."""
        raise NotImplementedError

    def delete(self, kind: type[Row] | None = None, ids: Iterable[int] = ()) -> int:
        """Delete rows by kind and id and return how many there were; without a kind, the storage with all data."""
        if kind is not None:
            return self.delete_rows(kind, ids)
        self._delete_storage()
        return 0

    def _delete_storage(self) -> None:
        """Close, and delete everything."""
        raise exceptions.InvalidOperation(f"{type(self).__name__} cannot delete its data")

    def _clear(self) -> None:
        """Delete all rows and objects, and keep the empty storage."""
        maintenance.clear(self)

    # Files.

    def get_repository(self) -> AbstractRepositoryBackend:
        """Return the object store of this storage."""
        raise NotImplementedError

    @cached_property
    def repository(self) -> AbstractRepositoryBackend:  # type: ignore[override]
        """The object store of this storage."""
        return self.get_repository()

    # Opening.

    def _check_version(self, found: str | None) -> None:
        """Refuse a storage that another schema version wrote."""
        if found is None:
            raise exceptions.UnreachableStorage(
                f"the storage of profile `{self.profile.name}` at {self._place} has not been initialised; "
                "make the profile again with `verdi profile setup`"
            )
        check_version(found, self.version_head(), self.profile.name)

    def _check_container_at(self, path: Path, found: str | None) -> None:
        """Refuse a container at `path`, `found` to be this one, that belongs to another database: its objects would all be missing."""
        if found is None:
            raise exceptions.CorruptStorage(
                f"there is no container of objects at `{path}`: the files of the profile's nodes. Put the folder back if it was moved; "
                "else restore it from a backup, together with the database"
            )
        rows = self.find(SettingRow, key=REPOSITORY_UUID_KEY)
        if rows and rows[0].val != found:
            raise exceptions.CorruptStorage(
                f"the database belongs to the container {rows[0].val}, but `{path}` is {found}: "
                "one of the two was replaced; restore both from the same backup"
            )

    def _add_engine_tables(self) -> None:
        """Make our own tables beside AiiDA's if they are not there."""
        try:
            with self.reading() as connection:
                known = connection.exec_driver_sql("SELECT version_num FROM radames_version").scalar()
        except (sa.exc.SQLAlchemyError, exceptions.AiidaException):
            known = None
        if known == ENGINE_VERSION:
            return
        if known is not None:
            raise exceptions.IncompatibleStorageSchema(
                f"the journals of profile `{self.profile.name}` have the version `{known}`, this release works with `{ENGINE_VERSION}`: "
                "install the release that wrote them (`pip install --upgrade radames`); this one leaves them as they are"
            )
        with self.transaction() as transaction:
            create_engine_tables(transaction.connection)

    # The public surface over rows.

    def get_global_variable(self, key: str) -> Any:
        """Return a value of the profile; KeyError if it was never set."""
        return self.get_setting(key)

    def set_global_variable(self, key: str, value: Any, description: str | None = None, overwrite: bool = True) -> None:
        """Set a value of the profile; ValueError if it is set and `overwrite` is False."""
        with self.transaction():
            if not overwrite and self.has_setting(key):
                raise ValueError(f"The setting {key} already exists")
            self.set_setting(key, value, description)

    def bulk_insert(self, entity_type: Enum, rows: list[dict[str, Any]], allow_defaults: bool = False) -> list[int]:
        """Insert rows given as dictionaries and return their ids."""
        return bulk.bulk_insert(self, bulk.kind_of(entity_type), rows, allow_defaults)

    def bulk_update(self, entity_type: Enum, rows: list[dict[str, Any]]) -> None:
        """Update rows given as dictionaries with `id`."""
        bulk.bulk_update(self, bulk.kind_of(entity_type), rows)

    def delete_nodes_and_connections(self, pks_to_delete: Iterable[int]) -> None:
        """Delete nodes with their links, memberships, comments and logs."""
        self.delete_nodes(pks_to_delete)

    def get_unreferenced_keyset(self, check_consistency: bool = True) -> set[str]:
        """Return the keys of objects that no node names."""
        return maintenance.find_unreferenced(self, check_consistency)

    def maintain(self, full: bool = False, dry_run: bool = False, **kwargs: Any) -> None:
        """Tidy up; `full` needs the storage for itself."""
        maintenance.maintain(self, full, dry_run, **kwargs)

    def find_damage(self) -> list[str]:
        """Read everything and return what is wrong, in words; nothing if all is well."""
        return maintenance.find_damage(self)

    def _find_database_damage(self) -> Iterable[str]:
        """Yield what is wrong with the database itself."""
        return ()

    @classmethod
    def find_way(cls, found: str, profile: str) -> str:
        """Say how a storage of an older or newer version comes to be opened by this release."""
        return find_way(found, cls.version_head(), profile)

    def get_info(self, detailed: bool = False) -> dict[str, Any]:
        """Return facts for people about entities and files."""
        return {
            "entities": self.get_orm_entities(detailed=detailed),
            "repository": self.repository.get_info(detailed),
        }

    def get_orm_entities(self, detailed: bool = False) -> dict[str, Any]:
        """Return the number of entities of each kind, with more about them if `detailed`."""
        return maintenance.count_entities(self, detailed)

    def backup(self, dest: str, keep: int | None = None) -> None:
        """Copy the storage, consistent in itself, to a folder `dest`; keep the last `keep` copies beside it."""
        raise NotImplementedError(f"{type(self).__name__} has no backup")

    def _vacuum(self) -> None:
        """Let the database give back unused space and refresh its statistics."""

    # Queries.

    @overload
    def query(self, spec: QuerySpec) -> Execution: ...

    @overload
    def query(self) -> CreationStatistics: ...

    def query(self, spec: QuerySpec | None = None) -> Execution | CreationStatistics:
        """Return a query that is compiled and ready to run; without one, what else can be asked about all nodes."""
        return CreationStatistics(self) if spec is None else super().query(spec)

    def get_session(self) -> Session:
        """Return a session of SQLAlchemy on a connection of its own, for SQL of one's own; rows are no objects of it."""
        from sqlalchemy.orm import Session  # late: nothing else needs it

        engine = self._engine.execution_options()
        if self.dialect.name == "sqlite":  # whose driver is told to begin no transaction by itself
            begin = "BEGIN" if self.read_only else "BEGIN IMMEDIATE"
            sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return Session(engine)

    # Entities, by name.

    @property
    def autogroup(self) -> AutogroupManager:
        """What decides whether new nodes go into the automatic group."""
        return find_autogroup.get()(self)

    def _collection(self, name: str) -> Any:
        return load_entry_point("aiida.orm", name).get_collection(self)

    @property
    def default_user(self) -> Any:
        """The user that owns what is made, None if the profile names none."""
        return self._collection("core.user").get_default()

    def reset_default_user(self) -> None:
        """Look the default user up again the next time."""
        reset = getattr(self._collection("core.user"), "reset", None)
        if reset is not None:
            reset()

    @property
    def authinfos(self) -> Any:
        """The authorisations, as entities."""
        return self._collection("core.auth_info")

    @property
    def comments(self) -> Any:
        """The comments, as entities."""
        return self._collection("core.comment")

    @property
    def computers(self) -> Any:
        """The computers, as entities."""
        return self._collection("core.computer")

    @property
    def groups(self) -> Any:
        """The groups, as entities."""
        return self._collection("core.group")

    @property
    def logs(self) -> Any:
        """The logs, as entities."""
        return self._collection("core.log")

    @property
    def nodes(self) -> Any:
        """The nodes, as entities."""
        return self._collection("core.node")

    @property
    def users(self) -> Any:
        """The users, as entities."""
        return self._collection("core.user")


StorageBackend.__module__ = "aiida.orm.implementation.storage_backend"


def check_version(found: str, head: str, profile: str) -> None:
    """Refuse a schema version other than `head`, and say how to go on."""
    if found != head:
        raise exceptions.IncompatibleStorageSchema(
            f"Database schema version `{found}` is incompatible with the required schema version `{head}`. {find_way(found, head, profile)}"
        )


def create_engine_tables(connection: sa.Connection) -> None:
    """Make the tables of the journal and its neighbours, and note their version; several may try at once."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    engine_metadata.create_all(connection)
    connection.exec_driver_sql("DELETE FROM radames_version")
    connection.exec_driver_sql(f"INSERT INTO radames_version (version_num) VALUES ('{ENGINE_VERSION}')")


def stamp_graph_version(connection: sa.Connection, version: str = GRAPH_VERSION) -> None:
    """Write the version of AiiDA's tables where aiida-core looks for it."""
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql("DELETE FROM alembic_version")
    connection.exec_driver_sql(f"INSERT INTO alembic_version (version_num) VALUES ('{version}')")
