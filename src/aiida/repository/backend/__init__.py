"""Where objects are kept: a container on disk, a sandbox for unsaved nodes, the inside of an archive."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "AbstractRepositoryBackend": "aiida.repository.backend.abstract",
        "DiskObjectStoreRepositoryBackend": "aiida.repository.backend.disk_object_store",
        "SandboxRepositoryBackend": "aiida.repository.backend.sandbox",
    },
)
