"""Whether it matters how much has been done before: throughput on a database with a million finished processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from bench_daemon import daemon, launch_three_steps, throughput, wait_all
from rates import QUICK

FINISHED = 20_000 if QUICK else 1_000_000
CHUNK = 20_000

# A work chain, its calcfunction and the result, as the engine left them, written again under new ids.
_NODES = """INSERT INTO db_dbnode (id, uuid, node_type, process_type, label, description, ctime, mtime, attributes, extras,
        repository_metadata, dbcomputer_id, user_id)
    SELECT n.id + c.shift, u, n.node_type, n.process_type, n.label, n.description,
        n.ctime, n.mtime, n.attributes, n.extras, n.repository_metadata, n.dbcomputer_id, n.user_id
    FROM (SELECT shift, lower(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4) || '-' || substr(h, 17, 4) || '-'
        || substr(h, 21, 12)) AS u, which FROM (SELECT copy.shift, which.n AS which, hex(randomblob(16)) AS h FROM copy, which)) c
    JOIN db_dbnode n ON n.id = c.which"""
_LINKS = """INSERT INTO db_dblink (input_id, output_id, label, type)
    SELECT CASE WHEN l.input_id < :first THEN l.input_id ELSE l.input_id + shift END, l.output_id + shift, l.label, l.type
    FROM copy, db_dblink l WHERE l.output_id BETWEEN :first AND :last"""
_EVENTS = """INSERT INTO event (process, seq, kind, version, data, epoch, at)
    SELECT process + shift, seq, kind, version, data, epoch, at FROM copy, event WHERE process BETWEEN :first AND :last ORDER BY 1, 2"""


def find_database() -> Path:
    """Return the file of the loaded profile."""
    from aiida.manage import get_manager

    return Path(get_manager().get_profile().storage_config["filepath"]) / "database.sqlite"


def fill(path: Path, template: Any, processes: int) -> None:
    """Copy the rows of one finished work chain until there are so many finished processes more; two of three nodes are one."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-1000000")
    first, last = template.pk, template.pk + 2
    among = {"first": first, "last": last}
    top = connection.execute("SELECT max(id) FROM db_dbnode").fetchone()[0]
    connection.execute("CREATE TEMP TABLE which AS SELECT id AS n FROM db_dbnode WHERE id BETWEEN :first AND :last", among)
    copies = processes // 2
    for begun in range(0, copies, CHUNK):
        connection.execute("CREATE TEMP TABLE copy (shift INTEGER PRIMARY KEY)")
        shifts = ((top + 3 * i - first + 1,) for i in range(begun, min(begun + CHUNK, copies)))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO copy VALUES (?)", shifts)
        connection.execute(_NODES)
        connection.execute(_LINKS, among)
        connection.execute(_EVENTS, among)
        connection.execute("COMMIT")
        connection.execute("DROP TABLE copy")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def beside_finished() -> float:
    """Return the throughput with so many finished processes, as a share of that before they were there."""
    launch = launch_three_steps()
    with daemon():
        template = launch()
        wait_all([template])
    before = throughput(launch)
    fill(find_database(), template, FINISHED)
    return throughput(launch) / before


#: row -> (function, unit, whether more is better). Last of all: it leaves a large database behind.
ROWS = {"throughput beside 1,000,000 finished (--quick: 20,000)": (beside_finished, "times", True)}
