"""A profile that aiida-core made is opened in place, and aiida-core goes on with it afterwards.

aiida-core is run as a program of its own, where it is installed for reference; `RADAMES_REFERENCE` names its `bin`.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aiida.common.profile import Profile
from aiida.graph.records import CommentRow, GroupNodeRow, GroupRow, LinkRow, NodeRow, UserRow
from aiida.repository import Repository
from aiida.storage.psql_dos.backend import PsqlDosBackend
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from tests.postgres_server import postgres_database, postgres_server  # noqa: F401

REFERENCE = Path(os.environ.get("RADAMES_REFERENCE", "/opt/ref/aiida/bin"))

pytestmark = pytest.mark.real("aiida-core")

WRITE = """
from aiida import load_profile, orm
from aiida.engine import calcfunction
load_profile()
folder = orm.FolderData()
folder.base.repository.put_object_from_bytes(b'from aiida-core', 'a/b.txt')
folder.store()
orm.Dict({'a': {'b': [1, 2.5, None, True, '\\u00e9']}, 'big': 2**70}).store()
group = orm.Group('group').store()
group.add_nodes([folder])
folder.base.comments.add('remark')
@calcfunction
def add(x, y):
    return x + y
add(orm.Int(1), orm.Int(2))
"""

READ = """
import json
from aiida import load_profile, orm
load_profile()
node = orm.QueryBuilder().append(orm.FolderData, filters={'label': 'ours'}).one()[0]
print(json.dumps({
    'attributes': node.base.attributes.all, 'extras': node.base.extras.all, 'ctime': node.ctime.isoformat(),
    'content': node.base.repository.get_object_content('d/ours.txt', mode='rb').decode(), 'uuid': node.uuid,
    'nodes': orm.QueryBuilder().append(orm.Node).count(),
}))
orm.Int(7).store()
node.base.extras.set('after', 1)
"""


def run(home: Path, *command: str) -> str:
    environment = {**os.environ, "AIIDA_PATH": str(home)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([str(REFERENCE / command[0]), *command[1:]], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration folder with a profile and data made by aiida-core."""
    path = tmp_path_factory.mktemp("reference")
    arguments = ["--profile-name", "reference", "--email", "a@b", "--first-name", "A", "--last-name", "B", "--institution", "C"]
    run(path, "verdi", "profile", "setup", "core.sqlite_dos", "-n", *arguments, "--filepath", str(path / "data"), "--no-use-rabbitmq")
    run(path, "python", "-c", WRITE)
    return path


def load(home: Path) -> Profile:
    config: dict[str, Any] = json.loads((home / ".aiida" / "config.json").read_text())
    return Profile("reference", config["profiles"]["reference"])


def dump(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'db_%'")]
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY id").fetchall() for name in names}


def test_opened_in_place_both_ways(home: Path) -> None:
    """Every row is read, nothing is converted, and what we write is read by aiida-core."""
    before = dump(home / "data" / "database.sqlite")
    store = SqliteDosStorage(load(home))
    assert dump(home / "data" / "database.sqlite") == before
    types = [row.node_type for row in store.find(NodeRow)]
    assert types[0] == "data.core.folder.FolderData."
    assert "process.calculation.calcfunction.CalcFunctionNode." in types
    assert store.find(NodeRow, node_type="data.core.dict.Dict.")[0].attributes == {
        "a": {"b": [1, 2.5, None, True, "é"]}, "big": 2**70,
    }
    assert [(row.type, row.label) for row in store.find(LinkRow)] == [("input_calc", "x"), ("input_calc", "y"), ("create", "result")]
    assert [row.label for row in store.find(GroupRow)] == ["group"]
    assert len(store.find(GroupNodeRow)) == len(store.find(CommentRow)) == 1
    theirs = Repository.from_serialized(store.repository, store.find(NodeRow)[0].repository_metadata)
    assert theirs.get_object_content("a/b.txt") == b"from aiida-core"

    files = Repository(store.repository)
    with (home / "ours.txt").open("wb") as handle:
        handle.write(b"from us")
    files.put_object_from_file(home / "ours.txt", "d/ours.txt")
    row = NodeRow(
        label="ours", node_type="data.core.folder.FolderData.", user_id=1, extras={"x": 1},
        attributes={"t": "é", "n": [1, 2.5, None]}, repository_metadata=files.serialize(),
    )
    store.insert([row])
    store.merge_attributes(row.id or 0, {"merged": {"q": [1]}}, remove=["n"])
    count = len(store.find(NodeRow))

    found = json.loads(run(home, "python", "-c", READ).splitlines()[-1])  # while our store is open
    assert found == {
        "attributes": {"t": "é", "merged": {"q": [1]}}, "extras": {"x": 1}, "ctime": row.ctime.isoformat(),
        "content": "from us", "uuid": row.uuid, "nodes": count,
    }
    assert store.get(NodeRow, row.id or 0).extras == {"x": 1, "after": 1}
    assert len(store.find(NodeRow)) == count + 1
    store.close()


@pytest.mark.real("postgres")
def test_a_profile_on_postgresql_both_ways(postgres_database: dict[str, Any], tmp_path: Path) -> None:  # noqa: F811
    database = postgres_database
    arguments = ["--profile-name", "reference", "--email", "a@b", "--first-name", "A", "--last-name", "B", "--institution", "C"]
    arguments += ["--database-hostname", "127.0.0.1", "--database-port", str(database["database_port"]), "--database-username", "postgres"]
    arguments += ["--database-password", "x", "--database-name", database["database_name"]]
    arguments += ["--repository-uri", f"file://{tmp_path}/repository", "--no-use-rabbitmq"]
    run(tmp_path, "verdi", "profile", "setup", "core.psql_dos", "-n", *arguments)
    run(tmp_path, "python", "-c", WRITE)
    store = PsqlDosBackend(load(tmp_path))
    assert store.find(NodeRow, node_type="data.core.dict.Dict.")[0].attributes["big"] == 2**70
    assert [(row.type, row.label) for row in store.find(LinkRow)] == [("input_calc", "x"), ("input_calc", "y"), ("create", "result")]
    key = store.repository.put_bytes(b"from us")
    row = NodeRow(
        label="ours", node_type="data.core.folder.FolderData.", user_id=1, attributes={"a": [1], "gone": 1}, extras={"x": 1},
        repository_metadata={"o": {"d": {"o": {"ours.txt": {"k": key}}}}},
    )
    store.insert([row])
    store.merge_attributes(row.id or 0, {"b": "é"}, remove=["gone"])
    found = json.loads(run(tmp_path, "python", "-c", READ).splitlines()[-1])
    assert (found["attributes"], found["content"], found["uuid"]) == ({"a": [1], "b": "é"}, "from us", row.uuid)
    assert store.get(NodeRow, row.id or 0).extras == {"x": 1, "after": 1}
    store.close()


def test_maintenance_of_aiida_core_on_what_we_wrote(home: Path) -> None:
    """It finds the profile in order, packs it, and we read the packed objects."""
    store = SqliteDosStorage(load(home))
    key = store.repository.put_bytes(b"to be packed")
    store.insert([NodeRow(label="packed", node_type="data.core.folder.FolderData.", user_id=1, repository_metadata={"o": {"f": {"k": key}}})])
    store.close()
    run(home, "verdi", "storage", "maintain", "--full", "--force")
    store = SqliteDosStorage(load(home))
    assert store.repository.read(key) == b"to be packed"
    assert store.get_info()["repository"]["Objects"]["loose"] == 0
    store.close()


def test_a_profile_that_we_made_is_used_by_aiida_core(home: Path) -> None:
    config = json.loads((home / ".aiida" / "config.json").read_text())
    folder = home / "made-by-us"
    config["profiles"]["ours"] = {
        **config["profiles"]["reference"],
        "storage": {"backend": "core.sqlite_dos", "config": {"filepath": str(folder)}},
    }
    SqliteDosStorage.initialise(Profile("ours", config["profiles"]["ours"]))
    shutil.copy(home / ".aiida" / "config.json", home / ".aiida" / "config.before")
    config["default_profile"] = "ours"
    (home / ".aiida" / "config.json").write_text(json.dumps(config))
    try:
        store = SqliteDosStorage(Profile("ours", config["profiles"]["ours"]))
        store.insert([UserRow(email="a@b")])
        store.close()
        run(home, "python", "-c", WRITE)
        store = SqliteDosStorage(Profile("ours", config["profiles"]["ours"]))
        assert len(store.find(NodeRow)) == 6
        store.close()
    finally:
        shutil.move(home / ".aiida" / "config.before", home / ".aiida" / "config.json")
