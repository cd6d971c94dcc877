"""Things to do with a graph of provenance, from the outside: delete, walk, sort."""

from aiida._lazy import front_door

_HOMES = {
    **dict.fromkeys(("delete_group_nodes", "delete_nodes"), "aiida.tools.graph.deletions"),
    **dict.fromkeys(
        ("GroupNotFoundError", "GroupNotUniqueError", "GroupPath", "InvalidPath", "NoGroupsInPathError"), "aiida.tools.groups.paths"
    ),
    **{name: f"aiida.tools.{name}" for name in ("graph", "groups")},
}

__getattr__, __dir__, __all__ = front_door(__name__, _HOMES)
