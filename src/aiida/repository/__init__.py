"""The files of a node: names in the node's row, contents as objects in a container."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "AbstractRepositoryBackend": "aiida.repository.backend.abstract",
        "DiskObjectStoreRepositoryBackend": "aiida.repository.backend.disk_object_store",
        "File": "aiida.repository.common",
        "FileType": "aiida.repository.common",
        "Repository": "aiida.repository.repository",
        "SandboxRepositoryBackend": "aiida.repository.backend.sandbox",
    },
)
