"""Process nodes: what the graph knows of what ran."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "CalcFunctionNode": "aiida.orm.nodes.process.calculation.calcfunction",
        "CalcJobNode": "aiida.orm.nodes.process.calculation.calcjob",
        "CalculationNode": "aiida.orm.nodes.process.calculation.calculation",
        "ProcessNode": "aiida.orm.nodes.process.process",
        "WorkChainNode": "aiida.orm.nodes.process.workflow.workchain",
        "WorkFunctionNode": "aiida.orm.nodes.process.workflow.workfunction",
        "WorkflowNode": "aiida.orm.nodes.process.workflow.workflow",
    },
)
