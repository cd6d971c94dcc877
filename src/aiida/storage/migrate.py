"""Bring AiiDA's tables of an older schema version to the present one: numbered steps, forward only.

Only what aiida-core 2.x can have left behind is known here; older profiles go through aiida-core 2 first.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa

from aiida.common import exceptions
from aiida.common.log import AIIDA_LOGGER

LOGGER = AIIDA_LOGGER.getChild("storage")

Step = Callable[[sa.Connection], None]


def _drop_hashes_of_jobs(connection: sa.Connection) -> None:
    """Hashes of jobs once covered the retrieved files; such a hash matches nothing that is computed now."""
    removed = "json_remove(extras, '$._aiida_hash')" if connection.dialect.name == "sqlite" else "extras - '_aiida_hash'"
    connection.exec_driver_sql(
        f"UPDATE db_dbnode SET extras = {removed} WHERE node_type = 'process.calculation.calcjob.CalcJobNode.'"
    )


# from → (to, what to do)
STEPS: dict[str, tuple[str, Step]] = {
    "main_0001": ("main_0002", _drop_hashes_of_jobs),
}


_NUMBERED = re.compile(r"main_(\d{4})\Z")
_LEGACY = re.compile(r"(django(_\d{4}a?)?|[0-9a-f]{11,12})\Z")  # revisions of AiiDA 1.x and before, of its two backends


def find_way(found: str, head: str, profile: str) -> str:
    """Say how a storage of the version `found` comes to `head`."""
    number, last = _NUMBERED.match(found), _NUMBERED.match(head)
    if found in STEPS:
        return f"Stop its daemon, make a backup, and run `verdi -p {profile} storage migrate`"
    if number and last and number[1] > last[1]:
        return "A newer release wrote it: install that release (`pip install --upgrade radames`) to open it; this one leaves it as it is"
    if _LEGACY.match(found):
        return (
            "AiiDA 1 or older wrote it. Make a backup, install aiida-core in an environment of its own "
            "(`python -m venv old; old/bin/pip install aiida-core==2.9.4`), migrate the profile there once "
            f"(`old/bin/verdi -p {profile} storage migrate`), and open it here again"
        )
    return "No release that is known writes this version: restore the storage from a backup"


def migrate_graph(connection: sa.Connection, head: str, profile: str) -> None:
    """Apply the steps that are missing, each in a transaction of its own; the version is written with it."""
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    while found != head:
        if found not in STEPS:
            raise exceptions.StorageMigrationError(
                f"profile `{profile}` has the schema version `{found}`, which this release cannot bring to `{head}`. "
                f"{find_way(str(found), head, profile)}"
            )
        target, step = STEPS[found]
        LOGGER.report("Migrating the database of profile `%s`: %s -> %s", profile, found, target)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        try:
            step(connection)
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{target}'")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
        found = target
