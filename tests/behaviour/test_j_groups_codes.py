"""BEHAVIOUR J: groups, codes, computers, users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import pytest

from aiida import orm
from aiida.common import exceptions
from aiida.common.warnings import AiidaDeprecationWarning

pytestmark = pytest.mark.usefixtures("bare_store")


@pytest.fixture
def name() -> str:
    """A label that nothing else has."""
    return f"label-{uuid4().hex}"


@pytest.fixture
def make_computer() -> Callable[..., orm.Computer]:
    def make(label: str, **kwargs: Any) -> orm.Computer:
        facts = {"hostname": "localhost", "transport_type": "core.local", "scheduler_type": "core.direct", "workdir": "/tmp/w"}
        return orm.Computer(label=label, **{**facts, **kwargs})

    return make


# -- groups -------------------------------------------------------------------------------------------------------------


def test_j01_labels(name: str) -> None:
    group = orm.Group(label=name).store()
    with pytest.raises(exceptions.IntegrityError):
        orm.Group(label=name).store()
    with pytest.raises(ValueError, match="label must be provided"):
        orm.Group()
    assert orm.load_group(name) == group
    orm.ImportGroup(label=name).store()
    with pytest.raises(exceptions.MultipleObjectsError):
        orm.load_group(name)
    other = orm.Group(label=name + "2").store()
    with pytest.raises(exceptions.UniquenessError):
        other.label = name
    other.label = name + "3"
    assert orm.load_group(name + "3").pk == other.pk


def test_j02_adding_nodes(name: str) -> None:
    group, node = orm.Group(label=name), orm.Int(1).store()
    with pytest.raises(exceptions.ModificationNotAllowed):
        group.add_nodes(node)
    group.store()
    with pytest.raises(ValueError, match="At least one of the provided nodes is unstored, stopping..."):
        group.add_nodes(orm.Int(2))
    for wrong in (3, [3], "text"):
        with pytest.raises(TypeError):
            group.add_nodes(wrong)  # type: ignore[arg-type]
    group.add_nodes(node)
    group.add_nodes([node, node, orm.Int(2).store()])
    assert group.count() == 2


def test_j03_nodes(name: str) -> None:
    group = orm.Group(label=name).store()
    assert group.is_empty and group.count() == 0 and list(group.nodes) == []
    nodes = [orm.Int(i).store() for i in range(5)]
    group.add_nodes(nodes)
    assert group.nodes[0] == nodes[0] and group.nodes[-1] == nodes[4] and group.nodes[1:3] == nodes[1:3]
    assert [node.pk for node in group.nodes] == [node.pk for node in nodes] and len(group.nodes) == 5
    assert nodes[2] in group.nodes and orm.Int(9).store() not in group.nodes
    with pytest.raises(IndexError):
        group.nodes[7]
    group.remove_nodes([nodes[0], nodes[1]])
    assert group.count() == 3 and not group.is_empty
    group.clear()
    assert group.is_empty
    group.base.extras.set("a", {"b": 1})
    assert orm.load_group(group.pk).base.extras.get("a") == {"b": 1}


def test_j04_type_strings(name: str) -> None:
    assert (orm.Group._type_string, orm.AutoGroup._type_string, orm.ImportGroup._type_string) == ("core", "core.auto", "core.import")
    group = orm.AutoGroup(label=name).store()
    assert type(orm.load_group(name)) is orm.AutoGroup and group.type_string == "core.auto"
    group._store.update(type(group._row), group.pk, type_string="of.another.plugin")
    assert type(orm.load_group(group.uuid)) is orm.Group


def test_j05_collections(name: str) -> None:
    auto, created = orm.AutoGroup.collection.get_or_create(label=name)
    assert created and auto.is_stored
    assert orm.AutoGroup.collection.get_or_create(label=name) == (auto, False)
    assert orm.AutoGroup.collection.get(label=name) == auto
    with pytest.raises(exceptions.NotExistent):
        orm.ImportGroup.collection.get(label=name)
    with pytest.warns(AiidaDeprecationWarning):
        assert orm.AutoGroup.objects.get(label=name) == auto
    assert orm.AutoGroup.collection.find({"label": name}) == [auto] and orm.AutoGroup.collection.count({"label": name}) == 1
    assert auto in orm.AutoGroup.collection.all()
    auto.add_nodes(orm.Int(1).store())
    orm.Group.collection.delete(auto.pk)
    with pytest.raises(exceptions.NotExistent):
        orm.load_group(name)
    with pytest.raises(exceptions.NotExistent):
        orm.Group.collection.delete(auto.pk)


# -- codes --------------------------------------------------------------------------------------------------------------


def test_j06_old_codes(name: str, make_computer: Callable[..., orm.Computer], tmp_path: Path) -> None:
    computer = make_computer(name).store()
    with pytest.warns(AiidaDeprecationWarning):
        code = orm.Code(input_plugin_name="core.arithmetic.add", remote_computer_exec=[computer, "/bin/true"], label=name)
    code.store()
    assert code.default_calc_job_plugin == "core.arithmetic.add" and str(code.get_executable()) == "/bin/true"
    assert code.full_label == f"{name}@{name}"
    assert orm.Code.get_from_string(f"{name}@{name}") == code == orm.Code.get(label=name, machinename=name)
    with pytest.raises(exceptions.NotExistent):
        orm.Code.get_from_string("nope@x")
    installed = orm.InstalledCode(computer, "/bin/false", label=name + "i").store()
    assert isinstance(installed, orm.Code) and isinstance(installed, orm.AbstractCode)
    found = orm.QueryBuilder().append(orm.Code, filters={"label": {"like": f"{name}%"}}).all(flat=True)
    assert {one.pk for one in found} == {code.pk, installed.pk}

    script = tmp_path / "run.sh"
    script.write_text("#!/bin/sh\n")
    with pytest.warns(AiidaDeprecationWarning):
        local = orm.Code(local_executable="run.sh", files=[str(script)], label=name + "l").store()
    assert local.get_executable() == PurePosixPath("run.sh")
    assert local.can_run_on_computer(computer) and local.full_label == name + "l"


def test_j07_installed_codes(name: str, make_computer: Callable[..., orm.Computer]) -> None:
    computer = make_computer(name).store()
    code = orm.InstalledCode(
        label=name,
        computer=computer,
        filepath_executable="/bin/bash",
        default_calc_job_plugin="core.arithmetic.add",
        with_mpi=False,
        prepend_text="p",
        append_text="a",
        use_double_quotes=True,
    )
    assert code.filepath_executable == PurePosixPath("/bin/bash") and code.full_label == f"{name}@{name}"
    code.store()
    loaded = orm.load_code(name)
    assert (loaded.with_mpi, loaded.prepend_text, loaded.append_text, loaded.use_double_quotes) == (False, "p", "a", True)
    assert loaded.computer == computer and loaded.can_run_on_computer(computer)
    assert orm.InstalledCode(computer, "bash").store().label == ""
    orm.InstalledCode(computer, "/bin/bash", label=name).store()
    with pytest.raises(exceptions.MultipleObjectsError):
        orm.load_code(name)
    with pytest.raises(ValueError, match="@"):
        orm.InstalledCode(computer, "/bin/bash", label="a@b")
    with pytest.raises(exceptions.ModificationNotAllowed):
        code.filepath_executable = "/bin/sh"  # type: ignore[assignment]


def test_j07_portable_and_containerized(name: str, make_computer: Callable[..., orm.Computer], tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "run.sh").write_text("echo")
    code = orm.PortableCode(label=name, filepath_executable="sub/run.sh", filepath_files=tmp_path).store()
    assert code.get_executable_cmdline_params(["-x"]) == ["./sub/run.sh", "-x"] and code.full_label == name
    with pytest.raises(exceptions.ValidationError):
        orm.PortableCode(filepath_executable="nope.sh", filepath_files=tmp_path).store()
    with pytest.raises(ValueError, match="absolute"):
        orm.PortableCode(filepath_executable="/bin/sh")
    box = orm.ContainerizedCode(
        computer=make_computer(name).store(),
        filepath_executable="/bin/sh",
        engine_command="docker run -v $PWD:/w {image_name}",
        image_name="img:1",
        label=name,
    ).store()
    assert box.get_prepend_cmdline_params(["mpirun"]) == ["mpirun", "docker", "run", "-v", "$PWD:/w", "img:1"]
    with pytest.raises(ValueError, match="image_name"):
        box.engine_command = "docker run"  # type: ignore[misc]


def test_j08_load_code(name: str, make_computer: Callable[..., orm.Computer]) -> None:
    computer = make_computer(name).store()
    code = orm.InstalledCode(computer, "/bin/bash", label=name).store()
    for identifier in (name, f"{name}@{name}", code.pk, str(code.pk), code.uuid):
        assert orm.load_code(identifier) == code
    with pytest.raises(exceptions.NotExistent, match="no Code found with LABEL<nope@x>: No result was found"):
        orm.load_code("nope@x")


# -- computers and users ------------------------------------------------------------------------------------------------


def test_j09_computers(name: str, make_computer: Callable[..., orm.Computer]) -> None:
    computer = make_computer(name)
    assert not computer.is_stored
    computer.store()
    assert orm.load_computer(name) == computer and not computer.is_configured
    with pytest.raises(exceptions.NotExistent, match="verdi computer configure"):
        computer.get_authinfo(orm.User.collection.get_default())
    with pytest.raises(ValueError, match="received invalid authentication parameter"):
        computer.configure(nonsense=1)
    authinfo = computer.configure(use_login_shell=True, safe_interval=0)
    assert isinstance(authinfo, orm.AuthInfo) and computer.is_configured and computer.is_user_enabled(authinfo.user)
    assert computer.configure(safe_interval=1.0).get_auth_params() == {"use_login_shell": True, "safe_interval": 1.0}
    assert computer.get_configuration() == {"use_login_shell": True, "safe_interval": 1.0}
    with computer.get_transport() as transport:
        assert transport.isdir("/tmp")
    computer.set_minimum_job_poll_interval(0)
    computer.set_default_mpiprocs_per_machine(4)
    computer.set_default_memory_per_machine(1000)
    computer.set_use_double_quotes(True)
    computer.set_mpirun_command(["srun", "-n", "{tot_num_mpiprocs}"])
    loaded = orm.load_computer(computer.pk)
    expected = {
        "workdir": "/tmp/w",
        "minimum_scheduler_poll_interval": 0,
        "default_mpiprocs_per_machine": 4,
        "default_memory_per_machine": 1000,
        "use_double_quotes": True,
        "mpirun_command": ["srun", "-n", "{tot_num_mpiprocs}"],
    }
    assert loaded.metadata == expected and loaded.get_default_mpiprocs_per_machine() == 4
    with pytest.raises(exceptions.ValidationError):
        computer.set_default_memory_per_machine(-1)
    with pytest.raises(exceptions.IntegrityError):
        make_computer(name).store()


def test_j09_computers_are_checked(make_computer: Callable[..., orm.Computer]) -> None:
    for wrong in (
        {"hostname": ""},
        {"transport_type": "local"},
        {"transport_type": "core.nope"},
        {"scheduler_type": "core.nope"},
        {"workdir": "relative"},
        {"workdir": "/a/{nope}"},
        {"label": ""},
    ):
        with pytest.raises(exceptions.ValidationError):
            make_computer(**{"label": "checked", **wrong}).store()
    with pytest.raises(AttributeError):
        make_computer("x").get_property("nope")
    with pytest.raises(ValueError, match="shebang"):
        make_computer("x").set_shebang("/bin/sh")
    assert make_computer("x", workdir=None).get_workdir() == "/scratch/{username}/aiida_run/"


def test_j10_users(name: str) -> None:
    user = orm.User.collection.get_default()
    assert user.is_default and orm.Int(1).user == user
    other = orm.User(f"{name}@EXAMPLE.org", first_name="A", last_name="B").store()
    assert other.email == f"{name}@example.org" and not other.is_default
    assert other.get_full_name() == f"A B ({other.email})"
    assert orm.User.collection.get_or_create(other.email) == (False, other)
    with pytest.raises(exceptions.IntegrityError):
        orm.User(other.email).store()
    node = orm.Int(1, user=other).store()
    assert orm.load_node(node.pk).user.email == other.email


def test_comments() -> None:
    node = orm.Int(1).store()
    comment = node.base.comments.add("first")
    node.base.comments.add("second")
    assert [one.content for one in node.base.comments.all()] == ["first", "second"] and comment.node == node
    node.base.comments.update(comment.pk, "changed")
    assert node.base.comments.get(comment.pk).content == comment.content == "changed" and comment.user.is_default
    node.base.comments.remove(comment.pk)
    assert len(node.base.comments.all()) == 1
    with pytest.raises(exceptions.NotExistent):
        node.base.comments.get(comment.pk)
    with pytest.raises(exceptions.ModificationNotAllowed, match="store the node"):
        orm.Int(2).base.comments.add("x")
