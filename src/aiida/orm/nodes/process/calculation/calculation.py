"""CalculationNode: a process that creates data."""

from __future__ import annotations

from aiida.common.links import LinkType
from aiida.orm.nodes.process.process import ProcessNode
from aiida.orm.utils.managers import NodeLinksManager

__all__ = ("CalculationNode",)


class CalculationNode(ProcessNode):
    """Base of calculation jobs and calculation functions."""

    _known_node_type = "process.calculation.CalculationNode."
    _family = "process.calculation."
    _storable = True
    _cachable = True
    _unstorable_message = "storing for this node has been disabled"

    @property
    def inputs(self) -> NodeLinksManager:
        """The input nodes by link label."""
        return NodeLinksManager(node=self, link_type=LinkType.INPUT_CALC, incoming=True)

    @property
    def outputs(self) -> NodeLinksManager:
        """The created nodes by link label."""
        return NodeLinksManager(node=self, link_type=LinkType.CREATE, incoming=False)
