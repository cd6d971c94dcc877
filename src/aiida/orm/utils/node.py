"""Node types: the text in a row that says which class its object has, and the way between the two."""

from __future__ import annotations

import logging
from abc import ABCMeta
from typing import TYPE_CHECKING, cast

from aiida.common.exceptions import DbContentError, EntryPointError
from aiida.graph.types import is_valid_node_type, node_type_prefix
from aiida.plugins.entry_point import get_entry_point_from_class, load_entry_point

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node

__all__ = (
    "AbstractNodeMeta",
    "get_query_type_from_type_string",
    "get_type_string_from_class",
    "is_valid_node_type_string",
    "load_node_class",
)

_ROOT = "aiida.orm.nodes."
# node type -> class of our own; those of plugins may be registered and unregistered at any time, and are asked for.
_classes: dict[str, type[Node]] = {}


class AbstractNodeMeta(ABCMeta):
    """Gives each node class its node type and its logger, when they are asked for: a plugin may be registered after import."""

    @property
    def _plugin_type_string(cls) -> str:
        known = cls.__dict__.get("_known_node_type")
        if known is not None:
            return cast(str, known)
        # Not remembered: the class of a plugin may be registered, and in tests unregistered, at any time.
        return get_type_string_from_class(cls.__module__, cls.__name__)

    @property
    def _query_type_string(cls) -> str:
        return get_query_type_from_type_string(cls._plugin_type_string) if cls._plugin_type_string else ""

    @property
    def _logger(cls) -> logging.Logger:
        module = cls.__module__
        return logging.getLogger(
            f"{module}.{cls.__name__}" if module.startswith("aiida.") else f"aiida.orm.nodes.{module}.{cls.__name__}"
        )


def get_type_string_from_class(class_module: str, class_name: str) -> str:
    """Return the node type of the class: by its entry point, by its place for base classes, else its import path."""
    group, entry_point = get_entry_point_from_class(class_module, class_name)
    if group == "aiida.data" and entry_point is not None:
        return f"data.{entry_point.name}.{class_name}."
    if group == "aiida.node" and entry_point is not None:
        return f"{entry_point.name}.{class_name}."
    path = f"{class_module}.{class_name}."
    if path == "aiida.orm.nodes.node.Node.":
        return ""
    return path.removeprefix(_ROOT)


def is_valid_node_type_string(type_string: str, raise_on_false: bool = False) -> bool:
    """Return whether the text is a node type: empty, or dotted words that end with the class name and a dot."""
    valid = is_valid_node_type(type_string)
    if not valid and raise_on_false:
        raise DbContentError(f"The type string {type_string} is invalid")
    return valid


def get_query_type_from_type_string(type_string: str) -> str:
    """Return the prefix that node types of the class and its subclasses share: all but the class name."""
    is_valid_node_type_string(type_string, raise_on_false=True)
    return node_type_prefix(type_string)


def load_node_class(type_string: str) -> type[Node]:
    """Return the class for a node type; one whose plugin is not installed gives `Data` or `ProcessNode`."""
    known = _classes.get(type_string)
    if known is not None:
        return known
    found = _find_node_class(type_string)
    if found.__module__.startswith(_ROOT) and found.__dict__.get("_known_node_type") == type_string:
        _classes[type_string] = found
    return found


def _find_node_class(type_string: str) -> type[Node]:
    if type_string == "":
        return cast("type[Node]", load_entry_point("aiida.orm", "core.node"))
    if type_string != "data.":
        is_valid_node_type_string(type_string, raise_on_false=True)
    name = type_string[:-1].rpartition(".")[0]
    group, base = "aiida.node", "process" if type_string.startswith("process.") else "data"
    if type_string.startswith("data.") and name != "data":
        group, name = "aiida.data", name.removeprefix("data.")
    try:
        return cast("type[Node]", load_entry_point(group, name))
    except EntryPointError:
        return cast("type[Node]", load_entry_point("aiida.node", base))
