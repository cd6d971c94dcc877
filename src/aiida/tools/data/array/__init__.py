"""Helpers for array types: structures out of trajectories, paths of k-points."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    dict.fromkeys(("get_explicit_kpoints_path", "get_kpoints_path"), "aiida.tools.data.array.kpoints.main"),
)
