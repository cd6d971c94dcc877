"""A node as the storage keeps it: the record, and the collection that finds it."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "BackendNode": "aiida.graph.records:NodeRow",
        "BackendNodeCollection": "aiida.orm.nodes.node:NodeCollection",
    },
)
