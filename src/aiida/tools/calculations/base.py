"""The base of what a plugin registers under `aiida.tools.calculations`; `node.tools` is an instance of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiida.orm import CalcJobNode

__all__ = ("CalculationTools",)


class CalculationTools:
    """Something to do with one node; plugins add the methods."""

    def __init__(self, node: CalcJobNode) -> None:
        self._node = node
