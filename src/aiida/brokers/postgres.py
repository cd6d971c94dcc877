"""A bell through the database itself: LISTEN and NOTIFY reach every machine that shares the PostgreSQL server."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time

import psycopg

LOGGER = logging.getLogger("aiida.brokers.postgres")
CHANNEL = "radames_bell"
RETRY_AFTER = 5.0


class PostgresBell:
    """Rings through NOTIFY; one connection to ring and, once somebody waits, one to listen."""

    def __init__(self, conninfo: str, channel: str = CHANNEL) -> None:
        self._conninfo = conninfo
        self._channel = channel
        self._lock = threading.Lock()
        self._voice: psycopg.Connection[tuple[object, ...]] | None = None
        self._silent_until = 0.0
        self._rung = threading.Event()
        self._listener: threading.Thread | None = None
        self._closed = threading.Event()
        self._pid = os.getpid()
        self._inherited: list[object] = []

    def ring(self) -> None:
        """Notify; after a failure stay silent for some seconds, so that an outage slows no commit."""
        if self._closed.is_set() or time.monotonic() < self._silent_until:
            return
        self._leave_parent()
        with self._lock:
            try:
                if self._voice is None or self._voice.closed:
                    self._voice = self._connect()
                self._voice.execute(f"NOTIFY {self._channel}")
            except psycopg.Error:
                self._silent_until = time.monotonic() + RETRY_AFTER
                self._drop_voice()

    def wait(self, timeout: float) -> bool:
        """Return True as soon as somebody notified since the last wait."""
        if self._listener is None and not self._closed.is_set():
            self._listener = threading.Thread(target=self._listen, name="radames-bell", daemon=True)
            self._listener.start()
        if not self._rung.wait(timeout):
            return False  # and nothing is cleared: who rings at this very moment is heard by the next wait
        self._rung.clear()
        return True

    def wake(self) -> None:
        """End this worker's own wait."""
        self._rung.set()

    def close(self) -> None:
        """Close both connections."""
        self._leave_parent()
        self._closed.set()
        self._rung.set()
        with self._lock:
            self._drop_voice()
        if self._listener is not None:
            self._listener.join(timeout=2)

    def _leave_parent(self) -> None:
        """After a fork: a connection is not shared, nor closed, and another thread may have held the lock."""
        if self._pid == os.getpid():
            return
        self._pid, self._lock = os.getpid(), threading.Lock()
        self._inherited.append(self._voice)
        self._voice = self._listener = None

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5)

    def _drop_voice(self) -> None:
        if self._voice is not None:
            with contextlib.suppress(psycopg.Error):
                self._voice.close()
        self._voice = None

    def _listen(self) -> None:
        """Listen until closed; a lost connection is one warning and a new attempt, and polling goes on meanwhile."""
        warned = False
        while not self._closed.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {self._channel}")
                    self._rung.set()  # whatever was rung while nobody listened
                    warned = False
                    while not self._closed.is_set():
                        for _ in connection.notifies(timeout=1.0, stop_after=1):
                            self._rung.set()
            except psycopg.Error:
                if not warned and not self._closed.is_set():
                    LOGGER.warning("the bell through PostgreSQL is silent; workers look by themselves until it answers again")
                    warned = True
                self._closed.wait(RETRY_AFTER)
