"""Every table of a profile, for SQLite, PostgreSQL and the archive: one MetaData each for AiiDA's and for ours.

``graph_metadata`` is AiiDA's schema ``main_0002`` to the letter: names, types, constraints, indexes, so that either
implementation opens what the other made. ``engine_metadata`` is the journal and its neighbours; these tables stand
beside AiiDA's, carry no foreign key to them, and have a version table of their own (``radames_version``).
Rejected: SQLAlchemy ORM classes (sessions and identity maps leak to users and threads).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from aiida.graph.records import (
    AuthInfoRow,
    CommentRow,
    ComputerRow,
    GroupNodeRow,
    GroupRow,
    LinkRow,
    LogRow,
    NodeRow,
    Row,
    SettingRow,
    UserRow,
)
from aiida.storage.types import Moment, Uuid

GRAPH_VERSION = "main_0002"
ARCHIVE_VERSION = "main_0001"
ENGINE_VERSION = "radames_0001"

# The names that alembic derived for aiida-core: constraints and indexes must be found under them by its migrations.
_CONVENTION = {
    "pk": "%(table_name)s_pkey",
    "ix": "ix_%(table_name)s_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
}

graph_metadata = sa.MetaData(naming_convention=_CONVENTION)
engine_metadata = sa.MetaData()

Json = sa.JSON().with_variant(JSONB(), "postgresql")
# A journal entry is read back as it was written (order of keys, any character), hence not JSONB.
PlainJson = sa.JSON()


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _text(name: str, length: int | None = None, **options: Any) -> sa.Column[str]:
    """A column of text that is never null; an index on it also serves LIKE 'x%' on PostgreSQL."""
    return sa.Column(name, sa.String(length) if length else sa.Text, nullable=False, **options)


def _reference(name: str, target: str, ondelete: str | None = None, *, null: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey(target, ondelete=ondelete, deferrable=True, initially="DEFERRED")
    return sa.Column(name, sa.Integer, key, nullable=null, index=True)


def _like_index(table: sa.Table, column: str) -> None:
    """Add the index for prefix searches that PostgreSQL needs in other locales than C."""
    name = f"ix_pat_{table.name}_{column}"
    index = sa.Index(name, table.c[column], postgresql_using="btree", postgresql_ops={column: "varchar_pattern_ops"})
    index.ddl_if(dialect="postgresql")


user = sa.Table(
    "db_dbuser",
    graph_metadata,
    _id(),
    _text("email", 254, unique=True),
    _text("first_name", 254),
    _text("last_name", 254),
    _text("institution", 254),
)

computer = sa.Table(
    "db_dbcomputer",
    graph_metadata,
    _id(),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    _text("label", 255, unique=True),
    _text("hostname", 255),
    _text("description"),
    _text("scheduler_type", 255),
    _text("transport_type", 255),
    sa.Column("metadata", Json, nullable=False),
)

authinfo = sa.Table(
    "db_dbauthinfo",
    graph_metadata,
    _id(),
    _reference("aiidauser_id", "db_dbuser.id", "CASCADE"),
    _reference("dbcomputer_id", "db_dbcomputer.id", "CASCADE"),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("auth_params", Json, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.UniqueConstraint("aiidauser_id", "dbcomputer_id"),
)

node = sa.Table(
    "db_dbnode",
    graph_metadata,
    _id(),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    _text("node_type", 255, index=True),
    sa.Column("process_type", sa.String(255), index=True),
    _text("label", 255, index=True),
    _text("description"),
    sa.Column("ctime", Moment, nullable=False, index=True),
    sa.Column("mtime", Moment, nullable=False, index=True),
    sa.Column("attributes", Json),
    sa.Column("extras", Json),
    sa.Column("repository_metadata", Json, nullable=False),
    _reference("dbcomputer_id", "db_dbcomputer.id", "RESTRICT", null=True),
    _reference("user_id", "db_dbuser.id", "RESTRICT"),
)

link = sa.Table(
    "db_dblink",
    graph_metadata,
    _id(),
    _reference("input_id", "db_dbnode.id"),
    _reference("output_id", "db_dbnode.id", "CASCADE"),
    _text("label", 255, index=True),
    _text("type", 255, index=True),
)

group = sa.Table(
    "db_dbgroup",
    graph_metadata,
    _id(),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    _text("label", 255, index=True),
    _text("type_string", 255, index=True),
    sa.Column("time", Moment, nullable=False),
    _text("description"),
    sa.Column("extras", Json, nullable=False),
    _reference("user_id", "db_dbuser.id", "CASCADE"),
    sa.UniqueConstraint("label", "type_string"),
)

group_node = sa.Table(
    "db_dbgroup_dbnodes",
    graph_metadata,
    _id(),
    _reference("dbnode_id", "db_dbnode.id"),
    _reference("dbgroup_id", "db_dbgroup.id"),
    sa.UniqueConstraint("dbgroup_id", "dbnode_id"),
)

comment = sa.Table(
    "db_dbcomment",
    graph_metadata,
    _id(),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    _reference("dbnode_id", "db_dbnode.id", "CASCADE"),
    sa.Column("ctime", Moment, nullable=False),
    sa.Column("mtime", Moment, nullable=False),
    _reference("user_id", "db_dbuser.id", "CASCADE"),
    _text("content"),
)

log = sa.Table(
    "db_dblog",
    graph_metadata,
    _id(),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("time", Moment, nullable=False),
    _text("loggername", 255, index=True),
    _text("levelname", 50, index=True),
    _reference("dbnode_id", "db_dbnode.id", "CASCADE"),
    _text("message"),
    sa.Column("metadata", Json, nullable=False),
)

setting = sa.Table(
    "db_dbsetting",
    graph_metadata,
    _id(),
    _text("key", 1024, unique=True),
    sa.Column("val", Json),
    _text("description"),
    sa.Column("time", Moment, nullable=False),
)

TABLES: dict[type[Row], sa.Table] = {
    UserRow: user,
    ComputerRow: computer,
    AuthInfoRow: authinfo,
    NodeRow: node,
    LinkRow: link,
    GroupRow: group,
    GroupNodeRow: group_node,
    CommentRow: comment,
    LogRow: log,
    SettingRow: setting,
}

for _table, _columns in (
    (user, ["email"]),
    (computer, ["label"]),
    (node, ["label", "node_type", "process_type"]),
    (link, ["label", "type"]),
    (group, ["label", "type_string"]),
    (log, ["levelname", "loggername"]),
    (setting, ["key"]),
):
    for _column in _columns:
        _like_index(_table, _column)


# --- ours: PROTOCOL.md section 2 ------------------------------------------------------------------------------------


def _number(name: str, default: int | None = None, **options: Any) -> sa.Column[int]:
    """A 64-bit number; null only where no default is given and the caller says so."""
    if default is not None:
        options["server_default"] = sa.text(str(default))
    options.setdefault("nullable", False)
    return sa.Column(name, sa.BigInteger, **options)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def _row_id() -> sa.Column[int]:
    """A key that the database gives; on SQLite only INTEGER is the row id."""
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False, nullable=False)


event = sa.Table(
    "event",
    engine_metadata,
    _key("process"),
    _key("seq"),
    _text("kind"),
    sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
    sa.Column("data", PlainJson, nullable=False),
    _number("epoch", 0),
    sa.Column("at", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)

task = sa.Table(
    "task",
    engine_metadata,
    _key("process"),
    _flag("ready"),
    _flag("paused"),
    sa.Column("due_at", sa.Double),
    _number("awaiting", 0),
    _number("caller", nullable=True),
    _number("rides", nullable=True),
    _number("home", nullable=True),
    _number("priority", 0),
    _number("lane", 0),
    _number("slot", 0),
    _number("owner", nullable=True),
    _number("epoch", 0),
    _number("seq", 0),
    _number("deaths", 0),
    postgresql_with={"fillfactor": 70},
)


def _partial(name: str, condition: str, *columns: Any) -> None:
    sa.Index(name, *columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


_partial("ix_task_ready", "ready AND NOT paused AND owner IS NULL", task.c.lane, task.c.priority.desc(), task.c.process)
_partial("ix_task_owner", "owner IS NOT NULL", task.c.owner)
_partial("ix_task_due_at", "due_at IS NOT NULL", task.c.due_at)
_partial("ix_task_home", "home IS NOT NULL", task.c.home)
_partial("ix_task_slot", "slot <> 0", task.c.slot)
sa.Index("ix_task_caller", task.c.caller)

wait = sa.Table("wait", engine_metadata, _key("target"), _key("waiter"), sqlite_with_rowid=False)
sa.Index("ix_wait_waiter", wait.c.waiter)

inbox = sa.Table(
    "inbox",
    engine_metadata,
    _row_id(),
    _number("process"),
    _text("command"),
    sa.Column("data", PlainJson),
    sa.Column("at", sa.Double),
    sqlite_autoincrement=True,
)
sa.Index("ix_inbox_process", inbox.c.process)

worker = sa.Table(
    "worker",
    engine_metadata,
    _row_id(),
    _text("host"),
    _number("pid"),
    _number("beat", 0),
    sa.Column("beat_at", sa.Double),
    _text("kind", server_default=""),
    sqlite_autoincrement=True,  # an id is never used twice: a late write of a dead worker must meet nobody
)

bound = sa.Table("bound", engine_metadata, _row_id(), _text("name", unique=True), _number("max"))

lane = sa.Table("lane", engine_metadata, _row_id(), _text("bounds", unique=True))

lane_bound = sa.Table("lane_bound", engine_metadata, _key("lane"), _key("bound"))
sa.Index("ix_lane_bound_bound", lane_bound.c.bound)

login = sa.Table(
    "login",
    engine_metadata,
    _row_id(),
    _number("computer"),
    _number("user"),
    _number("owner", nullable=True),
    _number("epoch", 0),
    sa.Column("next_poll", sa.Double, nullable=False, server_default=sa.text("0")),
    _number("failures", 0),
    sa.Column("open_after", sa.Double),
    sa.Column("reason", sa.Text),
    sa.UniqueConstraint("computer", "user"),
)

hook = sa.Table("hook", engine_metadata, _key("process"), _number("owner", nullable=True), _number("epoch", 0))

job = sa.Table(
    "job",
    engine_metadata,
    _key("process"),
    _number("login", nullable=True),
    _number("attempt", 0),
    sa.Column("dir", sa.Text),
    sa.Column("jobid", sa.Text),
    sa.Column("state", sa.Text),
    _number("misses", 0),
)
sa.Index("ix_job_login", job.c.login)

version = sa.Table("radames_version", engine_metadata, sa.Column("version_num", sa.String(32), primary_key=True))

# Tables whose rows belong to one process: emptied for a node that is deleted.
OF_PROCESS: tuple[sa.Column[int], ...] = (
    event.c.process,
    task.c.process,
    wait.c.target,
    wait.c.waiter,
    inbox.c.process,
    hook.c.process,
    job.c.process,
)
