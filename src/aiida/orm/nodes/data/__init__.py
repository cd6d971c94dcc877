"""Types of data, a module for each: what processes take and give."""

from aiida._lazy import front_door

# Public name → module; `aiida.orm.nodes` has the same names and some more.
HOMES = {
    "AbstractCode": "aiida.orm.nodes.data.code.abstract",
    "ArrayData": "aiida.orm.nodes.data.array.array",
    "BandsData": "aiida.orm.nodes.data.array.bands",
    "BaseType": "aiida.orm.nodes.data.base",
    "Bool": "aiida.orm.nodes.data.bool",
    "CifData": "aiida.orm.nodes.data.cif",
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
    "KpointsData": "aiida.orm.nodes.data.array.kpoints",
    "List": "aiida.orm.nodes.data.list",
    "NumericType": "aiida.orm.nodes.data.numeric",
    "OrbitalData": "aiida.orm.nodes.data.orbital",
    "PortableCode": "aiida.orm.nodes.data.code.portable",
    "ProjectionData": "aiida.orm.nodes.data.array.projection",
    "RemoteData": "aiida.orm.nodes.data.remote.base",
    "RemoteStashCompressedData": "aiida.orm.nodes.data.remote.stash.compress",
    "RemoteStashCustomData": "aiida.orm.nodes.data.remote.stash.custom",
    "RemoteStashData": "aiida.orm.nodes.data.remote.stash.base",
    "RemoteStashFolderData": "aiida.orm.nodes.data.remote.stash.folder",
    "SinglefileData": "aiida.orm.nodes.data.singlefile",
    "Site": "aiida.orm.nodes.data.structure",
    "Str": "aiida.orm.nodes.data.str",
    "StructureData": "aiida.orm.nodes.data.structure",
    "TrajectoryData": "aiida.orm.nodes.data.array.trajectory",
    "UpfData": "aiida.orm.nodes.data.upf",
    "XyData": "aiida.orm.nodes.data.array.xy",
    "find_bandgap": "aiida.orm.nodes.data.array.bands",
    "cif_from_ase": "aiida.orm.nodes.data.cif",
    "has_pycifrw": "aiida.orm.nodes.data.cif",
    "pycifrw_from_cif": "aiida.orm.nodes.data.cif",
    "to_aiida_type": "aiida.orm.nodes.data.base",
}

__getattr__, __dir__, __all__ = front_door(__name__, HOMES)
