"""THE TABLES of what can be queried: the bases with their columns, and how a base may be joined to another.

A relation is read as *append a `base` that is `keyword` of an `other`*: a node ``with_group`` is a node in that group.
"""

from __future__ import annotations

from msgspec import Struct

from aiida.graph import records

__all__ = ("ALIASES", "COLUMNS", "RELATIONS", "ROWS", "Relation", "find_default_keyword", "get_relation")

# Whatever can be appended, and the two kinds of edge that are rows; `walk` is the edge to an ancestor or descendant.
ROWS: dict[str, type[records.Row]] = {
    "node": records.NodeRow,
    "group": records.GroupRow,
    "user": records.UserRow,
    "computer": records.ComputerRow,
    "authinfo": records.AuthInfoRow,
    "comment": records.CommentRow,
    "log": records.LogRow,
    "link": records.LinkRow,
    "group_node": records.GroupNodeRow,
}
BASES = ("authinfo", "comment", "computer", "group", "log", "node", "user")

# Names that AiiDA's users write for columns.
ALIASES: dict[str, dict[str, str]] = {
    "node": {"pk": "id", "computer": "dbcomputer_id", "user": "user_id"},
    "group": {"pk": "id", "user": "user_id"},
    "user": {"pk": "id"},
    "computer": {"pk": "id"},
    "authinfo": {"pk": "id", "user": "aiidauser_id", "computer": "dbcomputer_id"},
    "comment": {"pk": "id", "user": "user_id", "node": "dbnode_id"},
    "log": {"pk": "id", "node": "dbnode_id"},
    "link": {"pk": "id"},
    "group_node": {"pk": "id", "node": "dbnode_id", "group": "dbgroup_id"},
    "walk": {},
}


def _kind(name: str, text: str) -> str:
    if name == "uuid":
        return "uuid"
    for fragment, kind in (("datetime", "moment"), ("dict", "json"), ("bool", "boolean"), ("int", "number"), ("str", "text")):
        if fragment in text:
            return kind
    return "json"


def _annotation(row: type[records.Row], name: str) -> str:
    return next(str(cls.__annotations__[name]) for cls in row.__mro__ if name in getattr(cls, "__annotations__", {}))


# base → column → what it holds: number, text, uuid, moment, boolean, json.
COLUMNS: dict[str, dict[str, str]] = {
    base: {name: _kind(name, _annotation(row, name)) for name in row.__struct_fields__} for base, row in ROWS.items()
}
COLUMNS["walk"] = {"ancestor_id": "number", "descendant_id": "number", "depth": "number", "path": "json"}

# Columns that may be NULL, so that an order has to say where those rows go.
NULLABLE = {("node", "process_type"), ("node", "dbcomputer_id")}


class Relation(Struct, frozen=True):
    """How a `base` is joined to an `other`: by a pair of columns, through an edge, or by walking along links."""

    base: str
    keyword: str
    other: str
    columns: tuple[str, str] | None = None  # (column of base, column of other)
    edge: str | None = None
    ends: tuple[str, str] = ("", "")  # (column of the edge that names base, … that names other)
    walk: str | None = None  # "down": base descends from other; "up": other descends from base


RELATIONS: dict[tuple[str, str], Relation] = {
    (relation.base, relation.keyword): relation
    for relation in (
        Relation("node", "with_incoming", "node", edge="link", ends=("output_id", "input_id")),
        Relation("node", "with_outgoing", "node", edge="link", ends=("input_id", "output_id")),
        Relation("node", "with_ancestors", "node", edge="walk", walk="down"),
        Relation("node", "with_descendants", "node", edge="walk", walk="up"),
        Relation("node", "with_group", "group", edge="group_node", ends=("dbnode_id", "dbgroup_id")),
        Relation("node", "with_user", "user", ("user_id", "id")),
        Relation("node", "with_computer", "computer", ("dbcomputer_id", "id")),
        Relation("node", "with_comment", "comment", ("id", "dbnode_id")),
        Relation("node", "with_log", "log", ("id", "dbnode_id")),
        Relation("group", "with_node", "node", edge="group_node", ends=("dbgroup_id", "dbnode_id")),
        Relation("group", "with_user", "user", ("user_id", "id")),
        Relation("user", "with_node", "node", ("id", "user_id")),
        Relation("user", "with_group", "group", ("id", "user_id")),
        Relation("user", "with_comment", "comment", ("id", "user_id")),
        Relation("user", "with_authinfo", "authinfo", ("id", "aiidauser_id")),
        Relation("computer", "with_node", "node", ("id", "dbcomputer_id")),
        Relation("computer", "with_authinfo", "authinfo", ("id", "dbcomputer_id")),
        Relation("authinfo", "with_computer", "computer", ("dbcomputer_id", "id")),
        Relation("authinfo", "with_user", "user", ("aiidauser_id", "id")),
        Relation("comment", "with_node", "node", ("dbnode_id", "id")),
        Relation("comment", "with_user", "user", ("user_id", "id")),
        Relation("log", "with_node", "node", ("dbnode_id", "id")),
    )
}

KEYWORDS: dict[str, tuple[str, ...]] = {
    base: tuple(keyword for owner, keyword in RELATIONS if owner == base) for base in BASES
}


def get_relation(base: str, keyword: str, other: str | None = None) -> Relation:
    """Return the relation; `ValueError` with the valid keywords, or with the base that the keyword leads to."""
    relation = RELATIONS.get((base, keyword))
    if relation is None:
        raise ValueError(
            f"'{keyword}' is not a valid keyword for '{base}' joining specification\n"
            f"Valid keywords are: {', '.join(sorted(KEYWORDS[base]))}"
        )
    if other is not None and other != relation.other:
        raise ValueError(f"a {base} cannot be joined `{keyword}` to a {other}: `{keyword}` leads to a {relation.other}")
    return relation


def find_default_keyword(base: str, other: str) -> str | None:
    """Return the relation that is meant when none is named; a node after a node is its output."""
    if base == other == "node":
        return "with_incoming"
    return next((keyword for (owner, keyword), relation in RELATIONS.items() if owner == base and relation.other == other), None)
