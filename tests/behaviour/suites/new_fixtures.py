"""A plugin's test suite over `aiida.tools.pytest_fixtures`; run by `test_l_fixtures.py` in an interpreter of its own."""

import asyncio
import logging
import os
import pathlib
import warnings

import pytest

from aiida import get_profile, load_profile, orm
from aiida.common.warnings import AiidaDeprecationWarning
from aiida.manage import get_config, get_manager
from aiida.plugins import DataFactory, load_entry_point_from_string
from aiida.plugins.entry_point import get_entry_point_string_from_class


@pytest.fixture(scope="session", autouse=True)
def loop_at_the_end():
    yield
    asyncio.run(asyncio.sleep(0))


@pytest.fixture(scope="session")
def session_node(aiida_profile):
    return orm.Int(5).store()


def test_l02_profile(aiida_profile, aiida_config, tmp_path_factory):
    assert aiida_profile is get_profile()
    assert aiida_profile.storage_backend == "core.sqlite_dos"
    assert aiida_profile.process_control_backend is None
    assert aiida_profile.is_test_profile is True
    assert get_config() is aiida_config
    assert str(tmp_path_factory.getbasetemp()) in aiida_config.dirpath
    assert os.environ["AIIDA_PATH"] == os.path.dirname(aiida_config.dirpath)
    assert [user.email for user in orm.User.collection.all()] == ["test@localhost"]
    assert orm.User.collection.get_default().email == "test@localhost"


def test_l08_session_node(session_node):
    assert session_node.value == 5 and orm.load_node(session_node.pk) == session_node


def test_l08_session_node_again(session_node):
    session_node.label = "still usable"
    assert orm.load_node(session_node.pk).label == "still usable"


def test_l03_localhost(aiida_localhost, tmp_path):
    assert aiida_localhost.label == "localhost" and aiida_localhost.is_configured
    assert (aiida_localhost.transport_type, aiida_localhost.scheduler_type) == ("core.local", "core.direct")
    assert aiida_localhost.get_default_mpiprocs_per_machine() == 1
    assert aiida_localhost.get_minimum_job_poll_interval() == 0
    assert aiida_localhost.get_workdir() == str(tmp_path)


def test_l03_localhost_is_the_same_in_the_next_test(aiida_localhost):
    assert aiida_localhost.pk == orm.load_computer("localhost").pk
    assert orm.QueryBuilder().append(orm.Computer, filters={"label": "localhost"}).count() == 1
    aiida_localhost.set_default_mpiprocs_per_machine(2)
    assert orm.load_computer("localhost").get_default_mpiprocs_per_machine() == 2


def test_l04_code(aiida_code_installed, aiida_localhost):
    code = aiida_code_installed(label="x", default_calc_job_plugin="core.arithmetic.add")
    assert aiida_code_installed(label="x").pk == code.pk
    assert code.default_calc_job_plugin == "core.arithmetic.add"
    assert str(code.filepath_executable) == "/bin/bash"
    other = aiida_code_installed()
    assert other.label.startswith("test-code-") and other.pk != code.pk and other.computer.pk == aiida_localhost.pk


def test_l03_other_computers(aiida_computer, aiida_computer_local, aiida_code):
    computer = aiida_computer()
    assert computer.label.startswith("test-computer-") and not computer.is_configured
    assert aiida_computer(label=computer.label).pk == computer.pk
    assert aiida_computer_local().is_configured and not aiida_computer_local(configure=False).is_configured
    code = aiida_code("core.code.installed", label="cat", computer=computer, filepath_executable="/bin/cat")
    assert aiida_code("core.code.installed", label="cat", computer=computer).pk == code.pk


def test_l02_clean(aiida_profile_clean, aiida_localhost):
    orm.Int(1).store()
    orm.Group(label="g").store()
    aiida_profile_clean.reset_storage()
    for cls in (orm.Node, orm.Group, orm.Computer):
        assert orm.QueryBuilder().append(cls).count() == 0
    assert [user.email for user in orm.User.collection.all()] == ["test@localhost"]
    orm.Int(2).store()
    aiida_profile_clean.clear_profile()
    assert orm.QueryBuilder().append(orm.Node).count() == 0


def test_l05_profile_of_a_plugin(aiida_profile_factory, aiida_config, config_sqlite_dos):
    before = get_profile()
    with aiida_profile_factory(
        aiida_config,
        storage_backend="core.sqlite_dos",
        storage_config=config_sqlite_dos(),
        broker_backend="core.rabbitmq",
        name="mine",
        email="me@here",
    ) as profile:
        assert get_profile() is profile and profile.name == "mine"
        assert profile.process_control_backend == "core.rabbitmq"
        assert orm.Int(1).store().user.email == "me@here"
        profile.reset_storage()
        assert orm.Int(1).store().user.email == "me@here"
        assert get_config().default_profile_name == "mine"
    assert get_profile() is before and "mine" not in aiida_config.profile_names
    assert orm.User.collection.get_default().email == "test@localhost"


def test_l05_a_broker_that_is_not_there_does_no_harm(aiida_profile_factory, aiida_config):
    from aiida.engine import calcfunction

    @calcfunction
    def double(x):
        return x + x

    with aiida_profile_factory(aiida_config, broker_backend="core.rabbitmq"):
        assert double(2) == 4


def test_l05_temporary_config(aiida_config_tmp, aiida_config, tmp_path):
    assert get_config() is aiida_config_tmp and aiida_config_tmp.dirpath == str(tmp_path / ".aiida")


def test_l05_temporary_profile(aiida_profile_tmp, tmp_path):
    assert get_profile() is aiida_profile_tmp
    assert aiida_profile_tmp.storage_config["filepath"].startswith(str(tmp_path))
    assert orm.QueryBuilder().append(orm.Node).count() == 0


def test_l05_and_back(aiida_profile, aiida_config):
    assert get_profile() is aiida_profile and get_config() is aiida_config
    assert orm.User.collection.get_default()


def test_l07_entry_points(entry_points):
    class Local(orm.Data):
        pass

    entry_points.add(Local, "aiida.data:test.local")
    assert DataFactory("test.local") is Local
    assert load_entry_point_from_string("aiida.data:test.local") is Local
    assert get_entry_point_string_from_class(Local.__module__, "Local") == "aiida.data:test.local"
    node = Local().store()
    assert node.node_type == "data.test.local.Local."
    assert type(orm.load_node(node.pk)) is Local
    entry_points.add("aiida.orm.nodes.data.int:Int", group="aiida.data", name="again")
    assert DataFactory("again") is orm.Int
    entry_points.remove("aiida.data:core.float")
    with pytest.raises(Exception, match="not found"):
        DataFactory("core.float")


def test_l07_undone(entry_points):
    assert not list(entry_points.eps_select("aiida.data", "test.local"))
    assert DataFactory("core.float") is orm.Float
    with pytest.raises(KeyError):
        entry_points.remove("aiida.data:test.local")
    with pytest.raises(ValueError, match="group:name"):
        entry_points.add(orm.Int, "nonsense")


def test_l09_caplog(caplog):
    with caplog.at_level(logging.WARNING, logger="aiida.parser"):
        logging.getLogger("aiida.parser.Some").warning("seen by caplog")
    assert "seen by caplog" in caplog.text


def test_l10_warning_category():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", category=AiidaDeprecationWarning)
        warnings.warn("x", AiidaDeprecationWarning, stacklevel=1)
        warnings.warn("y", UserWarning, stacklevel=1)
    assert [str(one.message) for one in seen] == ["y"]


def test_l11_load_profile_again(aiida_profile):
    assert load_profile() is aiida_profile


def test_l12_no_loop_is_left_running():
    asyncio.run(asyncio.sleep(0))


def test_manager_and_key(aiida_manager, ssh_key):
    assert aiida_manager is get_manager()
    assert "PRIVATE KEY" in pathlib.Path(ssh_key).read_text()


def test_daemon_is_not_started_by_itself(stopped_daemon_client, aiida_profile):
    assert stopped_daemon_client.profile.name == aiida_profile.name
    assert not stopped_daemon_client.is_daemon_running
