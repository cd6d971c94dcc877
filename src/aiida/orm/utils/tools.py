"""The tools that a plugin offers for looking at its finished processes, found by the name of the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import EntryPointError
from aiida.plugins.entry_point import get_entry_point_from_string, is_valid_entry_point_string, load_entry_point

if TYPE_CHECKING:
    from aiida.orm.nodes.process.process import ProcessNode

__all__ = ("load_tools",)


class NoTools:
    """Stands for tools where a plugin offers none."""

    def __init__(self, node: ProcessNode) -> None:
        self._node = node


def load_tools(node: ProcessNode, group: str, prefix: str) -> Any:
    """Return the tools that the plugin of `node` registered in `group`, else an object that has none."""
    process_type = node.process_type or ""
    if is_valid_entry_point_string(process_type) and process_type.startswith(prefix):
        try:
            return load_entry_point(group, get_entry_point_from_string(process_type).name)(node)
        except EntryPointError:
            pass
    return NoTools(node)
