"""Workers that run without the supervisor: of systemd, in containers, on other machines."""

from __future__ import annotations

from aiida.common.slots import current_store
from aiida.engine.runtime.liveness import is_dead_here
from aiida.storage import journal

__all__ = ("count_lone_workers",)


def count_lone_workers() -> int:
    """Return how many workers are registered and not known to have ended."""
    store = current_store.get()
    with store.reading() as connection:
        rows = journal.list_workers(connection)
    return sum(kind == "daemon" and not is_dead_here(store, worker, host, pid) for worker, host, pid, _, kind in rows)
