"""Link types, and the rules by which a set of nodes is closed under them."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from aiida.common.lang import isidentifier

__all__ = ("GraphTraversalRule", "GraphTraversalRules", "LinkType", "find_label_fault", "validate_link_label")


class LinkType(Enum):
    """The six kinds of edge in the provenance graph."""

    CREATE = "create"
    RETURN = "return"
    INPUT_CALC = "input_calc"
    INPUT_WORK = "input_work"
    CALL_CALC = "call_calc"
    CALL_WORK = "call_work"


class GraphTraversalRule(NamedTuple):
    """May a user switch following this link in this direction on and off, and what happens if they do not say."""

    link_type: LinkType
    direction: str
    toggleable: bool
    default: bool


# One line per link type; per direction (forward, backward) two letters:
# T = a user may toggle it, f = fixed;  y = followed by default, n = not followed.
_TABLE = """
               DEFAULT     DELETE      EXPORT
    input_calc Tn  Tn      fy  fn      Tn  fy
    create     Tn  Tn      Ty  fy      fy  Ty
    return     Tn  Tn      fn  fy      fy  Tn
    input_work Tn  Tn      fy  fn      Tn  fy
    call_calc  Tn  Tn      Ty  fy      fy  Ty
    call_work  Tn  Tn      Ty  fy      fy  Ty
"""


def _parse_rules(column: int) -> dict[str, GraphTraversalRule]:
    rules: dict[str, GraphTraversalRule] = {}
    for line in _TABLE.strip().splitlines()[1:]:
        words = line.split()
        link_type = LinkType(words[0])
        for offset, direction in enumerate(("forward", "backward"), start=1):
            letters = words[2 * column + offset]
            rule = GraphTraversalRule(link_type, direction, toggleable=letters[0] == "T", default=letters[1] == "y")
            rules[f"{link_type.value}_{direction}"] = rule
    return rules


class GraphTraversalRules(Enum):
    """The three sets of rules: for plain traversal, for deletion, and for export."""

    DEFAULT = _parse_rules(0)
    DELETE = _parse_rules(1)
    EXPORT = _parse_rules(2)


_LABEL = re.compile(r"[A-Za-z0-9_]*\Z")


def find_label_fault(label: str) -> str | None:
    """Return why the text can be no link label (a Python name of ASCII letters, digits and inner underscores), or None."""
    if label.endswith("_"):
        return "cannot end with an underscore"
    if label.startswith("_"):
        return "cannot start with an underscore"
    if not _LABEL.match(label):
        return "only alphanumeric and underscores are allowed"
    return None if isidentifier(label) else "not a valid python identifier"


def validate_link_label(link_label: str) -> None:
    """Raise `ValueError` if the text cannot be a link label."""
    if not isinstance(link_label, str):
        raise TypeError(f"invalid link label `{link_label}`: should be string type but is instead: {type(link_label)}")
    if (fault := find_label_fault(link_label)) is not None:
        raise ValueError(f"invalid link label `{link_label}`: {fault}")
