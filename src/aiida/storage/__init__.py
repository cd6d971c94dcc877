"""Rows and journals: every storage is a configuration of one store, over SQLite, PostgreSQL or an archive."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "PsqlDosModel": "aiida.storage.cli_models",
        "SqliteDosModel": "aiida.storage.cli_models",
        "SqliteDosStorage": "aiida.storage.sqlite_dos.backend",
        "SqliteTempModel": "aiida.storage.cli_models",
        "SqliteZipModel": "aiida.storage.cli_models",
    },
)
