"""What plugins offer for looking at finished calculation jobs."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, {"CalculationTools": "aiida.tools.calculations.base"})
