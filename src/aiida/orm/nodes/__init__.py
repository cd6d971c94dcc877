"""Nodes of the provenance graph: data, and the processes that made it."""

from aiida._lazy import front_door
from aiida.orm.nodes.data import HOMES

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        **HOMES,
        "CalcFunctionNode": "aiida.orm.nodes.process.calculation.calcfunction",
        "CalcJobNode": "aiida.orm.nodes.process.calculation.calcjob",
        "CalculationNode": "aiida.orm.nodes.process.calculation.calculation",
        "Node": "aiida.orm.nodes.node",
        "NodeAttributes": "aiida.orm.nodes.attributes",
        "NodeRepository": "aiida.orm.nodes.repository",
        "ProcessNode": "aiida.orm.nodes.process.process",
        "WorkChainNode": "aiida.orm.nodes.process.workflow.workchain",
        "WorkFunctionNode": "aiida.orm.nodes.process.workflow.workfunction",
        "WorkflowNode": "aiida.orm.nodes.process.workflow.workflow",
    },
)
