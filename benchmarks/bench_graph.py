"""The provenance store: one graph, made the same in both implementations by the public bulk interface, and what is asked of it.

120,000 nodes (``--quick``: 12,000): a third each inputs, calculations and outputs, a chain of depth 50 and a ladder beside them.
`RAW` holds, for the rows that have such a limit, the SQL that returns the same rows, run on the same file by the driver alone.
"""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

QUICK = "--quick" in sys.argv
TRIPLES = 4_000 if QUICK else 40_000
MANY = 50_000 if QUICK else 1_000_000
BULK = 2_000 if QUICK else 10_000
LOADED = 2_000 if QUICK else 10_000
DEPTH, RUNGS, REFERENCE_RUNGS = 50, 30, 10
INT, DICT = "data.core.int.Int.", "data.core.dict.Dict."
CALCULATION = "process.calculation.calcfunction.CalcFunctionNode."
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)


def median(action: Callable[[], Any], repeats: int = 5) -> float:
    """Return the median time of an action; the first call, which compiles and warms, is not counted."""
    action()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


# --- the graph --------------------------------------------------------------------------------------------------------


class Maker:
    """Rows of nodes and links, inserted in batches."""

    def __init__(self) -> None:
        from aiida import orm
        from aiida.manage import get_manager

        self.backend = get_manager().get_profile_storage()
        self.user = orm.User.collection.get_default().pk
        self.random = random.Random(7)
        self.count = 0

    def row(self, kind: str, attributes: dict[str, Any], label: str = "") -> dict[str, Any]:
        self.count += 1
        moment = BEGINNING + timedelta(seconds=self.count)
        return {
            "uuid": str(uuid.uuid4()),
            "node_type": kind,
            "process_type": "" if kind == CALCULATION else None,
            "label": label,
            "description": "",
            "ctime": moment,
            "mtime": moment,
            "attributes": attributes,
            "extras": {},
            "repository_metadata": {},
            "dbcomputer_id": None,
            "user_id": self.user,
        }

    def nodes(self, rows: list[dict[str, Any]]) -> list[int]:
        from aiida.orm.entities import EntityTypes

        found: list[int] = []
        for start in range(0, len(rows), 10_000):
            with self.backend.transaction():
                found += self.backend.bulk_insert(EntityTypes.NODE, rows[start : start + 10_000])
        return found

    def links(self, links: list[tuple[int, int, str]]) -> None:
        from aiida.orm.entities import EntityTypes

        rows = [{"input_id": one, "output_id": two, "label": "x", "type": kind} for one, two, kind in links]
        for start in range(0, len(rows), 10_000):
            with self.backend.transaction():
                self.backend.bulk_insert(EntityTypes.LINK, rows[start : start + 10_000])

    def int(self, i: int, label: str = "") -> dict[str, Any]:
        return self.row(INT, {"value": i}, label)

    def dict(self, i: int) -> dict[str, Any]:
        numbers = {"energy": self.random.random(), "index": i, "cell": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]}
        return self.row(DICT, {**numbers, "converged": i % 3 == 0, "units": "eV", "code": {"name": "pw", "version": f"7.{i % 5}"}})

    def calculation(self) -> dict[str, Any]:
        return self.row(CALCULATION, {"process_state": "finished", "exit_status": 0, "process_label": "add", "sealed": True})

    def triples(self) -> None:
        inputs = self.nodes([self.int(i) for i in range(TRIPLES)])
        calculations = self.nodes([self.calculation() for _ in range(TRIPLES)])
        outputs = self.nodes([self.dict(i) for i in range(TRIPLES)])
        self.links([(a, b, "input_calc") for a, b in zip(inputs, calculations, strict=True)])
        self.links([(a, b, "create") for a, b in zip(calculations, outputs, strict=True)])

    def chain(self) -> None:
        rows = [self.int(i, f"chain {i}") if i % 2 == 0 else self.calculation() for i in range(DEPTH + 1)]
        ids = self.nodes(rows)
        self.links([(a, b, "create" if i % 2 else "input_calc") for i, (a, b) in enumerate(itertools.pairwise(ids))])

    def ladder(self, rungs: int) -> None:
        """Make a graph with 2 ** rungs paths: a node, two calculations of it, what they made, a calculation of both, what it made, …"""
        (here,) = self.nodes([self.int(0, f"ladder {rungs}")])
        for i in range(rungs):
            one, two, left, right, both, following = self.nodes(
                [self.calculation(), self.calculation(), self.int(i), self.int(i), self.calculation(), self.int(i)]
            )
            inputs = [(here, one), (here, two), (left, both), (right, both)]
            self.links([(*pair, "input_calc") for pair in inputs])
            self.links([(*pair, "create") for pair in ((one, left), (two, right), (both, following))])
            here = following


def ensure_graph() -> None:
    """Make the graph in the profile if it is not there."""
    from aiida import orm

    if orm.QueryBuilder().append(orm.Int, filters={"label": f"ladder {RUNGS}"}).count():
        return
    maker = Maker()
    maker.triples()
    maker.chain()
    maker.ladder(REFERENCE_RUNGS)
    maker.ladder(RUNGS)


def ensure_many() -> None:
    """Make so many nodes in the profile if they are not there."""
    from aiida import orm

    count, maker = orm.QueryBuilder().append(orm.Node).count(), Maker()
    for _ in range(count, MANY, 10_000):
        maker.nodes([maker.int(i) for i in range(10_000)])


# --- storing -----------------------------------------------------------------------------------------------------------


def insert_rows() -> float:
    """Rows that are there already, by the bulk interface."""
    from aiida.orm.entities import EntityTypes

    maker = Maker()
    rates = []
    for _ in range(6):
        rows = [maker.int(i) for i in range(BULK)]
        started = time.perf_counter()
        with maker.backend.transaction():
            maker.backend.bulk_insert(EntityTypes.NODE, rows)
        rates.append(BULK / (time.perf_counter() - started))
    return statistics.median(rates[1:])


def store_many() -> float:
    """From values to nodes in the database, the quickest public way: ours by whole nodes, with hash and checks; aiida-core by rows."""
    from aiida import orm
    from aiida.orm.entities import EntityTypes

    maker = Maker()

    def go() -> None:
        if hasattr(orm, "store_nodes"):
            orm.store_nodes([orm.Int(i) for i in range(BULK)])
            return
        with maker.backend.transaction():
            maker.backend.bulk_insert(EntityTypes.NODE, [maker.int(i) for i in range(BULK)])

    return BULK / median(go)


# --- queries ----------------------------------------------------------------------------------------------------------


def query(*appends: Any, order_by: Any = None, limit: int | None = None) -> Any:
    from aiida import orm

    builder = orm.QueryBuilder()
    for cls, more in appends:
        builder.append(getattr(orm, cls), **more)
    if order_by:
        builder.order_by(order_by)
    return builder.limit(limit)


def count_nodes() -> float:
    return median(lambda: query(("Dict", {})).count())


def json_filter() -> float:
    return median(lambda: query(("Dict", {"filters": {"attributes.energy": {"<": 0.01}}, "project": ["id", "uuid"]})).all())


def two_json_filters() -> float:
    filters = {"attributes.energy": {"<": 0.01}, "attributes.code.version": "7.3"}
    return median(lambda: query(("Dict", {"filters": filters, "project": ["id", "uuid"]})).all())


def two_hops() -> float:
    first = {"tag": "x", "filters": {"attributes.value": {"<": TRIPLES // 50}}}
    return median(
        lambda: query(
            ("Int", first),
            ("CalcFunctionNode", {"with_incoming": "x", "tag": "c"}),
            ("Dict", {"with_incoming": "c", "project": ["id", "attributes.energy"]}),
        ).all()
    )


def ordered() -> float:
    last = {"tag": "n", "project": ["id", "uuid", "ctime"]}
    return median(lambda: query(("Data", last), order_by={"n": {"ctime": "desc"}}, limit=10).all())


def iterate() -> float:
    def go() -> int:
        return sum(1 for _ in query(("Node", {"project": ["id", "uuid"]}), limit=100_000).iterall())

    return median(go, 3)


def load() -> float:
    return median(lambda: query(("Dict", {}), limit=LOADED).all(), 3)


def walk(start: str, keyword: str) -> float:
    return median(lambda: query(("Node", {"filters": {"label": start}, "tag": "n"}), ("Node", {keyword: "n", "project": "id"})).all())


def highest_memory() -> float:
    """Return the highest memory of this interpreter so far, in MB (`ru_maxrss` would begin with that of whoever started it)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def memory_of_iterating() -> float:
    """Return by how much the highest memory rose, in MB."""
    before = highest_memory()
    seen = sum(1 for _ in query(("Node", {"project": ["id", "uuid"]})).iterall())
    if seen < MANY:
        raise SystemExit(f"{seen} nodes of {MANY}")
    return highest_memory() - before


#: row -> (function, unit, whether more is better)
ROWS: dict[str, tuple[Callable[[], float], str, bool]] = {
    "10,000 nodes at once (ours: nodes, aiida-core: rows)": (store_many, "per s", True),
    "10,000 rows at once (bulk_insert)": (insert_rows, "per s", True),
    "count of a type": (count_nodes, "s", False),
    "JSON filter": (json_filter, "s", False),
    "two JSON filters": (two_json_filters, "s", False),
    "two-hop join": (two_hops, "s", False),
    "order by and limit": (ordered, "s", False),
    "iterate 100,000 nodes, two columns": (iterate, "s", False),
    "load 10,000 entities": (load, "s", False),
    "ancestors, chain of 50": (lambda: walk(f"chain {DEPTH}", "with_descendants"), "s", False),
    "descendants, chain of 50": (lambda: walk("chain 0", "with_ancestors"), "s", False),
    f"descendants, ladder of {REFERENCE_RUNGS} rungs": (lambda: walk(f"ladder {REFERENCE_RUNGS}", "with_ancestors"), "s", False),
    f"descendants, ladder of {RUNGS} rungs": (lambda: walk(f"ladder {RUNGS}", "with_ancestors"), "s", False),
    "iterate 1,000,000 nodes, memory": (memory_of_iterating, "MB", False),
}
OURS_ONLY = (f"descendants, ladder of {RUNGS} rungs",)  # the other doubles its time with every rung

_TYPED = f"node_type LIKE '{DICT}%'"
RAW = {
    "count of a type": f"SELECT count(*) FROM db_dbnode WHERE {_TYPED}",
    "JSON filter": f"SELECT id, uuid FROM db_dbnode WHERE {_TYPED} AND json_extract(attributes, '$.energy') < 0.01",
    "two JSON filters": f"SELECT id, uuid FROM db_dbnode WHERE {_TYPED} AND json_extract(attributes, '$.energy') < 0.01"
    " AND json_extract(attributes, '$.code.version') = '7.3'",
    "two-hop join": "SELECT o.id, json_extract(o.attributes, '$.energy') FROM db_dbnode i"
    " JOIN db_dblink a ON a.input_id = i.id JOIN db_dbnode c ON c.id = a.output_id JOIN db_dblink b ON b.input_id = c.id"
    f" JOIN db_dbnode o ON o.id = b.output_id WHERE i.node_type LIKE '{INT}%' AND c.node_type LIKE '{CALCULATION}%'"
    f" AND o.node_type LIKE '{DICT}%' AND json_extract(i.attributes, '$.value') < {TRIPLES // 50}",
    "order by and limit": "SELECT id, uuid, ctime FROM db_dbnode WHERE node_type LIKE 'data.%' ORDER BY ctime DESC LIMIT 10",
    "iterate 100,000 nodes, two columns": "SELECT id, uuid FROM db_dbnode LIMIT 100000",
}


def raw(row: str) -> float | None:
    """Return the time of the row's SQL alone on the profile's database."""
    from aiida.manage import get_manager

    if row not in RAW:
        return None
    path = f"{get_manager().get_profile_storage().profile.storage_config['filepath']}/database.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA case_sensitive_like=ON")
    try:
        return median(lambda: connection.execute(RAW[row]).fetchall())
    finally:
        connection.close()


def main() -> None:
    """Measure the row named on the command line."""
    import warnings

    warnings.simplefilter("ignore")
    from aiida import load_profile

    load_profile()
    name = sys.argv[1]
    if "1,000,000" in name:
        ensure_many()
    elif "at once" not in name:
        ensure_graph()
    result: dict[str, float | None] = {"value": ROWS[name][0]()}
    if "--raw" in sys.argv:
        result["raw"] = raw(name)
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
