"""Node-type strings: what they look like, and which type is a kind of which.

A node type is a dotted path that ends with the class name and a dot: `data.core.int.Int.`, `process.calculation.calcjob.CalcJobNode.`.
A prefix that ends with a dot names the type and all that is below it, as a query (`LIKE 'process.workflow.%'`) sees it. The type
string of a plugin's class does not hold its base classes: so the ancestry by prefix is that of entry-point names
(`core.array.` → `core.array.kpoints.`) and, for processes, of the class tree.
"""

from __future__ import annotations

__all__ = ("is_a", "is_valid_node_type", "node_type_prefix")


def is_valid_node_type(text: object) -> bool:
    """Whether the text has the form of a node type. The empty text is that of the root class, which is never stored."""
    return text == "" or (isinstance(text, str) and text.endswith(".") and text.count(".") >= 2)


def node_type_prefix(text: str) -> str:
    """Return what the types of all sub-classes begin with: the type without its class name.

    >>> node_type_prefix("data.core.array.ArrayData.")
    'data.core.array.'
    """
    if text == "":
        return ""
    return text[:-1].rpartition(".")[0] + "."


def is_a(node_type: str, ancestor: str) -> bool:
    """Whether a type lies below a prefix (`data.`, `process.workflow.`)."""
    return node_type.startswith(ancestor)
