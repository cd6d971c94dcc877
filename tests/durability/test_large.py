"""Large files and many nodes need no memory to speak of: at a small size with a bound that a naive way breaks, at full size as a proof."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiida.common.profile import Profile
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from tests.postgres_server import postgres_server, postgres_storage  # noqa: F401

WORK = Path(__file__).with_name("large_work.py")
KINDS = ["core.sqlite_dos", pytest.param("core.psql_dos", marks=pytest.mark.real("postgres"))]


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The configuration of an empty storage."""
    if request.param == "core.psql_dos":
        return {"backend": request.param, "config": request.getfixturevalue("postgres_storage")}
    return new_folder(tmp_path)


def new_folder(tmp_path: Path) -> dict[str, Any]:
    found = {"backend": "core.sqlite_dos", "config": {"filepath": str(tmp_path / "storage")}}
    SqliteDosStorage.initialise(Profile("large", {"storage": found, "process_control": {"backend": None, "config": {}}}))
    return found


def grown(storage: dict[str, Any], task: str, count: int, timeout: int = 120) -> float:
    """Do it in an interpreter of its own; return by how many MB its memory grew."""
    command = [sys.executable, str(WORK), task, str(count)]
    done = subprocess.run(command, input=json.dumps(storage), capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    print(task, count, found)
    return float(found["grown"])


def test_a_large_file(tmp_path: Path) -> None:
    """In, out, through `as_path` and `copy_tree`, packed, read from the pack: a tenth of its size at most."""
    assert grown(new_folder(tmp_path), "file", 300) < 30


@pytest.mark.proof
def test_a_file_of_ten_gigabytes(tmp_path: Path) -> None:
    assert grown(new_folder(tmp_path), "file", 10_240, timeout=3600) < 30


def test_many_nodes_are_iterated(storage: dict[str, Any]) -> None:
    assert grown(storage, "iterate", 30_000) < 8


@pytest.mark.proof
def test_a_million_nodes_are_iterated(storage: dict[str, Any]) -> None:
    assert grown(storage, "iterate", 1_000_000, timeout=3600) < 8


@pytest.mark.parametrize("task", ["delete", "delete_group"])
def test_many_nodes_are_deleted(storage: dict[str, Any], task: str) -> None:
    """A set of their pks is held; nodes and links are not."""
    assert grown(storage, task, 30_000) < 30


@pytest.mark.proof
@pytest.mark.parametrize("task", ["delete", "delete_group"])
def test_a_million_nodes_are_deleted(storage: dict[str, Any], task: str) -> None:
    assert grown(storage, task, 1_000_000, timeout=3600) < 400
