"""What is done to a storage as a whole: count, find what nobody names, tidy up, empty, delete nodes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from aiida.common import exceptions
from aiida.common.log import AIIDA_LOGGER
from aiida.storage import schema
from aiida.storage.dialect import db_now, from_json

if TYPE_CHECKING:
    from aiida.storage.backends import StorageBackend

LOGGER = AIIDA_LOGGER.getChild("storage")

# A worker beats every second; after so many seconds without a beat it is not counted as using the profile.
_LIFE_SIGN = 15.0

_COUNTED: tuple[tuple[str, sa.Table], ...] = (
    ("Users", schema.user),
    ("Computers", schema.computer),
    ("Nodes", schema.node),
    ("Groups", schema.group),
    ("Comments", schema.comment),
    ("Logs", schema.log),
    ("Links", schema.link),
)


def count_entities(store: StorageBackend, detailed: bool) -> dict[str, Any]:
    """Return the number of entities of each kind, with more about them if `detailed`."""
    found: dict[str, Any] = {}
    with store.reading() as connection:

        def distinct(column: sa.Column[Any]) -> list[Any]:
            values = connection.execute(sa.select(column).distinct().order_by(column)).scalars()
            return [value for value in values if value]

        for name, table in _COUNTED:
            found[name] = {"count": connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()}
        if detailed:
            first, last = connection.execute(
                sa.select(sa.func.min(schema.node.c.ctime), sa.func.max(schema.node.c.ctime))
            ).one()
            found["Users"]["emails"] = distinct(schema.user.c.email)
            found["Computers"]["labels"] = distinct(schema.computer.c.label)
            found["Nodes"] |= {
                "first_created": str(first),
                "last_created": str(last),
                "node_types": distinct(schema.node.c.node_type),
                "process_types": distinct(schema.node.c.process_type),
            }
            found["Groups"]["type_strings"] = distinct(schema.group.c.type_string)
    return found


def find_referenced(store: StorageBackend) -> set[str]:
    """Return the keys of all objects that nodes name."""
    keys: set[str] = set()

    def visit(tree: dict[str, Any]) -> None:
        if "k" in tree:
            keys.add(tree["k"])
        for below in tree.get("o", {}).values():
            visit(below)

    with store.reading() as connection:
        # As text, so that one statement serves both databases.
        column = sa.cast(schema.node.c.repository_metadata, sa.Text)
        for text in connection.execute(sa.select(column).where(column != "{}")).scalars():
            visit(from_json(text))
    return keys


def find_unreferenced(store: StorageBackend, check_consistency: bool = True) -> set[str]:
    """Return the keys of objects that no node names; IntegrityError if a node names one that is missing."""
    there = set(store.repository.list_objects())
    named = find_referenced(store)
    if check_consistency and (missing := named - there):
        raise exceptions.IntegrityError(
            f"{len(missing)} objects that nodes refer to are missing in the repository, for example {sorted(missing)[:3]}: "
            "nothing is deleted; restore them from a backup, or look with `verdi storage integrity`"
        )
    return there - named


def find_damage(store: StorageBackend) -> list[str]:
    """Return what is wrong with a storage, in words: its database, objects that are missing, objects whose content is not what it was."""
    found = list(store._find_database_damage())
    missing = find_referenced(store) - set(store.repository.list_objects())
    found += [f"the object {key}, which nodes refer to, is missing in the repository" for key in sorted(missing)]
    for kind, keys in store.repository.find_damage().items():
        found += [f"the object {key} in the repository is damaged ({kind.replace('_', ' ')})" for key in keys]
    return found


def maintain(store: StorageBackend, full: bool, dry_run: bool, **kwargs: Any) -> None:
    """Pack objects; with `full`, when nobody else uses the storage, also delete orphans, repack and vacuum.

    Orphans are left alone otherwise: files are put *before* the row that names them is committed, so an object without
    a row may belong to a node that is being stored at this moment.
    """
    repository = store.repository
    kwargs.pop("live", None)  # the opposite of `full`
    if full:
        check_alone(store)
        orphans = find_unreferenced(store)
        LOGGER.report("Deleting %d unreferenced objects ...", len(orphans))
        if orphans and not dry_run:
            repository.delete_objects(sorted(orphans))
    else:
        kwargs = {name: value for name, value in kwargs.items() if name not in ("do_repack", "clean_storage", "do_vacuum")}
    repository.maintain(dry_run=dry_run, live=not full, **kwargs)
    if full:
        LOGGER.report("Vacuuming the database ...")
        if not dry_run:
            store._vacuum()


def check_alone(store: StorageBackend) -> None:
    """Refuse if a worker of another process showed a sign of life just now.

    A courtesy to those who forgot their daemon; who else may use the profile is known to `aiida.manage.profile_access`.
    """
    table = schema.worker
    recent = sa.select(table.c.host, table.c.pid).where(table.c.beat_at > db_now() - _LIFE_SIGN)
    with store.reading() as connection:
        alive = [(host, pid) for host, pid in connection.execute(recent) if pid != os.getpid()]
    if alive:
        raise exceptions.LockingProfileError(
            f"profile `{store.profile.name}` is in use by the processes {', '.join(f'{pid} on {host}' for host, pid in alive)}: "
            "stop its daemon (`verdi daemon stop`), shells and notebooks first"
        )


def clear(store: StorageBackend) -> None:
    """Delete all rows but the settings, and all objects."""
    tables = [*reversed(schema.graph_metadata.sorted_tables), *reversed(schema.engine_metadata.sorted_tables)]
    with store.transaction() as transaction:
        for table in tables:
            if table not in (schema.setting, schema.version):
                transaction.execute(f"DELETE FROM {table.name}")
    repository = store.repository
    repository.delete_objects(list(repository.list_objects()))
