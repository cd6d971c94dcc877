"""Rows and journals: every storage is a configuration of one store, over SQLite, PostgreSQL or an archive."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__, {"SqliteDosStorage": "aiida.storage.sqlite_dos.backend"}
)
