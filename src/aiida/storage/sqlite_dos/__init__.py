"""A profile in one folder: a SQLite database and a container of objects. No service is needed."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"SqliteDosStorage": "aiida.storage.sqlite_dos.backend"})
