"""A profile on a PostgreSQL server, with a container of objects on disk: for many writers and remote databases."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"PsqlDosBackend": "aiida.storage.psql_dos.backend"})
