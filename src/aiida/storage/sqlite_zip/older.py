"""Archives of the first 2.x pre-releases (`main_0000` and its parts): the tables of today, with NULL where a value belongs.

Only a copy of the database is changed, the one taken out of the archive. Archives of 1.x (0.4 to 0.13) are not databases
at all; `verdi archive migrate` is for them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

LEGACY = tuple(f"0.{number}" for number in range(4, 14))
READABLE = frozenset(("main_0000", "main_0000a", "main_0000b", "main_0001"))

_EMPTY_TEXT = {
    "db_dbuser": ("first_name", "last_name", "institution"),
    "db_dbcomputer": ("hostname", "description", "scheduler_type", "transport_type"),
    "db_dbnode": ("label", "description"),
    "db_dbgroup": ("description",),
    "db_dblog": ("loggername", "levelname", "message"),
    "db_dbcomment": ("content",),
}
_EMPTY_OBJECT = {
    "db_dbcomputer": ("metadata",),
    "db_dbauthinfo": ("metadata", "auth_params"),
    "db_dblog": ("metadata",),
    "db_dbnode": ("attributes", "extras"),
}
_NOW = {"db_dbnode": ("ctime", "mtime"), "db_dbgroup": ("time",), "db_dblog": ("time",), "db_dbcomment": ("ctime", "mtime")}

# Rows that say nothing without the row they refer to.
_NEEDED = {
    "db_dbcomment": ("dbnode_id", "user_id"),
    "db_dbauthinfo": ("aiidauser_id", "dbcomputer_id"),
    "db_dbgroup_dbnodes": ("dbnode_id", "dbgroup_id"),
    "db_dblink": ("input_id", "output_id", "type"),
}
_FILLS = (
    *((table, columns, "''") for table, columns in _EMPTY_TEXT.items()),
    *((table, columns, "'{}'") for table, columns in _EMPTY_OBJECT.items()),
    *((table, columns, "strftime('%Y-%m-%d %H:%M:%f', 'now')") for table, columns in _NOW.items()),
    ("db_dbgroup", ("type_string",), "'core'"),
    ("db_dbauthinfo", ("enabled",), "1"),
)


def fill_nulls(database: Path) -> None:
    """Give every column of the database the value that it would have had from the beginning."""
    with closing(sqlite3.connect(database)) as connection:
        for table, columns in _NEEDED.items():
            connection.execute(f"DELETE FROM {table} WHERE {' OR '.join(f'{column} IS NULL' for column in columns)}")
        for table, columns, value in _FILLS:
            for column in columns:
                connection.execute(f"UPDATE {table} SET {column} = {value} WHERE {column} IS NULL")
        connection.commit()
