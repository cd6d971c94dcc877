"""Where plugins look for the interface of a storage.

There are no backend entities beside the entities: what stands behind an entity is a record, and those names say so.
"""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "BackendAuthInfo": "aiida.graph.records:AuthInfoRow",
        "BackendAuthInfoCollection": "aiida.orm.authinfos:AuthInfoCollection",
        "BackendCollection": "aiida.orm.entities:Collection",
        "BackendComment": "aiida.graph.records:CommentRow",
        "BackendCommentCollection": "aiida.orm.comments:CommentCollection",
        "BackendComputer": "aiida.graph.records:ComputerRow",
        "BackendComputerCollection": "aiida.orm.computers:ComputerCollection",
        "BackendEntity": "aiida.graph.records:Row",
        "BackendEntityExtrasMixin": "aiida.orm.extras:EntityExtras",
        "BackendGroup": "aiida.graph.records:GroupRow",
        "BackendGroupCollection": "aiida.orm.groups:GroupCollection",
        "BackendLog": "aiida.graph.records:LogRow",
        "BackendLogCollection": "aiida.orm.logs:LogCollection",
        "BackendNode": "aiida.graph.records:NodeRow",
        "BackendNodeCollection": "aiida.orm.nodes.node:NodeCollection",
        "BackendQueryBuilder": "aiida.orm.querybuilder:QueryBuilder",
        "BackendUser": "aiida.graph.records:UserRow",
        "BackendUserCollection": "aiida.orm.users:UserCollection",
        "EntityType": "aiida.orm.entities:EntityType",
        "StorageBackend": "aiida.orm.implementation.storage_backend",
        "clean_value": "aiida.orm.implementation.utils",
        "validate_attribute_extra_key": "aiida.orm.implementation.utils",
    },
)
