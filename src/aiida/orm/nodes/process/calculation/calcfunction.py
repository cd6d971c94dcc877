"""CalcFunctionNode: a call of a Python function that creates data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiida.common.links import LinkType
from aiida.orm.nodes.process.calculation.calculation import CalculationNode
from aiida.orm.nodes.process.process import ProcessNodeLinks
from aiida.orm.utils.mixins import FunctionCalculationMixin

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node

__all__ = ("CalcFunctionNode",)


class CalcFunctionNodeLinks(ProcessNodeLinks):
    """A calculation function creates: what it returns has no past."""

    def validate_outgoing(self, target: Node, link_type: LinkType, link_label: str) -> None:
        """Raise if a link from this node to `target` may not be added."""
        super().validate_outgoing(target, link_type, link_label)
        if link_type is LinkType.CREATE and target.is_stored:
            raise ValueError(
                f"trying to return an already stored Data node from a @calcfunction, however, @calcfunctions cannot return data. "
                f"If you stored the node yourself, simply do not call `store()` yourself. If you want to return an input node, "
                f"use a @workfunction instead. The node is {target!r}."
            )


class CalcFunctionNode(FunctionCalculationMixin, CalculationNode):
    """A call of a Python function that creates data."""

    _known_node_type = "process.calculation.calcfunction.CalcFunctionNode."
    _CLS_NODE_LINKS = CalcFunctionNodeLinks
