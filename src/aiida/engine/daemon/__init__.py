"""The daemon: a supervisor (circus) that keeps N workers alive, and the client that talks to it.

A worker is the loop of `aiida.engine.runtime.worker` in a process of its own. Nothing here decides what a process does,
and nothing is lost when all of it is killed: the database is the queue.
"""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {"DaemonClient": "aiida.engine.daemon.client", "get_daemon_client": "aiida.engine.daemon.client"},
)
