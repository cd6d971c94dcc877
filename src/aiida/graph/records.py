"""One record per database row: what the store takes and gives, whatever the database.

Field names are the column names of the AiiDA schema. ``id`` is ``None`` until the row is inserted, times are
aware UTC datetimes, a ``uuid`` is dashed text. There is no other representation of a row below the public classes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from os import urandom
from typing import Any, TypeVar

from msgspec import Struct, field


def new_uuid() -> str:
    """Return a random uuid (version 4) as dashed text; without an object of `uuid.UUID`, which takes twice the time."""
    digits = urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def utc_now() -> datetime:
    """Return the present moment as an aware UTC datetime."""
    return datetime.now(UTC)


class Row(Struct, kw_only=True):
    """A row of any table."""

    id: int | None = None


class UserRow(Row, kw_only=True):
    """A person who owns nodes (``db_dbuser``)."""

    email: str
    first_name: str = ""
    last_name: str = ""
    institution: str = ""


class ComputerRow(Row, kw_only=True):
    """A machine where calculations run (``db_dbcomputer``)."""

    uuid: str = field(default_factory=new_uuid)
    label: str
    hostname: str = ""
    description: str = ""
    scheduler_type: str = ""
    transport_type: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


class AuthInfoRow(Row, kw_only=True):
    """How a user logs in to a computer (``db_dbauthinfo``)."""

    aiidauser_id: int
    dbcomputer_id: int
    metadata: dict[str, Any] = field(default_factory=dict)
    auth_params: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True


class NodeRow(Row, kw_only=True):
    """A node of the graph (``db_dbnode``)."""

    uuid: str = field(default_factory=new_uuid)
    node_type: str
    process_type: str | None = None
    label: str = ""
    description: str = ""
    ctime: datetime = field(default_factory=utc_now)
    mtime: datetime = field(default_factory=utc_now)
    attributes: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    repository_metadata: dict[str, Any] = field(default_factory=dict)
    dbcomputer_id: int | None = None
    user_id: int


class LinkRow(Row, kw_only=True):
    """A link from the node ``input_id`` to the node ``output_id`` (``db_dblink``)."""

    input_id: int
    output_id: int
    label: str
    type: str


class GroupRow(Row, kw_only=True):
    """A named set of nodes (``db_dbgroup``)."""

    uuid: str = field(default_factory=new_uuid)
    label: str
    type_string: str = ""
    time: datetime = field(default_factory=utc_now)
    description: str = ""
    extras: dict[str, Any] = field(default_factory=dict)
    user_id: int


class GroupNodeRow(Row, kw_only=True):
    """Membership of a node in a group (``db_dbgroup_dbnodes``)."""

    dbnode_id: int
    dbgroup_id: int


class CommentRow(Row, kw_only=True):
    """A remark on a node (``db_dbcomment``)."""

    uuid: str = field(default_factory=new_uuid)
    dbnode_id: int
    ctime: datetime = field(default_factory=utc_now)
    mtime: datetime = field(default_factory=utc_now)
    user_id: int
    content: str = ""


class LogRow(Row, kw_only=True):
    """A log message of a node (``db_dblog``)."""

    uuid: str = field(default_factory=new_uuid)
    time: datetime = field(default_factory=utc_now)
    loggername: str
    levelname: str
    dbnode_id: int
    message: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


class SettingRow(Row, kw_only=True):
    """A value that belongs to the whole profile (``db_dbsetting``)."""

    key: str
    val: Any = None
    description: str = ""
    time: datetime = field(default_factory=utc_now)


AnyRow = TypeVar("AnyRow", bound=Row)

KINDS: tuple[type[Row], ...] = (
    UserRow,
    ComputerRow,
    AuthInfoRow,
    NodeRow,
    LinkRow,
    GroupRow,
    GroupNodeRow,
    CommentRow,
    LogRow,
    SettingRow,
)
