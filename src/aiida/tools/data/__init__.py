"""Helpers for data types: conversions that leave provenance, symmetry, paths of k-points, orbitals."""

from aiida._lazy import front_door

_HERE = "aiida.tools.data"

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "Orbital": f"{_HERE}.orbital.orbital",
        "RealhydrogenOrbital": f"{_HERE}.orbital.realhydrogen",
        "get_explicit_kpoints_path": f"{_HERE}.array.kpoints.main",
        "get_kpoints_path": f"{_HERE}.array.kpoints.main",
        "spglib_tuple_to_structure": f"{_HERE}.structure",
        "structure": f"{_HERE}.structure",
        "structure_to_spglib_tuple": f"{_HERE}.structure",
    },
)
