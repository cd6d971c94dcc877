"""A profile that lives as long as the interpreter: for notebooks, scripts and tests."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"SqliteTempBackend": "aiida.storage.sqlite_temp.backend"})
