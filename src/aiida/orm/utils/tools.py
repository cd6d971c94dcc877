"""The tools that a plugin offers for looking at its finished processes, found by the name of the plugin."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import EntryPointError, MissingEntryPointError
from aiida.plugins.entry_point import is_valid_entry_point_string, load_entry_point

if TYPE_CHECKING:
    from aiida.orm.nodes.process.process import ProcessNode

__all__ = ("load_tools",)


def load_tools(node: ProcessNode, group: str, prefix: str, base: str) -> Any:
    """Return the tools that the plugin of `node` registered in `group`, else those of the class `base`, which has none."""
    process_type = node.process_type or ""
    if is_valid_entry_point_string(process_type) and process_type.startswith(prefix):
        name = process_type.removeprefix(prefix)
        try:
            return load_entry_point(group, name)(node)
        except MissingEntryPointError:
            pass
        except EntryPointError as exception:
            node.logger.warning("the tools `%s` of %s could not be loaded: %s", name, node, exception)
    # The class lies in a layer above this one, so it is reached by name only.
    return resolve_name(base)(node)
