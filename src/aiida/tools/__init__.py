"""Things to do with a graph of provenance, from the outside: delete, walk, sort."""

from aiida._lazy import front_door

_HOMES = {
    **dict.fromkeys(("delete_group_nodes", "delete_nodes"), "aiida.tools.graph.deletions"),
    **dict.fromkeys(
        ("GroupNotFoundError", "GroupNotUniqueError", "GroupPath", "InvalidPath", "NoGroupsInPathError"), "aiida.tools.groups.paths"
    ),
    **dict.fromkeys(("get_explicit_kpoints_path", "get_kpoints_path"), "aiida.tools.data.array.kpoints.main"),
    **dict.fromkeys(("spglib_tuple_to_structure", "structure_to_spglib_tuple"), "aiida.tools.data.structure"),
    "CalculationTools": "aiida.tools.calculations.base",
    "Orbital": "aiida.tools.data.orbital.orbital",
    "WorkflowTools": "aiida.tools.workflows.base",
    "RealhydrogenOrbital": "aiida.tools.data.orbital.realhydrogen",
    **{name: f"aiida.tools.{name}" for name in ("graph", "groups")},
}

__getattr__, __dir__, __all__ = front_door(__name__, _HOMES)
