"""WorkFunctionNode: a call of a Python function that calls processes."""

from __future__ import annotations

from aiida.orm.nodes.process.workflow.workflow import WorkflowNode, WorkflowNodeLinks
from aiida.orm.utils.mixins import FunctionCalculationMixin

__all__ = ("WorkFunctionNode",)


class WorkFunctionNodeLinks(WorkflowNodeLinks):
    """The rules of workflows."""


class WorkFunctionNode(FunctionCalculationMixin, WorkflowNode):
    """A call of a Python function that calls processes."""

    _known_node_type = "process.workflow.workfunction.WorkFunctionNode."
    _CLS_NODE_LINKS = WorkFunctionNodeLinks
