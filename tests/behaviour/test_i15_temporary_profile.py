"""BEHAVIOUR I15 and the message of an incompatible storage (section N), through the public loading functions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aiida import load_profile, orm
from aiida.common.exceptions import IncompatibleStorageSchema, InvalidOperation
from aiida.common.profile import Profile
from aiida.manage import get_manager
from aiida.orm.implementation import StorageBackend
from aiida.storage.sqlite_dos import SqliteDosStorage
from aiida.storage.sqlite_temp import SqliteTempBackend


@pytest.fixture(autouse=True)
def unloaded() -> Iterator[None]:
    """Leave the interpreter with the profile that it had."""
    manager = get_manager()
    before = manager.get_profile()
    yield
    manager.unload_profile()
    if before is not None:
        load_profile(before, allow_switch=True)


def test_i15_temporary_profile_works() -> None:
    profile = load_profile(SqliteTempBackend.create_profile("name"), allow_switch=True)
    assert profile.name == "name"
    node = orm.Dict({"a": [1, {"b": None}]}).store()
    assert orm.load_node(node.pk).get_dict() == {"a": [1, {"b": None}]}
    assert node.user.email == "user@email.com"
    assert orm.QueryBuilder().append(orm.Dict).all(flat=True) == [node]


def test_i15_another_profile_needs_allow_switch() -> None:
    load_profile(SqliteTempBackend.create_profile("one"), allow_switch=True)
    get_manager().get_profile_storage()
    with pytest.raises(InvalidOperation):
        load_profile(SqliteTempBackend.create_profile("two"))
    assert load_profile(SqliteTempBackend.create_profile("two"), allow_switch=True).name == "two"
    assert orm.QueryBuilder().append(orm.Node).count() == 0


def test_i17_temporary_profile_in_many_threads() -> None:
    """In-memory profiles work from any thread here, too."""
    load_profile(SqliteTempBackend.create_profile("threads"), allow_switch=True)
    node, found = orm.Int(3).store(), list[int]()

    def work() -> None:
        found.append(orm.Int(orm.load_node(node.pk).value + 1).store().pk)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [orm.load_node(pk).value for pk in found] == [4] * 4


def test_i15_the_storage_is_a_storage_backend() -> None:
    load_profile(SqliteTempBackend.create_profile("face"), allow_switch=True)
    storage = get_manager().get_profile_storage()
    assert isinstance(storage, StorageBackend)
    assert storage.default_user == orm.User.collection.get_default()
    assert storage.users.all() == [storage.default_user]
    assert StorageBackend.__module__ == "aiida.orm.implementation.storage_backend"
    assert SqliteTempBackend.__module__ == "aiida.storage.sqlite_temp.backend"


def test_n_incompatible_storage_names_version_and_command(tmp_path: Path) -> None:
    storage = {"backend": "core.sqlite_dos", "config": {"filepath": str(tmp_path / "data")}}
    profile = Profile("older", {"storage": storage, "process_control": {"backend": None, "config": {}}})
    SqliteDosStorage.initialise(profile)
    with closing(sqlite3.connect(tmp_path / "data" / "database.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'main_0001'")
        connection.commit()
    load_profile(profile, allow_switch=True)
    with pytest.raises(IncompatibleStorageSchema, match="Database schema version") as caught:
        get_manager().get_profile_storage()
    assert "verdi -p older storage migrate" in str(caught.value)


def test_i15_a_temporary_profile_brings_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plugins read their settings from it when they are imported: aiida-pythonjob, aiida-workgraph."""
    from aiida.manage import configuration
    from aiida.manage.configuration.settings import AiiDAConfigDir

    before = AiiDAConfigDir.get()
    try:
        AiiDAConfigDir.set(tmp_path / ".aiida")
        configuration.reset_config()
        load_profile(SqliteTempBackend.create_profile("alone"), allow_switch=True)
        assert configuration.get_config().profiles == []
    finally:
        AiiDAConfigDir.set(before)
        configuration.reset_config()
