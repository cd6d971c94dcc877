"""Processes of the tests at scale, and what fills a database with many of them."""

from __future__ import annotations

import sqlite3
import time

import psutil
from daemon_processes import wait_until, worker_pids

from aiida import orm
from aiida.common.slots import current_store
from aiida.engine import ToContext, WorkChain, append_, if_, run_get_node, submit


class Leaf(WorkChain):
    """One step, nothing more."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.outline(cls.only)

    def only(self):
        pass


class Waiter(WorkChain):
    """Launches one child and waits for it; with `n`, that many."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("x", valid_type=orm.Int)
        spec.outline(cls.launch, cls.collect)

    def launch(self):
        for _ in range(self.inputs.x.value):
            self.to_context(children=append_(self.submit(Leaf, x=self.inputs.x)))

    def collect(self):
        assert all(child.is_finished_ok for child in self.ctx.children)
        assert len(self.ctx.children) == self.inputs.x.value


class WaitsFor(WorkChain):
    """Waits for a process that somebody else launched."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("target", valid_type=orm.Int)
        spec.outline(cls.begin, cls.finish)

    def begin(self):
        return ToContext(other=orm.load_node(self.inputs.target.value))

    def finish(self):
        pass


class Chain(WorkChain):
    """Nests itself: by `submit`, or on its own stack by `run`."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("depth", valid_type=orm.Int)
        spec.input("rides", valid_type=orm.Bool, default=lambda: orm.Bool(False))
        spec.output("depth", valid_type=orm.Int)
        spec.outline(if_(cls.goes_deeper)(cls.nest), cls.finish)

    def goes_deeper(self):
        return self.inputs.depth.value > 0

    def nest(self):
        inputs = {"depth": orm.Int(self.inputs.depth.value - 1), "rides": self.inputs.rides}
        if self.inputs.rides.value:
            outputs, self.ctx.child = run_get_node(Chain, **inputs)
            assert outputs["depth"].value >= 0
            return None
        return ToContext(child=self.submit(Chain, **inputs))

    def finish(self):
        self.out("depth", self.ctx.child.outputs.depth if "child" in self.ctx else self.inputs.depth)


class Blocks(WorkChain):
    """A step that sleeps, as one that computes would."""

    @classmethod
    def define(cls, spec):
        super().define(spec)
        spec.input("seconds", valid_type=orm.Float)
        spec.outline(cls.block)

    def block(self):
        time.sleep(self.inputs.seconds.value)


def count(*states):
    """How many processes are in one of these states."""
    filters = {"attributes.process_state": {"in": list(states)}} if states else {}
    return orm.QueryBuilder().append(orm.ProcessNode, filters=filters).count()


def alive():
    """How many processes have not ended."""
    with current_store.get().reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM task").scalar()


def wait_all(timeout, left=0):
    """Until no more than `left` processes are alive; seconds."""
    begun = time.monotonic()
    wait_until(lambda: time.sleep(0.1) or alive() <= left, timeout, f"{left} left of {alive()} processes")
    return time.monotonic() - begun


def pss(pids=None):
    """Proportional set size in MB of workers and their children."""
    family = [
        process
        for pid in pids or worker_pids()
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    ]
    return sum(process.memory_full_info().pss for process in family) / 1e6


def cpu_share(seconds, pids=None):
    """The share of one core that workers and their children use."""
    family = [
        process
        for pid in pids or worker_pids()
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    ]

    def used():
        return sum(sum(process.cpu_times()[:2]) for process in family)

    before, begun = used(), time.monotonic()
    time.sleep(seconds)
    return (used() - before) / (time.monotonic() - begun)


def clone(pk, copies):
    """Copy a process's rows `copies` times by bulk SQL: node, links, journal, task and wait rows, each copy with its own id."""
    path = current_store.get().path
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.execute("PRAGMA synchronous=OFF")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(db_dbnode)") if row[1] not in ("id", "uuid")]
    first = connection.execute("SELECT max(id) FROM db_dbnode").fetchone()[0] + 1
    series = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :copies)"
    given = {"copies": copies, "first": first, "pk": pk}
    connection.execute("BEGIN IMMEDIATE")
    listed = ", ".join(columns)
    connection.execute(
        f"INSERT INTO db_dbnode (id, uuid, {listed}) {series} SELECT :first + i, lower(hex(randomblob(16))), {listed} FROM n, db_dbnode WHERE id = :pk",
        given,
    )
    connection.execute(
        f"INSERT INTO db_dblink (input_id, output_id, label, type) {series} SELECT input_id, :first + i, label, type FROM n, db_dblink WHERE output_id = :pk",
        given,
    )
    for table, key in (("event", "process"), ("task", "process"), ("wait", "waiter")):
        others = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != key]
        listed = ", ".join(others)
        connection.execute(
            f"INSERT INTO {table} ({key}, {listed}) {series} SELECT :first + i, {listed} FROM n, {table} WHERE {key} = :pk",
            given,
        )
    # a journal names the uuid of its node, and the fold checks it
    connection.execute(
        """UPDATE event SET data = json_set(data, '$.uuid', (SELECT substr(uuid,1,8)||'-'||substr(uuid,9,4)||'-'||substr(uuid,13,4)||'-'||substr(uuid,17,4)
        ||'-'||substr(uuid,21) FROM db_dbnode WHERE id = process)) WHERE process >= :first AND seq = 1""",
        given,
    )
    connection.execute("COMMIT")
    connection.close()
    return range(first, first + copies)


__all__ = [
    "Blocks", "Chain", "Leaf", "Waiter", "WaitsFor", "alive", "clone", "count", "cpu_share", "pss", "submit", "wait_all",
]  # fmt: skip
