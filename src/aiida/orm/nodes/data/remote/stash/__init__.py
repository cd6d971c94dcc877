"""What was put aside on a computer."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "RemoteStashCompressedData": "aiida.orm.nodes.data.remote.stash.compress",
        "RemoteStashCustomData": "aiida.orm.nodes.data.remote.stash.custom",
        "RemoteStashData": "aiida.orm.nodes.data.remote.stash.base",
        "RemoteStashFolderData": "aiida.orm.nodes.data.remote.stash.folder",
    },
)
