"""Workers that run without the supervisor: of systemd, in containers, on other machines."""

from __future__ import annotations

import socket

import psutil

from aiida.common.slots import current_store
from aiida.storage import journal

__all__ = ("count_lone_workers", "is_gone")


def count_lone_workers() -> int:
    """Return how many workers are registered and not known to have ended."""
    store = current_store.get()
    with store.reading() as connection:
        return sum(kind == "daemon" and not is_gone(host, pid) for _, host, pid, _, kind in journal.list_workers(connection))


def is_gone(host: str, pid: int) -> bool:
    """Return whether a worker of this machine has ended; of other machines that cannot be told from here."""
    return host == socket.gethostname() and not psutil.pid_exists(pid)
