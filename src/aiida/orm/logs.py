"""Log entries: what was said about a node while it ran."""

from __future__ import annotations

from datetime import datetime
from logging import LogRecord
from typing import TYPE_CHECKING, Any, cast

from aiida.common import timezone
from aiida.common.exceptions import ValidationError
from aiida.graph.records import LogRow, NodeRow
from aiida.orm import hydrate
from aiida.orm.entities import DeletableCollection, Entity
from aiida.orm.session import get_store

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node
    from aiida.storage.store import Store

__all__ = ("ASCENDING", "DESCENDING", "Log", "LogCollection", "OrderSpecifier")

ASCENDING = "asc"
DESCENDING = "desc"


def OrderSpecifier(field: str, direction: str) -> dict[str, str]:
    """Return an order to give to `find`."""
    return {field: direction}


class LogCollection(DeletableCollection["Log"]):
    """The log entries of a store."""

    collection_type = "logs"

    @staticmethod
    def create_entry_from_record(record: LogRecord) -> Log | None:
        """Store a record of Python's logging, if it says which node it is about."""
        dbnode_id = record.__dict__.get("dbnode_id")
        if dbnode_id is None:
            return None
        store = record.__dict__.get("backend")
        return Log._from_row(row_of_record(record, dbnode_id), get_store(store)).store()

    def get_logs_for(self, entity: Node, order_by: Any = None) -> list[Log]:
        """Return the entries about a node, oldest first."""
        if order_by is not None:
            return self.find({"dbnode_id": entity.pk}, order_by=order_by)
        if entity.pk is None:
            return []
        rows = sorted(self._backend.find(LogRow, dbnode_id=entity.pk), key=lambda row: (row.time, row.id))
        return [Log._from_row(row, self._backend) for row in rows]


def row_of_record(record: LogRecord, dbnode_id: int) -> LogRow:
    """Return the row for a record of Python's logging."""
    return LogRow(
        time=timezone.make_aware(datetime.fromtimestamp(record.created)),
        loggername=record.name,
        levelname=record.levelname,
        dbnode_id=dbnode_id,
        message=record.getMessage(),
        metadata=_metadata_of(record),
    )


def _metadata_of(record: LogRecord) -> dict[str, Any]:
    """Return the facts of the record as JSON: what is no plain value is told as text."""
    metadata: dict[str, Any] = {}
    for key, value in record.__dict__.items():
        if key in ("backend", "exc_info"):
            continue
        metadata[key] = value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
    return metadata


class Log(Entity):
    """One message about a node."""

    _row_type = LogRow
    _collection_class = LogCollection
    _row: LogRow
    identity_field = "uuid"

    def __init__(
        self,
        time: datetime,
        loggername: str,
        levelname: str,
        dbnode_id: int | None = None,
        message: str = "",
        metadata: dict[str, Any] | None = None,
        backend: Store | None = None,
        node: Node | None = None,
    ) -> None:
        if node is not None and dbnode_id is None:
            dbnode_id = node.pk
        if not loggername or not levelname:
            raise ValidationError("the loggername and levelname can't be empty")
        if dbnode_id is None:
            raise ValidationError("a log entry needs the key of a stored node")
        row = LogRow(
            time=time,
            loggername=loggername,
            levelname=levelname,
            dbnode_id=dbnode_id,
            message=message,
            metadata=dict(metadata or {}),
        )
        super().__init__(row, get_store(backend))
        self.store()

    def __repr__(self) -> str:
        return f"<Log pk: {self.pk}, {self.levelname}, node: {self.dbnode_id}: {self.message!r}>"

    @property
    def uuid(self) -> str:
        """The UUID."""
        return self._row.uuid

    @property
    def time(self) -> datetime:
        """When it was said."""
        return self._row.time

    @property
    def loggername(self) -> str:
        """By which logger."""
        return self._row.loggername

    @property
    def levelname(self) -> str:
        """At which level."""
        return self._row.levelname

    @property
    def dbnode_id(self) -> int:
        """The key of the node."""
        return self._row.dbnode_id

    @classmethod
    def _resolve_keys(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Call the key of the node as the constructor does."""
        return {**{name: value for name, value in values.items() if name != "node"}, "dbnode_id": values["node"]}

    @property
    def node(self) -> Node:
        """The node."""
        return cast("Node", hydrate.to_entity(self._store.get(NodeRow, self._row.dbnode_id), self._store))

    @property
    def message(self) -> str:
        """The text."""
        return self._row.message

    @property
    def metadata(self) -> dict[str, Any]:
        """Further facts."""
        return self._row.metadata


hydrate.register("log", Log)
