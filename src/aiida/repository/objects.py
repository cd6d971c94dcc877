"""`ObjectStore`, the port to a store of objects; its public name is `AbstractRepositoryBackend`."""

from aiida.repository.backend.abstract import AbstractRepositoryBackend as ObjectStore

__all__ = ("ObjectStore",)
