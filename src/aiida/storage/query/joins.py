"""How a relation of `aiida.graph.relations` becomes a join.

Three kinds: a pair of columns; an edge that is a row (link, membership of a group); and a walk along the links of data
provenance, a recursive query. A walk starts from the rows that the query has chosen so far, or from the far end if
that is the narrower one, and deduplicates: it costs by the nodes that it meets, not by the paths to them. Depth adds a
row per distance; only a `path` that is asked for by name makes it one row per path.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from aiida.graph.queryspec import Condition, Filter
from aiida.graph.relations import Relation
from aiida.storage import schema
from aiida.storage.query.columns import without_index

__all__ = ("TABLES", "find_score", "make_walk")

TABLES: dict[str, sa.Table] = {
    "node": schema.node,
    "group": schema.group,
    "user": schema.user,
    "computer": schema.computer,
    "authinfo": schema.authinfo,
    "comment": schema.comment,
    "log": schema.log,
    "link": schema.link,
    "group_node": schema.group_node,
}

# Links of data provenance; those of logical provenance would lead in circles.
_WALKED = ("create", "input_calc")


def find_score(filters: tuple[Filter, ...]) -> int:
    """Return how much filters narrow a vertex: 4 for a key, down to 0."""
    return max((_score(part) for part in filters if isinstance(part, Condition) and not part.negated), default=0)


def _score(part: Condition) -> int:
    column, operator = part.field.column, part.operator
    if column in ("id", "uuid") and operator in ("==", "in"):
        return 4
    if column in ("node_type", "process_type"):
        return 0
    if operator in ("==", "in"):
        return 2 if part.field.is_json else 3
    return 1


def make_walk(
    name: str,
    relation: Relation,
    seeds: Any,
    from_base: bool,
    columns: frozenset[str],
    max_depth: tuple[str, Any] | None,
    dialect: str,
) -> Any:
    """Return the recursive query with `ancestor_id`, `descendant_id` and what else of `depth` and `path` is needed.

    `seeds` are the ids at the end where the walk starts: that of the new vertex if `from_base`, else the earlier one.
    """
    # Down means from ancestors to descendants. The new vertex descends from the earlier one for `walk == "down"`.
    down = (relation.walk == "down") != from_base
    link = schema.link.alias(f"{name}_link")
    near, far = (link.c.input_id, link.c.output_id) if down else (link.c.output_id, link.c.input_id)
    paths = _SqlitePath() if dialect == "sqlite" else _PostgresPath()

    first: list[Any] = [near.label("start_id"), far.label("node_id")]
    if "depth" in columns:
        first.append(sa.literal_column("0", sa.Integer).label("depth"))
    if "path" in columns:
        first.append(paths.begin(link.c.input_id, link.c.output_id).label("path"))
    base = sa.select(*first).where(_is_walked(link, dialect), near.in_(seeds))
    walk = base.cte(name, recursive=True)

    step = schema.link.alias(f"{name}_step")
    near, far = (step.c.input_id, step.c.output_id) if down else (step.c.output_id, step.c.input_id)
    further: list[Any] = [walk.c.start_id, far]
    if "depth" in columns:
        further.append(walk.c.depth + sa.literal_column("1", sa.Integer))
    if "path" in columns:
        further.append(paths.extend(walk.c.path, far, at_end=down))
    conditions = [near == walk.c.node_id, _is_walked(step, dialect)]
    if max_depth is not None and "depth" in columns:
        operator, bound = max_depth
        deeper = walk.c.depth + sa.literal_column("1", sa.Integer)
        conditions.append(deeper < bound if operator == "<" else deeper <= bound)
    walk = walk.union(sa.select(*further).where(*conditions))
    return walk, ("start_id", "node_id") if down else ("node_id", "start_id")


def _is_walked(link: Any, dialect: str) -> Any:
    return without_index(link.c.type, dialect).in_([sa.literal_column(f"'{one}'") for one in _WALKED])


class _SqlitePath:
    """Ids as JSON text."""

    def begin(self, ancestor: Any, descendant: Any) -> Any:
        return sa.func.json_array(ancestor, descendant, type_=sa.String)

    def extend(self, path: Any, id_: Any, at_end: bool) -> Any:
        text = sa.type_coerce(path, sa.String)
        if at_end:
            return sa.func.json_insert(text, sa.literal_column("'$[#]'"), id_, type_=sa.String)
        opening, comma = (sa.literal_column(f"'{one}'", sa.String) for one in "[,")
        rest = sa.func.substr(text, sa.literal_column("2"), type_=sa.String)
        return opening + sa.cast(id_, sa.String) + comma + rest


class _PostgresPath:
    """Ids as JSONB."""

    def begin(self, ancestor: Any, descendant: Any) -> Any:
        return sa.func.jsonb_build_array(ancestor, descendant, type_=JSONB)

    def extend(self, path: Any, id_: Any, at_end: bool) -> Any:
        one = sa.type_coerce(sa.func.jsonb_build_array(id_), sa.String)
        text = sa.type_coerce(path, sa.String)
        return sa.type_coerce(text.op("||")(one) if at_end else one.op("||")(text), JSONB)
