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
    """In, out, through `as_path` and `copy_tree`, packed, read from the pack: a sixth of its size at most."""
    assert grown(new_folder(tmp_path), "file", 200) < 30


@pytest.mark.proof
def test_a_file_of_ten_gigabytes(tmp_path: Path) -> None:
    assert grown(new_folder(tmp_path), "file", 10_240, timeout=3600) < 30


def check_nodes(storage: dict[str, Any], count: int, bound: float, timeout: int = 120) -> None:
    grown(storage, "fill", count, timeout)
    assert grown(storage, "iterate", count, timeout) < bound
    if count < 100_000:
        assert grown(storage, "naive", count) > 2 * bound  # the bound tells something
    # Deleting holds sets of pks; no nodes, no links.
    assert grown(storage, "delete", count, timeout) < bound + count * 400 / 1e6


def test_many_nodes_are_iterated_and_deleted(storage: dict[str, Any]) -> None:
    check_nodes(storage, 20_000, 12)


@pytest.mark.proof
def test_a_million_nodes_are_iterated_and_deleted(storage: dict[str, Any]) -> None:
    check_nodes(storage, 1_000_000, 12, timeout=3600)
