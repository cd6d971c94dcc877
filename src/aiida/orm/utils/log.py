"""From Python's logging into the log of a node."""

from __future__ import annotations

import logging
import sys
import types
from contextlib import nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from aiida.graph.records import LogRow
from aiida.orm.logs import row_of_record

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node

__all__ = ("DBLogHandler", "create_logger_adapter", "get_dblogger_extra", "log_sink")

# A list that takes the rows instead of the database: the engine writes them in the transaction of the step.
log_sink: ContextVar[list[LogRow] | None] = ContextVar("log_sink", default=None)


class DBLogHandler(logging.Handler):
    """Writes records about stored nodes into the database."""

    def emit(self, record: logging.LogRecord, _sys: types.ModuleType = sys) -> None:
        """Write one record; a failure is told by logging's own means, and never reaches who logged."""
        store = record.__dict__.get("backend")
        dbnode_id = record.__dict__.get("dbnode_id")
        if dbnode_id is None or store is None:
            return
        try:
            row = row_of_record(record, dbnode_id)
            sink = log_sink.get()
            if sink is not None:
                sink.append(row)
                return
            transaction = store.current_transaction
            # What fails within somebody's transaction must not spoil it.
            with nullcontext() if transaction is None else transaction.savepoint():
                store.insert([row])
        except Exception:
            self.handleError(record)


class _NodeLoggerAdapter(logging.LoggerAdapter[Any]):
    """Says with each record which node it is about."""

    def __init__(self, logger: logging.Logger, node: Node) -> None:
        super().__init__(logger, {})
        self._node = node

    def process(self, msg: Any, kwargs: Any) -> Any:
        extra = kwargs.get("extra") or {}
        # The key is asked for at each record: the node may have been stored since the adapter was made.
        kwargs["extra"] = {"dbnode_id": self._node.pk, "backend": self._node.backend, **extra}
        return msg, kwargs


def create_logger_adapter(logger: logging.Logger, node: Node) -> _NodeLoggerAdapter:
    """Return a logger whose records are kept with `node`."""
    return _NodeLoggerAdapter(logger, node)


def get_dblogger_extra(node: Node) -> dict[str, Any]:
    """Return what a record needs to be kept with `node`: pass it as `extra` to a logger."""
    return {"dbnode_id": node.pk, "backend": node.backend}
