"""Orbitals: what a projection or a Wannier function is like, as a checked dictionary."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "Orbital": "aiida.tools.data.orbital.orbital",
        "RealhydrogenOrbital": "aiida.tools.data.orbital.realhydrogen",
    },
)
