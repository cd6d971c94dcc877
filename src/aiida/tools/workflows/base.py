"""The base of what a plugin registers under `aiida.tools.workflows`; `node.tools` is an instance of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiida.orm import WorkChainNode

__all__ = ("WorkflowTools",)


class WorkflowTools:
    """Something to do with one node; plugins add the methods."""

    def __init__(self, node: WorkChainNode) -> None:
        self._node = node
