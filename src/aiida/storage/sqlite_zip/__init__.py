"""An archive as a read-only storage: the same tables, in a SQLite file inside a zip file with the objects."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"SqliteZipBackend": "aiida.storage.sqlite_zip.backend"})
