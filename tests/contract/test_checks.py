"""The checks that we ship for authors of storages and repository backends pass on ours, and fail on broken ones."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from disk_objectstore import Container

from aiida.repository.backend.abstract import AbstractRepositoryBackend
from aiida.repository.backend.disk_object_store import DiskObjectStoreRepositoryBackend
from aiida.repository.backend.sandbox import SandboxRepositoryBackend, SandboxShaRepositoryBackend
from aiida.storage.backends import StorageBackend
from aiida.storage.psql_dos.backend import PsqlDosBackend
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from aiida.tools.checks.objects import check_objects
from aiida.tools.checks.store import check_store
from tests.contract.conftest import make_profile
from tests.postgres_server import Server, postgres_server  # noqa: F401


def counted(tmp_path: Path) -> Callable[[], Path]:
    """Return a function that gives another path each time."""
    numbers = iter(range(100))
    return lambda: tmp_path / str(next(numbers))


def test_our_stores_of_objects(tmp_path: Path) -> None:
    path = counted(tmp_path)
    check_objects(lambda: DiskObjectStoreRepositoryBackend(Container(path())))
    check_objects(SandboxRepositoryBackend)
    check_objects(SandboxShaRepositoryBackend)


def test_our_storages(tmp_path: Path) -> None:
    path = counted(tmp_path)

    def in_folder() -> StorageBackend:
        profile = make_profile("core.sqlite_dos", {"filepath": str(path())})
        SqliteDosStorage.initialise(profile)
        return SqliteDosStorage(profile)

    check_store(in_folder)
    check_store(lambda: SqliteTempBackend(SqliteTempBackend.create_profile("check")))


@pytest.mark.real("postgres")
def test_our_storage_on_postgresql(postgres_server: Server, tmp_path: Path) -> None:  # noqa: F811
    path = counted(tmp_path)
    check_store(lambda: PsqlDosBackend(make_profile("core.psql_dos", postgres_server.make_storage(path()))))


class Truncating(SandboxRepositoryBackend):
    def _put_object_from_filelike(self, handle: BinaryIO) -> str:
        return super()._put_object_from_filelike(io.BytesIO(handle.read(100)))


class Forgetful(SandboxRepositoryBackend):
    def delete_objects(self, keys: list[str]) -> None:
        AbstractRepositoryBackend.delete_objects(self, keys)


@pytest.mark.parametrize(("broken", "message"), [(Truncating, "changed"), (Forgetful, "still there")])
def test_broken_stores_of_objects_are_found_out(broken: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_objects(broken)


def test_a_broken_storage_is_found_out() -> None:
    class Careless(SqliteTempBackend):
        def get_setting(self, key: str) -> Any:
            return {"a": [1]}

    with pytest.raises(AssertionError, match="never set"):
        check_store(lambda: Careless(SqliteTempBackend.create_profile("check")))
