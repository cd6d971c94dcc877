"""Every storage that can be written to, fresh for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida.common.profile import Profile
from aiida.graph.records import UserRow
from aiida.storage.backends import StorageBackend
from aiida.storage.psql_dos.backend import PsqlDosBackend
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from tests.postgres_server import postgres_server, postgres_storage  # noqa: F401

KINDS = [
    "sqlite_dos",
    "sqlite_temp",
    pytest.param("psql_dos", marks=pytest.mark.real("postgres")),
]


def make_profile(backend: str, config: dict[str, Any], name: str = "contract") -> Profile:
    """Return a profile that is in no configuration file."""
    return Profile(
        name,
        {
            "storage": {"backend": backend, "config": config},
            "process_control": {"backend": None, "config": {}},
            "default_user_email": "test@localhost",
        },
    )


@pytest.fixture(params=KINDS)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], StorageBackend]]:
    """A function that opens the same storage once more (a fresh one, for a storage that does not outlive its store)."""
    opened: list[StorageBackend] = []
    if request.param == "sqlite_temp":
        profile = SqliteTempBackend.create_profile("contract", default_user_email="test@localhost")
        cls: type[StorageBackend] = SqliteTempBackend
    elif request.param == "sqlite_dos":
        profile = make_profile("core.sqlite_dos", {"filepath": str(tmp_path / "storage")})
        cls = SqliteDosStorage
    else:
        profile = make_profile("core.psql_dos", request.getfixturevalue("postgres_storage"))
        cls = PsqlDosBackend
    cls.initialise(profile)

    def open_() -> StorageBackend:
        store = cls(profile)  # type: ignore[call-arg]
        opened.append(store)
        if not store.find(UserRow, email="test@localhost"):
            store.insert([UserRow(email="test@localhost")])
        return store

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], StorageBackend]) -> StorageBackend:
    """A fresh storage with one user, of id 1."""
    return open_store()
