"""Groups whose labels are read as paths."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    dict.fromkeys(
        ("GroupNotFoundError", "GroupNotUniqueError", "GroupPath", "InvalidPath", "NoGroupsInPathError"), "aiida.tools.groups.paths"
    ),
)
