"""WorkflowNode: a process that calls others and returns data that they made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiida.common.links import LinkType
from aiida.orm.nodes.process.process import ProcessNode, ProcessNodeLinks
from aiida.orm.utils.managers import NodeLinksManager

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node

__all__ = ("WorkflowNode",)


class WorkflowNodeLinks(ProcessNodeLinks):
    """A workflow returns data; it does not make any."""

    def validate_outgoing(self, target: Node, link_type: LinkType, link_label: str) -> None:
        """Raise if a link from this node to `target` may not be added."""
        super().validate_outgoing(target, link_type, link_label)
        if link_type is LinkType.RETURN and not target.is_stored:
            raise ValueError(
                f"Workflow<{self._node.process_type}> tried returning an unstored `Data` node. This likely means new `Data` "
                "is being created inside the workflow. In order to preserve data provenance, use a `calcfunction` to "
                "create this node and return its output from the workflow"
            )


class WorkflowNode(ProcessNode):
    """Base of work chains and work functions."""

    _known_node_type = "process.workflow.WorkflowNode."
    _family = "process.workflow."
    _CLS_NODE_LINKS = WorkflowNodeLinks
    _storable = True
    _unstorable_message = "storing for this node has been disabled"

    @property
    def inputs(self) -> NodeLinksManager:
        """The input nodes by link label."""
        return NodeLinksManager(node=self, link_type=LinkType.INPUT_WORK, incoming=True)

    @property
    def outputs(self) -> NodeLinksManager:
        """The returned nodes by link label."""
        return NodeLinksManager(node=self, link_type=LinkType.RETURN, incoming=False)
