"""Making results of what a job left behind."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"Parser": "aiida.parsers.parser"})
