"""Links in bulk: neighbours with their rows, children, closures. One statement each, whatever the number of nodes.

A closure is a recursive query with UNION, so that a node is visited once however many paths lead to it: with UNION ALL a
ladder of thirty diamonds has a thousand million paths.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, cast

from aiida.common.links import LinkType
from aiida.graph.records import LinkRow, NodeRow
from aiida.storage import statements

if TYPE_CHECKING:
    from aiida.storage.store import Store

CALLS = (LinkType.CALL_CALC, LinkType.CALL_WORK)
Direction = Literal["incoming", "outgoing"]

# Side of the link that is given, side that is looked for.
_SIDES: dict[str, tuple[str, str]] = {"incoming": ("output_id", "input_id"), "outgoing": ("input_id", "output_id")}


def _type_condition(store: Store, types: Iterable[LinkType]) -> str:
    # The values are those of an enumeration, so they may stand in the text, which stays one of a few constants.
    # The index on types must not be taken: a database of a million processes has a million links of each type.
    names = sorted({LinkType(one).value for one in types})
    return f" AND {store.dialect.unindexed}l.type IN ({', '.join(repr(name) for name in names)})" if names else ""


def find_neighbours(
    store: Store, ids: Iterable[int], direction: Direction, types: Iterable[LinkType] = ()
) -> list[tuple[LinkRow, NodeRow]]:
    """Return the links at one side of these nodes with the node at the other end, in order of the links."""
    here, there = _SIDES[direction]
    links, nodes = store.dialect.codec(LinkRow), store.dialect.codec(NodeRow)
    condition, parameter = store.dialect.among(f"l.{here}", ids)
    columns = ", ".join([f'l."{name}"' for name in links.columns] + [f'n."{name}"' for name in nodes.columns])
    sql = (
        f"SELECT {columns} FROM db_dblink l JOIN db_dbnode n ON n.id = l.{there}"
        f" WHERE {condition}{_type_condition(store, types)} ORDER BY l.id"
    )
    width = len(links.columns)
    with store.reading() as connection:
        rows = statements.execute(connection, sql, (parameter,)).all()
    return [
        (cast("LinkRow", links.decode(row[:width])), cast("NodeRow", nodes.decode(row[width:]))) for row in rows
    ]


def find_tree(store: Store, start: int, types: Iterable[LinkType] = CALLS) -> list[tuple[LinkRow, NodeRow]]:
    """Return the links below a node, with the node that each leads to, in order of the links."""
    links, nodes = store.dialect.codec(LinkRow), store.dialect.codec(NodeRow)
    condition, parameter = store.dialect.among("l.input_id", [start])
    wanted = _type_condition(store, types)
    columns = ", ".join([f'l."{name}"' for name in links.columns] + [f'n."{name}"' for name in nodes.columns])
    sql = (
        f"WITH RECURSIVE reached(id, link) AS (SELECT l.output_id, l.id FROM db_dblink l WHERE {condition}{wanted}"
        f" UNION SELECT l.output_id, l.id FROM reached r JOIN db_dblink l ON l.input_id = r.id{wanted})"
        f" SELECT {columns} FROM reached r JOIN db_dblink l ON l.id = r.link JOIN db_dbnode n ON n.id = r.id ORDER BY l.id"
    )
    width = len(links.columns)
    with store.reading() as connection:
        rows = statements.execute(connection, sql, (parameter,)).all()
    return [
        (cast("LinkRow", links.decode(row[:width])), cast("NodeRow", nodes.decode(row[width:]))) for row in rows
    ]


def find_links(
    store: Store, ids: Iterable[int], direction: Direction, types: Iterable[LinkType] = ()
) -> list[LinkRow]:
    """Return the links at one side of these nodes."""
    here, _ = _SIDES[direction]
    codec = store.dialect.codec(LinkRow)
    condition, parameter = store.dialect.among(f"l.{here}", ids)
    columns = ", ".join(f'l."{name}"' for name in codec.columns)
    sql = f"SELECT {columns} FROM db_dblink l WHERE {condition}{_type_condition(store, types)} ORDER BY l.id"
    with store.reading() as connection:
        return [cast("LinkRow", codec.decode(row)) for row in statements.execute(connection, sql, (parameter,))]


def find_closure(
    store: Store, ids: Iterable[int], direction: Direction, types: Iterable[LinkType] = ()
) -> set[int]:
    """Return all nodes that are reached from these by links of these types; the start only if a path leads back."""
    here, there = _SIDES[direction]
    condition, parameter = store.dialect.among(f"l.{here}", ids)
    wanted = _type_condition(store, types)
    sql = (
        f"WITH RECURSIVE reached(id) AS (SELECT l.{there} FROM db_dblink l WHERE {condition}{wanted}"
        f" UNION SELECT l.{there} FROM reached r JOIN db_dblink l ON l.{here} = r.id{wanted})"
        " SELECT id FROM reached"
    )
    with store.reading() as connection:
        return {row[0] for row in statements.execute(connection, sql, (parameter,))}


def count_links(store: Store, ids: Iterable[int]) -> int:
    """Return how many links begin at these nodes."""
    condition, parameter = store.dialect.among("input_id", ids)
    with store.reading() as connection:
        return int(statements.execute(connection, f"SELECT count(*) FROM db_dblink WHERE {condition}", (parameter,)).scalar())


def find_reached(store: Store, ids: Iterable[int], forward: Iterable[LinkType], backward: Iterable[LinkType]) -> set[int]:
    """Return these nodes and all that are reached from them: outputs by links of the types `forward`, inputs by those `backward`.

    One statement, whatever the depth; what it has seen is kept by the database, on disk if need be.
    """
    steps = [
        (here, there, _type_condition(store, types))
        for (here, there), types in ((_SIDES["outgoing"], list(forward)), (_SIDES["incoming"], list(backward)))
        if types
    ]
    condition, parameter = store.dialect.among("n.id", ids)
    sql = f"WITH RECURSIVE reached(id) AS (SELECT n.id FROM db_dbnode n WHERE {condition}"
    if store.dialect.name == "sqlite":
        for here, there, wanted in steps:
            sql += f" UNION SELECT l.{there} FROM reached r JOIN db_dblink l ON l.{here} = r.id{wanted}"
    elif steps:  # PostgreSQL has one recursive term
        both = " UNION ALL ".join(f"SELECT l.{there} AS id FROM db_dblink l WHERE l.{here} = r.id{wanted}" for here, there, wanted in steps)
        sql += f" UNION SELECT x.id FROM reached r CROSS JOIN LATERAL ({both}) x"
    with store.reading() as connection:
        return {row[0] for row in statements.iterate(connection, f"{sql}) SELECT id FROM reached", (parameter,))}


def is_reachable(store: Store, start: int, target: int, types: Iterable[LinkType] = ()) -> bool:
    """Return whether `target` is reached from `start` along links of these types."""
    return target in find_closure(store, [start], "outgoing", types)
