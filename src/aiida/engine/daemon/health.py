"""Is this worker well? An answer over HTTP for whoever keeps it alive: `GET /` gives 200 or 503, and what is known as JSON."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

from aiida.common.exceptions import ConfigurationError

if TYPE_CHECKING:
    from aiida.engine.runtime.worker import Worker

LOGGER = logging.getLogger("aiida.engine.daemon")
PATIENCE = 15.0  # seconds without a successful look at the database after which a worker is not well
WORDS = {200: "OK", 503: "Service Unavailable"}


def find_address(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT` or `PORT`, which is on this machine only."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise ConfigurationError(f"`{text}` is no address for the health of a worker: give PORT or HOST:PORT")
    return host or "127.0.0.1", int(port)


def judge(worker: Worker) -> tuple[int, dict[str, object]]:
    """Return the status and what is known. User code that runs for hours does not matter; a database that is away does."""
    silent = time.monotonic() - worker.looked_at
    well = silent < PATIENCE
    known: dict[str, object] = {
        "status": "ok" if well else "no look at the database succeeds",
        "pid": os.getpid(), "worker": worker.core.liveness.id, "seconds since last look": round(silent, 1), "held": len(worker.core.held),
    }  # fmt: skip
    return 200 if well else 503, known


class HealthServer(threading.Thread):
    """Answers one question after the other; it is asked by few, every some seconds."""

    def __init__(self, worker: Worker, address: tuple[str, int]) -> None:
        super().__init__(name="aiida-health", daemon=True)
        self._worker = worker
        self._socket = socket.create_server(address)
        self.port: int = self._socket.getsockname()[1]

    def run(self) -> None:
        """Until closed."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except OSError as error:
                    LOGGER.debug("a question about our health was not listened to: %s", error)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(2)
        connection.recv(4096)
        status, known = judge(self._worker)
        body = json.dumps(known).encode()
        head = f"HTTP/1.1 {status} {WORDS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)

    def close(self) -> None:
        """Answer no more."""
        self._socket.close()
