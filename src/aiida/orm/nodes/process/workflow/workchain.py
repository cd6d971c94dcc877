"""WorkChainNode: a run of a work chain."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from aiida.orm.nodes.process.workflow.workflow import WorkflowNode
from aiida.orm.utils.tools import load_tools

__all__ = ("WorkChainNode",)


class WorkChainNode(WorkflowNode):
    """A run of a work chain."""

    _known_node_type = "process.workflow.workchain.WorkChainNode."
    STEPPER_STATE_INFO_KEY: ClassVar[str] = "stepper_state_info"
    _updatable_attributes = (*WorkflowNode._updatable_attributes, STEPPER_STATE_INFO_KEY)

    @property
    def stepper_state_info(self) -> str | None:
        """Where in its outline the work chain is, in words."""
        return cast("str | None", self._get(self.STEPPER_STATE_INFO_KEY))

    def set_stepper_state_info(self, stepper_state_info: str) -> None:
        """Set where in its outline the work chain is."""
        if not isinstance(stepper_state_info, str):
            raise ValueError(f"stepper_state_info must be a string, got {type(stepper_state_info)}")
        self.base.attributes.set(self.STEPPER_STATE_INFO_KEY, stepper_state_info)

    @property
    def tools(self) -> Any:
        """What the plugin offers for looking at its runs."""
        return load_tools(self, "aiida.tools.workflows", "aiida.workflows:", "aiida.tools.workflows:WorkflowTools")
