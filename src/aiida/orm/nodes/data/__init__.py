"""Data types."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "AbstractCode": "aiida.orm.nodes.data.code.abstract",
        "ArrayData": "aiida.orm.nodes.data.array.array",
        "BaseType": "aiida.orm.nodes.data.base",
        "Bool": "aiida.orm.nodes.data.bool",
        "Code": "aiida.orm.nodes.data.code.legacy",
        "ContainerizedCode": "aiida.orm.nodes.data.code.containerized",
        "Data": "aiida.orm.nodes.data.data",
        "Dict": "aiida.orm.nodes.data.dict",
        "EnumData": "aiida.orm.nodes.data.enum",
        "Float": "aiida.orm.nodes.data.float",
        "FolderData": "aiida.orm.nodes.data.folder",
        "InstalledCode": "aiida.orm.nodes.data.code.installed",
        "Int": "aiida.orm.nodes.data.int",
        "JsonableData": "aiida.orm.nodes.data.jsonable",
        "Kind": "aiida.orm.nodes.data.structure",
        "List": "aiida.orm.nodes.data.list",
        "NumericType": "aiida.orm.nodes.data.numeric",
        "OrbitalData": "aiida.orm.nodes.data.orbital",
        "PortableCode": "aiida.orm.nodes.data.code.portable",
        "RemoteData": "aiida.orm.nodes.data.remote.base",
        "RemoteStashCompressedData": "aiida.orm.nodes.data.remote.stash.compress",
        "RemoteStashCustomData": "aiida.orm.nodes.data.remote.stash.custom",
        "RemoteStashData": "aiida.orm.nodes.data.remote.stash.base",
        "RemoteStashFolderData": "aiida.orm.nodes.data.remote.stash.folder",
        "SinglefileData": "aiida.orm.nodes.data.singlefile",
        "Site": "aiida.orm.nodes.data.structure",
        "Str": "aiida.orm.nodes.data.str",
        "StructureData": "aiida.orm.nodes.data.structure",
        "UpfData": "aiida.orm.nodes.data.upf",
        "to_aiida_type": "aiida.orm.nodes.data.base",
    },
)
