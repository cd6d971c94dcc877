"""Connections of one store: borrowed for a moment, from any thread, never carried over a fork.

Readers wait in a stack and are borrowed by whoever reads (a connection per thread would outlive its thread, and a
fork could not close it). SQLite has one writing connection behind a lock: threads queue fairly there instead of
fighting for the file. PostgreSQL lends as many as there are writing threads.

*Fork.* A SQLite connection that lives on both sides of a fork can lose data: the child believes to hold locks that it
does not hold. So before a fork idle connections are closed; if one is in use at that moment, the child's store
refuses to work (on PostgreSQL it simply opens its own). `subprocess` is not affected, it does not run these hooks.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from aiida.common import exceptions

# A connection that nobody used for so long is tried before it is lent: the server may have been restarted meanwhile.
IDLE_LIMIT = 5.0
KEPT_IDLE = 8
# So long a thread waits for another one to end its transaction.
THREAD_LIMIT = 60.0

_pools: weakref.WeakSet[ConnectionPool] = weakref.WeakSet()
# Connections that the parent of a fork was using: closing them here would disturb the parent, so they are kept.
_parents_connections: list[Any] = []


class ConnectionPool:
    """Lends SQLAlchemy connections in autocommit mode; transactions are begun by hand."""

    def __init__(self, connect: Callable[[bool], sa.Connection], *, one_writer: bool) -> None:
        self._connect = connect
        self._one_writer = one_writer
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._readers: deque[tuple[sa.Connection, float]] = deque()
        # Where many may write at once, readers and writers are of one kind.
        self._writers: deque[tuple[sa.Connection, float]] = deque() if self._one_writer else self._readers
        self._lent: set[sa.Connection] = set()
        self._write_lock = threading.Lock()
        self._forked_in_use = False
        self.closed = False

    def take_reader(self) -> sa.Connection:
        """Borrow a connection for reading."""
        connection = self._take(self._readers) or self._open(False)
        self._lent.add(connection)
        return connection

    def give_reader(self, connection: sa.Connection) -> None:
        """Give back a connection for reading."""
        self._give(self._readers, connection)

    def take_writer(self) -> sa.Connection:
        """Borrow a connection for writing; on SQLite, wait until other threads have written."""
        if self._one_writer and not self._write_lock.acquire(timeout=THREAD_LIMIT):
            raise exceptions.StorageBusy(
                f"another thread of this process has had a transaction open for {THREAD_LIMIT:.0f} s; "
                "a thread that waits for this one inside a transaction would wait for ever"
            )
        try:
            connection = self._take(self._writers) or self._open(True)
        except BaseException:
            if self._one_writer:
                self._write_lock.release()
            raise
        self._lent.add(connection)
        return connection

    def give_writer(self, connection: sa.Connection) -> None:
        """Give back a connection for writing."""
        self._give(self._writers, connection)
        if self._one_writer:
            self._write_lock.release()

    def _take(self, idle: deque[tuple[sa.Connection, float]]) -> sa.Connection | None:
        while not self.closed:
            try:
                connection, since = idle.pop()
            except IndexError:
                return None
            if self._one_writer or time.monotonic() - since < IDLE_LIMIT or _is_alive(connection):
                return connection
            connection.close()
        return None

    def _give(self, idle: deque[tuple[sa.Connection, float]], connection: sa.Connection) -> None:
        if connection not in self._lent:
            return  # lent before a fork, by the parent: it is kept for ever, see `forget_parent`
        self._lent.discard(connection)
        if self.closed or connection.invalidated or connection.closed or len(idle) >= KEPT_IDLE:
            connection.close()
        else:
            idle.append((connection, time.monotonic()))

    def _open(self, write: bool) -> sa.Connection:
        if self.closed:
            raise exceptions.ClosedStorage("the storage has been closed; load the profile again to use it")
        if self._forked_in_use:
            raise exceptions.InvalidOperation(
                "this process was forked while its parent used the storage, which is not safe: "
                "fork outside of transactions, or load the profile in the child"
            )
        return self._connect(write)

    def close(self) -> None:
        """Close all idle connections; those lent out close when they come back."""
        self.closed = True
        self.close_idle()

    def close_idle(self) -> None:
        """Close the connections that nobody uses now."""
        for idle in (self._readers, self._writers):
            while idle:
                try:
                    idle.pop()[0].close()
                except IndexError:
                    break

    def forget_parent(self) -> None:
        """In the child of a fork: start anew, without touching what the parent uses."""
        inherited = [*self._lent, *(connection for connection, _ in (*self._readers, *self._writers))]
        _parents_connections.extend(inherited)
        closed = self.closed
        self._reset()
        self.closed = closed
        # A server tells sessions apart; SQLite mistakes the parent's locks for the child's.
        self._forked_in_use = bool(inherited) and self._one_writer


def _is_alive(connection: sa.Connection) -> bool:
    try:
        connection.exec_driver_sql("SELECT 1")
    except sa.exc.SQLAlchemyError:
        return False
    return True


def _before_fork() -> None:
    for pool in list(_pools):
        pool.close_idle()


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool.forget_parent()


os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
