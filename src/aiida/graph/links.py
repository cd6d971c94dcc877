"""THE TABLE of legal links, and the check that uses it.

Each row says which node may point to which, and how often. `check_link` looks at the types; how often needs the links that are there, so
that `aiida.orm` compares them with the degrees (`DEGREES`) when a link is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from aiida.common.links import LinkType, validate_link_label
from aiida.graph.types import is_a

__all__ = (
    "DEGREES",
    "LINK_RULES",
    "Degree",
    "LinkRule",
    "check_link",
    "describe_rule",
    "is_legal",
)


class Degree(Enum):
    """How many links of a type a node may have on one side."""

    UNIQUE = "unique"  # one at most
    UNIQUE_LABEL = "unique_label"  # several, with different labels
    UNIQUE_TRIPLE = "unique_triple"  # several, but no two with the same partner and label
    MANY = "many"


@dataclass(frozen=True)
class LinkRule:
    """A legal kind of edge: types at both ends, and the degree on both sides."""

    link_type: LinkType
    source: str
    target: str
    outdegree: Degree
    indegree: Degree


_DATA = "data."
_CALC = "process.calculation."
_WORK = "process.workflow."

#          link type             from    to      at the source: outgoing   at the target: incoming
LINK_RULES = (
    LinkRule(LinkType.CALL_CALC, _WORK, _CALC, Degree.MANY, Degree.UNIQUE),
    LinkRule(LinkType.CALL_WORK, _WORK, _WORK, Degree.MANY, Degree.UNIQUE),
    LinkRule(LinkType.CREATE, _CALC, _DATA, Degree.UNIQUE_LABEL, Degree.UNIQUE),
    LinkRule(LinkType.INPUT_CALC, _DATA, _CALC, Degree.MANY, Degree.UNIQUE_LABEL),
    LinkRule(LinkType.INPUT_WORK, _DATA, _WORK, Degree.MANY, Degree.UNIQUE_LABEL),
    LinkRule(LinkType.RETURN, _WORK, _DATA, Degree.UNIQUE_LABEL, Degree.UNIQUE_TRIPLE),
)
_BY_TYPE = {rule.link_type: rule for rule in LINK_RULES}

DEGREES: dict[LinkType, tuple[Degree, Degree]] = {
    rule.link_type: (rule.outdegree, rule.indegree) for rule in LINK_RULES
}


def is_legal(source_type: str, target_type: str, link_type: LinkType) -> bool:
    """Whether a link of this type may go from a node of one type to a node of the other."""
    rule = _BY_TYPE[link_type]
    return is_a(source_type, rule.source) and is_a(target_type, rule.target)


def describe_rule(link_type: LinkType) -> str:
    """Return in words what a link of this type connects."""
    rule = _BY_TYPE[link_type]
    return f"a link of type `{link_type.value}` goes from `{rule.source}` to `{rule.target}`"


def check_link(source_type: str, target_type: str, link_type: LinkType, label: str) -> None:
    """Raise unless such a link is legal by itself: `TypeError` for a wrong kind of argument, `ValueError` for a rule broken."""
    if not isinstance(link_type, LinkType):
        raise TypeError(f"the link_type should be a member of LinkType, got {type(link_type)}")
    validate_link_label(label)
    if not is_legal(source_type, target_type, link_type):
        raise ValueError(
            f"cannot add a `{link_type.value}` link from a node of type `{source_type}` to one of type `{target_type}`: "
            f"{describe_rule(link_type)}"
        )
