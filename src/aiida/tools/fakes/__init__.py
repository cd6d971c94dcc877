"""Stand-ins for the outside world, written by hand, for tests of plugins as of ours."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"LyingCluster": "aiida.tools.fakes.cluster"})
