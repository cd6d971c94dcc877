"""Any entity as the storage keeps it: the record, and the collection that finds it."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "BackendEntity": "aiida.graph.records:Row",
        "BackendCollection": "aiida.orm.entities:Collection",
        "BackendEntityExtrasMixin": "aiida.orm.extras:EntityExtras",
        "EntityType": "aiida.orm.entities:EntityType",
    },
)
