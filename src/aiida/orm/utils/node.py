"""Node types: the text in a row that says which class its object has, and the way between the two."""

from __future__ import annotations

import logging
from abc import ABCMeta
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

from aiida.common.exceptions import DbContentError, EntryPointError
from aiida.graph.types import is_valid_node_type, node_type_prefix
from aiida.plugins.entry_point import get_entry_point_from_class, load_entry_point, on_change

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
_GROUPS = ("aiida.node", "aiida.data")
# node type -> class; filled by what has been looked up, emptied when a plugin's registration changes the answer.
_classes: dict[str, type[Node]] = {}
_base_classes: dict[str, type[Node]] = {}
_named_by_plugins: WeakSet[type] = WeakSet()


class AbstractNodeMeta(ABCMeta):
    """Gives each node class its node type and its logger, at the first use: a plugin may be registered after import."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name, bases, namespace, **kwargs)
        if cls.__module__.startswith(_ROOT) or name == "Node":
            _base_classes[f"{cls.__module__}.{name}"] = cls  # type: ignore[assignment]

    @property
    def _plugin_type_string(cls) -> str:
        known = cls.__dict__.get("_known_node_type")
        if known is not None:
            return cast(str, known)
        node_type = get_type_string_from_class(cls.__module__, cls.__name__)
        if node_type.startswith(("data.", "process.")):
            cls._known_node_type = node_type
            _named_by_plugins.add(cls)
        return node_type

    @property
    def _query_type_string(cls) -> str:
        return get_query_type_from_type_string(cls._plugin_type_string) if cls._plugin_type_string else ""

    @property
    def _logger(cls) -> logging.Logger:
        module = cls.__module__
        return logging.getLogger(f"{module}.{cls.__name__}" if module.startswith("aiida.") else f"aiida.orm.nodes.{module}.{cls.__name__}")


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
    found, certain = _find_node_class(type_string)
    if certain:
        _classes[type_string] = found
    return found


def forget_node_classes() -> None:
    """Look every node type up again: entry points have changed."""
    _classes.clear()
    for cls in list(_named_by_plugins):
        del cls._known_node_type  # type: ignore[attr-defined]
    _named_by_plugins.clear()


on_change(forget_node_classes)


def _find_node_class(type_string: str) -> tuple[type[Node], bool]:
    if type_string == "":
        return load_entry_point("aiida.orm", "core.node"), True
    if not type_string.startswith(("data.", "process.")) or type_string == "data.":
        return load_entry_point("aiida.node", "data"), type_string == "data."
    name = type_string[:-1].rpartition(".")[0]
    group = "aiida.node"
    if type_string.startswith("data.") and name != "data":
        group, name = "aiida.data", name.removeprefix("data.")
    try:
        return load_entry_point(group, name), True
    except EntryPointError:
        base = "data" if type_string.startswith("data.") else "process"
        return load_entry_point("aiida.node", base), False
