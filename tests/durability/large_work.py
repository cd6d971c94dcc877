"""`python large_work.py TASK COUNT`, the storage's configuration on its standard input: do something large, print by how much memory grew.

An interpreter of its own, as the highest memory of one that ran other tests says nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiida import orm
from aiida.common.profile import Profile
from aiida.common.slots import current_store
from aiida.graph.records import GroupNodeRow, GroupRow, LinkRow, NodeRow, UserRow
from aiida.plugins.entry_point import load_entry_point
from aiida.tools import delete_group_nodes, delete_nodes
from aiida.tools.graph.deletions import preview

CHUNK = 1 << 20


def highest() -> float:
    """The highest memory of this interpreter so far, in MB (`ru_maxrss` would begin with that of whoever started it)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


class Stream(io.RawIOBase):
    """So many bytes, made as they are read; no two blocks are equal."""

    def __init__(self, size: int) -> None:
        self.left, self.number, self.hash = size, 0, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(self.left, len(buffer), CHUNK)
        block = self.number.to_bytes(8, "big") * (size // 8 + 1)
        self.number, self.left = self.number + 1, self.left - size
        buffer[:size] = block[:size]
        self.hash.update(block[:size])
        return size


def digest(handle: Any) -> str:
    found = hashlib.sha256()
    while chunk := handle.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()


# --- tasks ------------------------------------------------------------------------------------------------------------


def file(store: Any, megabytes: int) -> None:
    """A file of this size through every way in and out."""
    stream = Stream(megabytes << 20)
    single = orm.SinglefileData(io.BufferedReader(stream), filename="large").store()
    wanted = stream.hash.hexdigest()
    with single.open(mode="rb") as handle:
        assert digest(handle) == wanted
    with single.as_path() as path:
        assert path.stat().st_size == megabytes << 20
        folder = orm.FolderData()
        folder.base.repository.put_object_from_file(path, "a/large")
    folder.store()
    assert folder.base.repository.metadata["o"]["a"]["o"]["large"]["k"] == single.base.repository.metadata["o"]["large"]["k"] == wanted
    with tempfile.TemporaryDirectory() as target:
        folder.base.repository.copy_tree(Path(target))
        with (Path(target) / "a" / "large").open("rb") as handle:
            assert digest(handle) == wanted
    store.maintain()  # packs it
    with folder.base.repository.open("a/large", "rb") as handle:
        assert digest(handle) == wanted
    assert store.repository.get_object_hash(wanted) == wanted


def fill(store: Any, count: int) -> None:
    """Make nodes in a chain that is begun anew every tenth node, all in one group."""
    owner = store.find(UserRow)[0].id
    group = GroupRow(label="all", type_string="core", user_id=owner)
    store.insert([group])
    kinds = ("data.core.int.Int.", "process.calculation.calcfunction.CalcFunctionNode.")
    for start in range(0, count, 10_000):
        size = min(10_000, count - start)
        values = [{"value": i, "text": "x" * 100, **({"first": True} if i % 10 == 0 else {})} for i in range(size)]
        rows = [NodeRow(node_type=kinds[i % 2], user_id=owner, attributes=values[i]) for i in range(size)]
        store.insert(rows)
        ids = [row.id or 0 for row in rows]
        pairs = [(i, a, b) for i, (a, b) in enumerate(pairwise(ids)) if i % 10 < 9]
        store.insert([LinkRow(input_id=a, output_id=b, label="x", type="create" if i % 2 else "input_calc") for i, a, b in pairs])
        store.insert([GroupNodeRow(dbnode_id=pk, dbgroup_id=group.id) for pk in ids])


def iterate(store: Any, count: int) -> None:
    """Every node, as columns, as dictionaries, and as entities."""
    assert sum(1 for _ in orm.QueryBuilder().append(orm.Node, project=["id", "uuid"]).iterall()) == count
    assert sum(1 for _ in orm.QueryBuilder().append(orm.Node, project=["attributes"]).iterdict()) == count
    assert sum(1 for _ in orm.QueryBuilder().append(orm.Node).iterall()) == count


def delete(store: Any, count: int) -> None:
    """All nodes: dry and counted from where the chains begin, then by their group."""
    firsts = orm.QueryBuilder().append(orm.Node, filters={"attributes.first": True}, project="id").all(flat=True)
    found, done = delete_nodes(firsts, dry_run=True)
    assert (len(found), done) == (count, False)
    summary = preview(found)
    assert (summary.nodes, sum(summary.types.values()), summary.links) == (count, count, count // 10 * 9)
    del found
    group = orm.load_group("all")
    found, done = delete_group_nodes([group.pk], dry_run=False)
    assert (len(found), done, group.count(), orm.QueryBuilder().append(orm.Node).count()) == (count, True, 0, 0)
    assert store.find(LinkRow) == []


def naive(store: Any, count: int) -> None:
    """What shows that the bound would be broken."""
    assert len(orm.QueryBuilder().append(orm.Node).all()) == count


def main() -> None:
    task, count = sys.argv[1], int(sys.argv[2])
    profile = Profile("large", {"storage": json.load(sys.stdin), "process_control": {"backend": None, "config": {}}})
    store = load_entry_point("aiida.storage", profile.storage_backend)(profile)
    if not store.find(UserRow):
        store.insert([UserRow(email="a@b")])
    profile.default_user_email = "a@b"
    with current_store.override(store):
        orm.QueryBuilder().append(orm.Node).first()  # what is loaded once
        before = highest()
        globals()[task](store, count)
        print(json.dumps({"grown": highest() - before, "before": before}))
    store.close()


if __name__ == "__main__":
    main()
