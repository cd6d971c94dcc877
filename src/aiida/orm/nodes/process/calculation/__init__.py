"""Calculations: processes that create data."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "CalcFunctionNode": "aiida.orm.nodes.process.calculation.calcfunction",
        "CalcJobNode": "aiida.orm.nodes.process.calculation.calcjob",
        "CalculationNode": "aiida.orm.nodes.process.calculation.calculation",
    },
)
