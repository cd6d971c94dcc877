"""Bring AiiDA's tables of an older schema version to the present one: numbered steps, forward only.

Only what aiida-core 2.x can have left behind is known here; older profiles go through aiida-core 2 first.
"""

from __future__ import annotations

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


def migrate_graph(connection: sa.Connection, head: str, profile: str) -> None:
    """Apply the steps that are missing, each in a transaction of its own; the version is written with it."""
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    while found != head:
        if found not in STEPS:
            raise exceptions.StorageMigrationError(
                f"profile `{profile}` has the schema version `{found}`, which this release cannot bring to `{head}`: "
                "a newer version needs a newer release; an older one is migrated with aiida-core 2.x first"
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
