"""Node-type strings: what they look like, and which type is a kind of which.

A node type is a dotted path that ends with the class name and a dot: `data.core.int.Int.`, `process.calculation.calcjob.CalcJobNode.`.
A prefix that ends with a dot names the type and all that is below it, as a query (`LIKE 'process.workflow.%'`) sees it. The type
string of a plugin's class does not hold its base classes: so the ancestry by prefix is that of entry-point names
(`core.array.` → `core.array.kpoints.`) and, for processes, of the class tree.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = (
    "NodeType",
    "is_a",
    "is_calculation",
    "is_data",
    "is_process",
    "is_valid_node_type",
    "is_workflow",
    "node_type_prefix",
    "parse_node_type",
)

_ROOTS = ("data", "process", "node")


class NodeType(NamedTuple):
    """A node type in parts: `data.` + `core.int.` + `Int.`."""

    root: str
    name: str
    class_name: str


def is_valid_node_type(text: object) -> bool:
    """Whether the text has the form of a node type. The empty text is that of the root class, which is never stored."""
    return text == "" or (isinstance(text, str) and text.endswith(".") and text.count(".") >= 2)


def parse_node_type(text: str) -> NodeType:
    """Return the parts of a node type; `ValueError` if it is none."""
    if not is_valid_node_type(text) or not text:
        raise ValueError(
            f"`{text}` is not a node type: dotted parts with a dot at the end, such as `data.core.int.Int.`"
        )
    root, *middle, class_name, _ = text.split(".")
    return NodeType(root, ".".join(middle), class_name)


def node_type_prefix(text: str) -> str:
    """Return what the types of all sub-classes begin with: the type without its class name.

    >>> node_type_prefix("data.core.array.ArrayData.")
    'data.core.array.'
    """
    if text == "":
        return ""
    return text.rstrip(".").rpartition(".")[0] + "."


def is_a(node_type: str, ancestor: str) -> bool:
    """Whether a type lies below a prefix (`data.`, `process.workflow.`)."""
    return node_type.startswith(ancestor)


def is_data(node_type: str) -> bool:
    """Whether it is the type of a data node."""
    return is_a(node_type, "data.")


def is_process(node_type: str) -> bool:
    """Whether it is the type of a process node."""
    return is_a(node_type, "process.")


def is_calculation(node_type: str) -> bool:
    """Whether it is the type of a calculation node: one that creates data."""
    return is_a(node_type, "process.calculation.")


def is_workflow(node_type: str) -> bool:
    """Whether it is the type of a workflow node: one that calls processes and returns data."""
    return is_a(node_type, "process.workflow.")
