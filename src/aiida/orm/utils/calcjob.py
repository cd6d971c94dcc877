"""`node.res`: what the default output node of a job holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aiida.common.links import LinkType

if TYPE_CHECKING:
    from aiida.orm.nodes.process.calculation.calcjob import CalcJobNode

__all__ = ("CalcJobResultManager",)


class CalcJobResultManager:
    """The items of the default output node, as attributes and items."""

    def __init__(self, node: CalcJobNode) -> None:
        self._node = node

    @property
    def node(self) -> CalcJobNode:
        """The job."""
        return self._node

    def get_results(self) -> dict[str, Any]:
        """Return all items; `ValueError` if there is no default output or it is not there."""
        spec: Any = self.node.process_class.spec()
        label = spec.default_output_node
        if label is None:
            raise ValueError(f"cannot load results: {self.node.process_class} does not specify a default output node")
        links = self.node.base.links.get_outgoing(link_type=LinkType.CREATE, link_label_filter=label)
        first = links.first()
        if first is None:
            raise ValueError(f"cannot load results as the default node could not be retrieved: no output `{label}`")
        return first.node.get_dict()  # type: ignore[no-any-return]

    def __dir__(self) -> list[str]:
        try:
            return sorted([*super().__dir__(), *self.get_results()])
        except ValueError:
            return sorted(super().__dir__())

    def __iter__(self) -> Iterator[str]:
        return iter(self.get_results())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self.get_results()[name]
        except ValueError as exception:
            raise AttributeError(str(exception)) from exception
        except KeyError as exception:
            raise AttributeError(f"Default result node of {self.node!r} does not contain key '{name}'") from exception

    def __getitem__(self, name: str) -> Any:
        try:
            return self.get_results()[name]
        except ValueError as exception:
            raise KeyError(str(exception)) from exception
