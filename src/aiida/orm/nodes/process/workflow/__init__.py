"""Workflows: processes that call others."""

from aiida._lazy import front_door

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "WorkChainNode": "aiida.orm.nodes.process.workflow.workchain",
        "WorkFunctionNode": "aiida.orm.nodes.process.workflow.workfunction",
        "WorkflowNode": "aiida.orm.nodes.process.workflow.workflow",
    },
)
