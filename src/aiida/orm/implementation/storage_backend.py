"""The interface of a storage."""

from aiida.storage.backends import StorageBackend

__all__ = ("StorageBackend",)
