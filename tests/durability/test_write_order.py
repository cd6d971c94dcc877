"""An object is on disk before the row that names it: the order of the system calls, seen by strace."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real("strace")

PROGRAM = """
import os, sys
from aiida.common.profile import Profile
from aiida.graph.records import NodeRow, UserRow
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
config = {"storage": {"backend": "core.sqlite_dos", "config": {"filepath": sys.argv[1]}}, "process_control": {"backend": None, "config": {}}}
profile = Profile("order", config)
SqliteDosStorage.initialise(profile)
store = SqliteDosStorage(profile)
store.insert([UserRow(email="a")])
store.repository.put_bytes(b"warm up")
os.write(2, b"MARK put\\n")
key = store.repository.put_bytes(b"x" * 10_000)
os.write(2, b"MARK row\\n")
store.insert([NodeRow(node_type="data.", user_id=1, repository_metadata={"o": {"f": {"k": key}}})])
os.write(2, b"MARK told\\n")
os._exit(0)
"""


def test_object_then_row_then_answer(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link"
    command = [
        "strace",
        "-f",
        "-y",
        "-o",
        str(trace),
        "-e",
        f"trace={calls}",
        sys.executable,
        "-c",
        PROGRAM,
        str(tmp_path / "storage"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = trace.read_text().splitlines()
    marks = {name: next(i for i, line in enumerate(lines) if f"MARK {name}" in line) for name in ("put", "row", "told")}

    def find(pattern: str, start: str, end: str) -> list[int]:
        return [i for i in range(marks[start], marks[end]) if re.search(pattern, lines[i])]

    written = find(r"write\(.*/container/sandbox/", "put", "row")
    synced = find(r"f(data)?sync\(.*/container/sandbox/", "put", "row")
    renamed = find(r"rename.*/container/sandbox/.*/container/loose/", "put", "row")
    directory = find(r"f(data)?sync\(\d+<[^>]*/container/loose/\w\w>", "put", "row")
    assert written and synced and renamed and directory
    assert written[-1] < synced[0] < renamed[-1] < directory[-1]

    log = find(r"pwrite64\(.*database\.sqlite-wal", "row", "told")
    commit = find(r"f(data)?sync\(.*database\.sqlite-wal", "row", "told")
    assert log and commit
    assert log[-1] < commit[-1]
    assert not find(r"database\.sqlite-wal", "put", "row")
