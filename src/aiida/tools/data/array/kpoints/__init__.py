"""Paths through the Brillouin zone."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "get_explicit_kpoints_path": "aiida.tools.data.array.kpoints.main",
        "get_kpoints_path": "aiida.tools.data.array.kpoints.main",
    },
)
